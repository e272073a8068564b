import type { Json } from './values.ts';

/**
 * What the front door signs of an order, and the workflow checks: the same text on both sides. It holds everything that an order
 * says, so a signature is good for exactly this order on exactly this recovery.
 */

/** Who signed, when, and the signature itself: hexadecimal. */
export interface OrderProof {
  /** When the front door took the order, RFC 3339. */
  at: string;
  /** Which key: `keyIdOf` its public half. */
  key: string;
  signature: string;
}

/** What is signed of an order. */
export interface SignedOrder {
  id: string;
  recoveryId: string;
  order: string;
  actor: string;
  args: { [key: string]: Json | undefined };
  at: string;
}

/** A signature made for anything else, by the same key, is none of an order. */
const PURPOSE = 'kintsugi-order/1';

export function signedText({ id, recoveryId, order, actor, args, at }: SignedOrder): string {
  return `${PURPOSE}\n${canonicalJson({ id, recoveryId, order, actor, args, at })}`;
}

/** By which an order says which of several public keys it is to be checked with. */
export function keyIdOf(publicKey: string): string {
  return publicKey.slice(0, 16);
}

type Canonical = Json | undefined | { [key: string]: Canonical };

/** JSON with its members in the order of their names and nothing between them: one text for one value (RFC 8785 in short). */
export function canonicalJson(value: Canonical): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`);
  return `{${members.join(',')}}`;
}
