import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createSigner, publicKeyOf } from '../../src/orders/sign.ts';
import type { Order } from '../../src/recovery/orders.ts';
import { canonicalJson, type SignedOrder } from '../../src/recovery/signed-order.ts';
import { parseOrder } from '../../src/workflows/messages.ts';

const SEED = 'a1'.repeat(32);
const OTHER_SEED = 'b2'.repeat(32);
const KEYS = [publicKeyOf(SEED)];
const clock = () => new Date('2026-01-31T03:05:00.000Z');

const order: Omit<SignedOrder, 'at'> = {
  id: '1',
  recoveryId: 'recovery/default/bruno/deployment/agent-bruno@12345678',
  order: 'rollback',
  actor: 'alice@example.org',
  args: { revision: 2, reason: 'the last one was well' },
};

/** The order as it arrives: with the front door's signature, then changed on the way. */
function arriving(changes: object = {}, seed = SEED, name = 'rollback'): ReturnType<typeof parseOrder> {
  const signed = createSigner(seed, clock)(order);
  const { id, recoveryId, actor, args } = order;
  const message: unknown = JSON.parse(JSON.stringify({ id, recoveryId, actor, ...args, signed, ...changes }));
  return parseOrder(name, message, KEYS);
}

function taken(parsed: ReturnType<typeof parseOrder>): Order {
  if ('value' in parsed) return parsed.value;
  throw new Error(parsed.fault);
}

describe('an order that the front door signed', () => {
  test('is verified, and keeps what it orders', () => {
    expect(taken(arriving())).toEqual({
      ...{ id: '1', recoveryId: order.recoveryId, name: 'rollback', actor: 'alice@example.org', verified: true },
      args: { revision: 2, reason: 'the last one was well' },
    });
  });

  test('is verified when it comes by the signal, which names it', () => {
    expect(taken(arriving({ name: 'rollback' }))).toMatchObject({ verified: true, args: { revision: 2 } });
  });

  test.each([
    ['other arguments', { revision: 1 }, 'rollback'],
    ['an argument more', { digest: 'd' }, 'rollback'],
    ['an argument less', { reason: undefined }, 'rollback'],
    ['another actor', { actor: 'bob@example.org' }, 'rollback'],
    ['another recovery', { recoveryId: 'recovery/default/bruno/deployment/agent-bruno@87654321' }, 'rollback'],
    ['another id', { id: '2' }, 'rollback'],
    ['another name', {}, 'undo'],
  ])('is refused as forged with %s', (_, changes, name) => {
    const parsed = arriving(changes, SEED, name);
    expect(parsed).toEqual({ fault: expect.stringContaining('the signature is not of this order'), forged: true });
  });

  test.each(['signature', 'at'])('is refused as forged with another %s', (member) => {
    const signed = { ...createSigner(SEED, clock)(order), [member]: '2026-01-31T03:05:00.001Z' };
    expect(arriving({ signed })).toMatchObject({ forged: true });
  });

  test('by a stranger is refused where it claims the key of the front door, and else is as one without a signature', () => {
    const stranger = createSigner(OTHER_SEED, clock)(order);
    const claimed = { ...stranger, key: createSigner(SEED, clock)(order).key };
    expect(arriving({ signed: claimed })).toMatchObject({ forged: true });
    expect(taken(arriving({}, OTHER_SEED))).toMatchObject({
      verified: false,
      doubt: expect.stringContaining('by a key that this recovery does not know'),
    });
  });

  test('is unverified, and told why, where no key is known yet', () => {
    const { id, recoveryId, actor, args } = order;
    const message = { id, recoveryId, actor, ...args, signed: createSigner(SEED, clock)(order) };
    expect(taken(parseOrder('rollback', message))).toMatchObject({
      verified: false,
      doubt: expect.stringContaining('has not loaded its runbook yet'),
    });
  });

  test.each([SEED, OTHER_SEED])('is verified by either key while the key is replaced', (seed) => {
    const { id, recoveryId, actor, args } = order;
    const message = { id, recoveryId, actor, ...args, signed: createSigner(seed, clock)(order) };
    const keys = [SEED, OTHER_SEED].map(publicKeyOf);
    expect(taken(parseOrder('rollback', message, keys))).toMatchObject({ verified: true });
  });

  test.each([undefined, 'yes', {}, { at: 1, key: 'k', signature: 's' }])(
    'is not verified by what it says of itself (%j)',
    (signed) => {
      const { id, recoveryId, actor, args } = order;
      const parsed = parseOrder('rollback', { id, recoveryId, actor, ...args, verified: true, signed }, KEYS);
      if (signed === undefined) expect(taken(parsed)).toMatchObject({ verified: false, args });
      else expect(parsed).toEqual({ fault: expect.stringContaining('"signed" must be') });
    },
  );

  test('is verified whatever JSON its arguments are', () => {
    const arguments_ = fc.dictionary(
      fc
        .string()
        .filter((name) => !['id', 'recoveryId', 'actor', 'signed', 'name', 'verified', '__proto__'].includes(name)),
      fc.jsonValue({ noUnicodeString: false }),
    );
    fc.assert(
      fc.property(arguments_, fc.string({ minLength: 1 }), (given, actor) => {
        const args: SignedOrder['args'] = JSON.parse(JSON.stringify(given));
        const signed = createSigner(SEED, clock)({ ...order, order: 'close', actor, args });
        const message: unknown = JSON.parse(
          JSON.stringify({ ...args, id: order.id, recoveryId: order.recoveryId, actor, signed }),
        );
        expect(taken(parseOrder('close', message, KEYS)).verified).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});

test('the text that is signed does not depend on the order of members, and leaves out what is not given', () => {
  expect(canonicalJson({ b: [1, { d: null, c: 'x"' }], a: undefined })).toBe('{"b":[1,{"c":"x\\"","d":null}]}');
});
