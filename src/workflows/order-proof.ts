import { etc, hashes, verify } from '@noble/ed25519';
import { sha512 } from '@noble/hashes/sha2.js';
import { keyIdOf, type OrderProof, type SignedOrder, signedText } from '../recovery/signed-order.ts';

/**
 * Whether the front door has signed an order: in the workflow itself, so that nobody who reaches Temporal can say it in its place.
 * Both libraries are plain computation (no clock, no randomness, no input or output), which is why they may be here.
 */

hashes.sha512 = sha512;

/** What an order's proof comes to. `unknown-key`: it cannot be checked here, so it proves nothing and is no forgery either. */
export type Verdict = 'verified' | 'unknown-key' | 'forged';

/** @param keys public keys as 64 hexadecimal digits: more than one while a key is being replaced */
export function judgeProof(
  order: Omit<SignedOrder, 'at'>,
  { at, key, signature }: OrderProof,
  keys: readonly string[],
): Verdict {
  const named = keys.filter((candidate) => keyIdOf(candidate) === key);
  if (named.length === 0) return 'unknown-key';
  if (!/^[0-9a-f]{128}$/.test(signature)) return 'forged';
  const message = new TextEncoder().encode(signedText({ ...order, at }));
  const isValid = named.some((candidate) => isSignatureOf(signature, message, candidate));
  return isValid ? 'verified' : 'forged';
}

function isSignatureOf(signature: string, message: Uint8Array, key: string): boolean {
  try {
    return verify(etc.hexToBytes(signature), message, etc.hexToBytes(key), { zip215: false });
  } catch {
    return false;
  }
}
