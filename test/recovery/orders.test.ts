import { describe, expect, test } from '@jest/globals';
import type { EventBody } from '../../src/recovery/events.ts';
import { fold, nextEvent } from '../../src/recovery/fold.ts';
import { type Order, refusalOf } from '../../src/recovery/orders.ts';
import { emptyRecord, type RecoveryRecord } from '../../src/recovery/record.ts';
import type { Risk } from '../../src/recovery/values.ts';
import { raisePlan } from './samples.ts';

const AT = '2026-01-31T03:00:00.000Z';
const recoveryId = 'recovery/default/bruno/deployment/agent-bruno@12345678';

/** A recovery whose one remedy, of the given risk, waits for approval. */
function asked(risk: Risk, quorum = 1): RecoveryRecord {
  const bodies: EventBody[] = [
    {
      kind: 'planned',
      n: 1,
      cause: 'oom-killed',
      remedy: 'raise-memory',
      findingKey: 'key',
      plans: [{ ...raisePlan, risk }],
      digest: 'd',
    },
    { kind: 'approval-asked', n: 1, quorum, expiresAt: '2026-01-31T03:10:00.000Z', digest: 'd', why: 'asked' },
  ];
  const record = { ...emptyRecord, recoveryId };
  return bodies.reduce((before, body) => fold(before, nextEvent(before, body, AT)), record);
}

function approve(changes: Partial<Order> = {}): Order {
  return { id: '1', recoveryId, name: 'approve', actor: 'ana', verified: false, args: {}, ...changes };
}

describe('an approval', () => {
  test('by an actor whom nobody has verified is enough below high risk', () => {
    expect(refusalOf(asked('medium'), approve())).toBeNull();
  });

  test('of high risk takes a verified person; anybody may reject', () => {
    expect(refusalOf(asked('high'), approve())).toMatch(/high risk/);
    expect(refusalOf(asked('high'), approve({ verified: true }))).toBeNull();
    expect(refusalOf(asked('high'), approve({ name: 'reject' }))).toBeNull();
  });

  test('by a quorum takes as many different people; one who comes again counts once and is told so', () => {
    const given = (record: RecoveryRecord, actor: string): RecoveryRecord =>
      fold(record, nextEvent(record, { kind: 'order', ...approve({ actor }), accepted: true }, AT));
    const once = given(asked('medium', 2), 'Ana ');
    expect(once.attempts[0]).toMatchObject({ stage: 'asked', approval: { by: ['Ana'] } });
    for (const actor of ['Ana', ' ana', 'ANA'])
      expect(refusalOf(once, approve({ actor }))).toMatch(
        /has approved raise-memory already: it takes 1 more, each another/,
      );
    expect(given(once, 'aNa').attempts[0]?.stage).toBe('asked');
    expect(refusalOf(once, approve({ actor: 'bo' }))).toBeNull();
    expect(given(once, 'bo').attempts[0]).toMatchObject({ stage: 'approved', approval: { by: ['Ana', 'bo'] } });
  });

  test('of another plan than the one that waits, or for another recovery, is refused', () => {
    expect(refusalOf(asked('low'), approve({ args: { digest: 'other' } }))).toMatch(/plan has changed/);
    expect(refusalOf(asked('low'), approve({ recoveryId: `${recoveryId.slice(0, -8)}87654321` }))).toMatch(
      /this is recovery/,
    );
  });
});
