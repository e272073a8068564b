import type { SignedOrder } from '../recovery/signed-order.ts';
import type { SilenceRequest } from '../recovery/silence-answers.ts';

/** What the front door signs of a silence, in the words of an order; it is of no recovery, so it is good for none. */
export function signedSilence(request: Exclude<SilenceRequest, { what: 'list' }>): Omit<SignedOrder, 'at'> {
  const { what, id, actor, signed: _proof, ...args } = request;
  return { id, recoveryId: 'silences', order: `silence-${what}`, actor, args };
}
