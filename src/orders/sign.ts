import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { keyIdOf, type OrderProof, type SignedOrder, signedText } from '../recovery/signed-order.ts';

/** The front door's side of verified orders: the workflow checks what is signed here (`src/workflows/order-proof.ts`). */

/** Signs one order. */
export type OrderSigner = (order: Omit<SignedOrder, 'at'>) => OrderProof;

/** A signer by an order key (KINTSUGI_ORDER_KEY). */
export function createSigner(orderKey: string, clock: () => Date): OrderSigner {
  const key = privateKeyOf(orderKey);
  const keyId = keyIdOf(publicKeyOf(orderKey));
  return (order) => {
    const at = clock().toISOString();
    const signature = sign(null, Buffer.from(signedText({ ...order, at })), key).toString('hex');
    return { at, key: keyId, signature };
  };
}

/** The public half of an order key, as KINTSUGI_ORDER_PUBLIC_KEY takes it. */
export function publicKeyOf(orderKey: string): string {
  const { x = '' } = createPublicKey(privateKeyOf(orderKey)).export({ format: 'jwk' });
  return Buffer.from(x, 'base64url').toString('hex');
}

/** What stands before the 32 bytes of an Ed25519 key in PKCS #8 (RFC 8410, section 7). */
const PKCS8_OF_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex');

function privateKeyOf(orderKey: string): KeyObject {
  const key = Buffer.concat([PKCS8_OF_ED25519, Buffer.from(orderKey, 'hex')]);
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
}
