import { describe, expect, test } from '@jest/globals';
import { detailsOf } from '../../src/recovery/details.ts';
import type { EventBody } from '../../src/recovery/events.ts';
import { fold, nextEvent } from '../../src/recovery/fold.ts';
import { type Order, possibleOrders, refusalOf } from '../../src/recovery/orders.ts';
import { emptyRecord, type RecoveryRecord } from '../../src/recovery/record.ts';
import type { Plan } from '../../src/recovery/values.ts';
import { raisePlan } from './samples.ts';

const AT = '2026-01-31T03:00:00.000Z';
const recoveryId = 'recovery/default/bruno/deployment/agent-bruno@12345678';

interface Question {
  quorum?: number;
  developmentCluster?: boolean;
  /** The run began before approvals were judged as they are now. */
  former?: boolean;
}

/** A recovery whose one remedy, with a plan like this, waits for approval. */
function asked(plan: Partial<Plan>, { quorum = 1, developmentCluster, former }: Question = {}): RecoveryRecord {
  const bodies: EventBody[] = [
    {
      kind: 'planned',
      n: 1,
      cause: 'oom-killed',
      remedy: 'raise-memory',
      findingKey: 'key',
      plans: [{ ...raisePlan, ...plan }],
      digest: 'd',
      ...(developmentCluster === undefined ? {} : { developmentCluster }),
    },
    { kind: 'approval-asked', n: 1, quorum, expiresAt: '2026-01-31T03:10:00.000Z', digest: 'd', why: 'asked' },
  ];
  const record = { ...emptyRecord, recoveryId, ...(former === true ? { formerRules: former } : {}) };
  return happened(record, ...bodies);
}

function happened(record: RecoveryRecord, ...bodies: EventBody[]): RecoveryRecord {
  return bodies.reduce((before, body) => fold(before, nextEvent(before, body, AT)), record);
}

function approve(changes: Partial<Order> = {}): Order {
  return { id: '1', recoveryId, name: 'approve', actor: 'ana', verified: false, args: { digest: 'd' }, ...changes };
}

/** The record after an approval that was taken. */
function approved(record: RecoveryRecord, actor: string): RecoveryRecord {
  return happened(record, { kind: 'order', ...approve({ actor, verified: true }), accepted: true });
}

