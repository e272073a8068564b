import { describe, expect, test } from '@jest/globals';
import { createSigner, publicKeyOf } from '../../src/orders/sign.ts';
import type { EventBody } from '../../src/recovery/events.ts';
import { fold, nextEvent } from '../../src/recovery/fold.ts';
import { emptyRecord, type RecoveryRecord } from '../../src/recovery/record.ts';
import type { OrderProof } from '../../src/recovery/signed-order.ts';
import { type SignedStart, startToSign } from '../../src/recovery/signed-start.ts';
import { judgedStart } from '../../src/workflows/start-proof.ts';

const SEED = 'a1'.repeat(32);
const KEYS = [publicKeyOf(SEED)];
const START = '2026-01-31T03:00:00.000Z';

const said = {
  workflowId: 'recovery/default/bruno/deployment/agent-bruno',
  actor: 'alice@example.org',
  reason: 'a drill',
  mode: 'approve' as const,
  procedure: 'restore',
  params: { claim: 'data', copies: 2 },
};
const start: SignedStart = { ...said, runbook: 'restore-snapshot', target: 'bruno/deployment/agent-bruno' };

const signedAt = (time: string, what = start, seed = SEED): OrderProof =>
  createSigner(seed, () => new Date(time))(startToSign(what));

type Opened = EventBody & { kind: 'opened' };

function opened(changes: Partial<Opened> = {}, isSigned = true): RecoveryRecord {
  const event: Opened = {
    ...{ kind: 'opened', ...said, recoveryId: `${said.workflowId}@12345678`, cluster: 'default', startedBy: 'person' },
    target: { namespace: 'bruno', kind: 'Deployment', name: 'agent-bruno' },
    runbookName: 'restore-snapshot',
    ...{ startedAt: START, brokenSince: START, deadline: '2026-01-31T03:15:00.000Z', deadlineGiven: false },
    ...(isSigned ? { signed: signedAt(START) } : {}),
    ...changes,
  };
  return fold(emptyRecord, nextEvent(emptyRecord, JSON.parse(JSON.stringify(event)), START));
}

function judged(record: RecoveryRecord, keys: string[] = KEYS): RecoveryRecord {
  return judgedStart(record, keys).reduce((before, body) => fold(before, nextEvent(before, body, START)), record);
}

describe('a start that the front door signed', () => {
  test('has a verified actor, once the keys have come with the runbook', () => {
    expect(opened().judgedStart).toBeUndefined();
    const record = judged(opened());
    expect(record.judgedStart).toEqual({ verified: true });
    expect(record.unjudgedStart).toBeUndefined();
    expect(judgedStart(record, KEYS)).toEqual([]);
  });

  test.each([
    ['another actor', { actor: 'bob@example.org' }],
    ['another procedure', { procedure: 'clear' }],
    ['other parameters', { params: { claim: 'other', copies: 2 } }],
    ['another mode', { mode: 'auto' as const }],
    ['another reason', { reason: 'no drill' }],
    ['a deadline', { deadlineGiven: true }],
    ['another runbook', { runbookName: 'kosmos-agent-reset' }],
    ['another target', { target: { namespace: 'bruno', kind: 'Deployment' as const, name: 'other' } }],
    ['another workflow id', { workflowId: 'recovery/other/bruno/deployment/agent-bruno' }],
  ] satisfies [string, Partial<Opened>][])('verifies nobody with %s', (_, changes) => {
    expect(judged(opened(changes)).judgedStart).toEqual({
      verified: false,
      doubt: expect.stringContaining('the signature is not of this start in the name of'),
    });
  });

  test.each([
    ['was played back later', opened({ signed: signedAt('2026-01-31T02:54:59.000Z') }), KEYS, /signed at .*02:54:59/],
    ['is signed by an unknown key', opened({ signed: signedAt(START, start, 'b2'.repeat(32)) }), KEYS, /by a key that/],
    ['comes to a worker without keys', opened(), [], /has no KINTSUGI_ORDER_PUBLIC_KEY/],
  ] as const)('that %s verifies nobody, and the record says why', (_, record, keys, doubt) => {
    expect(judged(record, [...keys]).judgedStart).toEqual({ verified: false, doubt: expect.stringMatching(doubt) });
  });

  test('is no order, and an order of the same words is no start', () => {
    const order = createSigner(SEED, () => new Date(START))({ ...startToSign(start), order: 'run' });
    expect(judged(opened({ signed: order })).judgedStart).toMatchObject({ verified: false });
  });
});

test('nobody has verified the actor of a start without a signature, and nothing is said of it', () => {
  const record = opened({}, false);
  expect(judgedStart(record, KEYS)).toEqual([]);
  expect(judged(record).judgedStart).toBeUndefined();
});