describe('an approval', () => {
  test('by an actor whom nobody has verified is enough for one below high risk that destroys nothing', () => {
    expect(refusalOf(asked({ risk: 'medium' }), approve())).toBeNull();
  });

  test.each<[string, Partial<Plan>, RegExp]>([
    ['is of high risk', { risk: 'high' }, /raise-memory is of high risk: it takes an approval by a person/],
    ['may lose data', { risk: 'medium', dataLoss: 'what was written since' }, /raise-memory may lose data: it takes/],
    ['stops the workload', { risk: 'medium', harm: 'stops-workload' }, /raise-memory stops the workload: it takes/],
    ['replaces state', { risk: 'medium', harm: 'replaces-state' }, /raise-memory takes or replaces state: it takes/],
  ])('of what %s takes a verified person; anybody may reject', (_, plan, why) => {
    expect(refusalOf(asked(plan), approve())).toMatch(why);
    expect(refusalOf(asked(plan), approve({ verified: true }))).toBeNull();
    expect(refusalOf(asked(plan), approve({ name: 'reject' }))).toBeNull();
    expect(refusalOf(asked(plan, { developmentCluster: true }), approve())).toBeNull();
    expect(refusalOf(asked(plan, { developmentCluster: false }), approve())).toMatch(why);
  });

  test('by a quorum takes as many different people, each verified; one who comes again counts once and is told so', () => {
    const record = asked({ risk: 'low' }, { quorum: 2 });
    expect(refusalOf(record, approve())).toMatch(
      /raise-memory takes 2 people, and only those count whom the front door has verified/,
    );
    const once = approved(record, 'Ana Maria ');
    expect(once.attempts[0]).toMatchObject({ stage: 'asked', approval: { by: ['Ana Maria'] } });
    for (const actor of [
      'Ana Maria',
      ' ana maria',
      'ANA  MARIA',
      'ana\u00a0maria',
      'a\u200bna maria\ufeff',
      'a\ufffdna maria',
    ])
      expect(refusalOf(once, approve({ actor, verified: true }))).toMatch(
        /has approved raise-memory already: it takes 1 more, each another/,
      );
    expect(approved(once, 'aNa maria').attempts[0]?.stage).toBe('asked');
    expect(refusalOf(once, approve({ actor: 'bo' }))).toMatch(/verified/);
    expect(refusalOf(once, approve({ actor: 'bo', verified: true }))).toBeNull();
    expect(approved(once, 'bo').attempts[0]).toMatchObject({
      stage: 'approved',
      approval: { by: ['Ana Maria', 'bo'] },
    });
  });

  test('by a quorum counts unverified people on a cluster for development', () => {
    expect(refusalOf(asked({}, { quorum: 2, developmentCluster: true }), approve())).toBeNull();
  });

  test('of another plan than the one that waits, or for another recovery, is refused', () => {
    expect(refusalOf(asked({}), approve({ args: { digest: 'other' } }))).toMatch(/plan has changed/);
    expect(refusalOf(asked({}), approve({ recoveryId: `${recoveryId.slice(0, -8)}87654321` }))).toMatch(
      /this is recovery/,
    );
  });

  test('that does not say which plan is refused with what waits, and how exactly that is approved', () => {
    for (const args of [{}, { n: 1 }]) {
      const refusal = refusalOf(asked({}), approve({ args }));
      expect(refusal).toMatch(/an approval says which plan it is of, by its digest/);
      expect(refusal).toContain(raisePlan.summary);
      expect(refusal).toContain(`kintsugi approve ${recoveryId} --attempt 1 --digest d --actor YOU`);
      expect(refusal).toContain(`"recoveryId":"${recoveryId}","actor":"YOU","n":1,"digest":"d"}`);
    }
  });

  test('stands ready to be copied in what the Temporal UI shows, as long as it would be taken', () => {
    const message = (record: RecoveryRecord) =>
      /to approve it, update `approve` with `(\{.*\})`/.exec(detailsOf(record))?.[1] ?? 'null';
    const { id, recoveryId: said, actor, ...args } = JSON.parse(message(asked({})));
    expect([id, said, actor]).toEqual(['approve-1-d-YOU', recoveryId, 'YOU']);
    expect(refusalOf(asked({}), approve({ actor, args }))).toBeNull();
    const order = { id: 'end', name: 'close' as const, actor: 'bo', verified: false, args: {}, accepted: true };
    expect(message(happened(asked({}), { kind: 'order', ...order }))).toBe('null');
  });

  test('is judged by the former rules in a run that began under them', () => {
    const former = asked({ risk: 'medium', dataLoss: 'some' }, { quorum: 2, former: true });
    expect(refusalOf(former, approve({ args: {} }))).toBeNull();
    expect(refusalOf(asked({ risk: 'high' }, { former: true }), approve({ args: {} }))).toMatch(/high risk/);
  });
});

describe('a rejection', () => {
  test('needs no digest as long as nothing was done: then nothing is taken back by it', () => {
    expect(refusalOf(asked({}), approve({ name: 'reject', args: {} }))).toBeNull();
  });

  test('in mid-remedy says which plan it is of, for it takes back what was done', () => {
    const begun = happened(
      asked({}),
      { kind: 'order', ...approve(), accepted: true },
      { kind: 'action-started', n: 1, i: 0 },
      { kind: 'action-finished', n: 1, i: 0, outcome: 'applied' },
    );
    const [attempt] = begun.attempts;
    if (attempt === undefined) throw new Error('there is no attempt');
    const again: RecoveryRecord = { ...begun, attempts: [{ ...attempt, stage: 'asked' }] };
    expect(refusalOf(again, approve({ name: 'reject', args: {} }))).toMatch(
      /a rejection says which plan it is of, .* it takes back what was done/,
    );
    expect(refusalOf(again, approve({ name: 'reject' }))).toBeNull();
  });
});

describe('approve and reject', () => {
  test.each(['close', 'cancel'] as const)('are refused with the reason, and not offered, after %s', (name) => {
    const order: EventBody = {
      ...{ kind: 'order', id: 'end', name, actor: 'bo', verified: false, args: {}, accepted: true },
    };
    const ending = happened(asked({}), order);
    expect(possibleOrders(asked({}))).toEqual(expect.arrayContaining(['approve', 'reject']));
    expect(possibleOrders(ending)).not.toContain('approve');
    expect(possibleOrders(ending)).not.toContain('reject');
    for (const answer of ['approve', 'reject'] as const)
      expect(refusalOf(ending, approve({ name: answer }))).toMatch(
        new RegExp(`it is being closed \\(${name} by bo\\)`),
      );
  });
});
