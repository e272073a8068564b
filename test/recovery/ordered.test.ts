import { describe, expect, test } from '@jest/globals';
import type { EventBody } from '../../src/recovery/events.ts';
import { possibleOrders, refusalOf } from '../../src/recovery/orders.ts';
import { pageOf } from '../../src/recovery/page.ts';
import { standingChanges } from '../../src/recovery/policy.ts';
import type { RecoveryRecord } from '../../src/recovery/record.ts';
import type { Plan } from '../../src/recovery/values.ts';
import { copyPlan, inPlacePlan, raisePlan, waitPlan } from './samples.ts';
import { applied, begun, decided, decidedAt, diagnosed, happen, ordered, paged, planned, started } from './story.ts';

const KEY = 'order|o1';

function order(name: 'run' | 'rollback', args: Record<string, string | number> = {}): EventBody {
  return { kind: 'order', id: 'o1', name, actor: 'ana', verified: false, args, accepted: true };
}

function plannedAs(remedy: string, plans: Plan[], n = 1): EventBody {
  return { kind: 'planned', n, cause: 'oom-killed', remedy, findingKey: KEY, plans, digest: 'd' };
}

/** Paged, with the remedy that a person would have to approve; then the order. */
function pagedAndOrdered(name: 'run' | 'rollback'): RecoveryRecord {
  const offered = happen(started({ mode: 'approve' }), 0, ...diagnosed(), planned());
  const { record } = decidedAt(offered, 15);
  return happen(record, 16, ...paged, order(name, name === 'run' ? { action: 'debug-session' } : { revision: 2 }));
}

const lost: EventBody = { kind: 'action-finished', n: 1, i: 0, outcome: 'unknown' };
const undone = (stands?: string): EventBody => ({
  kind: 'undo-finished',
  n: 1,
  i: 0,
  outcome: 'undone',
  ...(stands === undefined ? {} : { stands }),
});

describe('a rollback that a person orders', () => {
  test('is planned before what automation would try, and needs no further approval', () => {
    const record = happen(started(), 0, ...diagnosed(), order('rollback', { revision: 2 }));
    const { decision } = decided(record);
    expect(decision.target).toEqual({
      name: 'plan',
      n: 1,
      cause: 'oom-killed',
      remedy: 'rollback to revision 2',
      findingKey: KEY,
    });
    expect(record.requests[0]?.calls).toEqual([
      { action: 'rollout-undo', params: { to: 2 } },
      { action: 'wait-ready', params: { timeout: '180s' } },
    ]);
    const shown = happen(record, 0, plannedAs('rollback to revision 2', [raisePlan, waitPlan]));
    expect(shown.requests).toEqual([]);
    expect(decided(shown).decision.target).toEqual({ name: 'apply', n: 1, i: 0 });
  });

  test('without a number is to the last healthy revision', () => {
    expect(happen(started(), 0, order('rollback')).requests[0]).toMatchObject({
      what: 'rollback',
      calls: [{ action: 'rollout-undo', params: { to: 'last-healthy' } }, {}],
    });
  });

  test.each<[string, Partial<Plan>]>([
    ['asks for it', { ask: 'nothing shows that revision 2 was ever healthy' }],
    ['is of high risk, ordered by nobody verified', { risk: 'high' }],
  ])('waits for approval where its plan %s', (_why, changes) => {
    const record = happen(started(), 0, order('rollback'), plannedAs('rollback', [{ ...raisePlan, ...changes }]));
    const { facts } = decided(record);
    expect(facts).toMatchObject([{ kind: 'approval-asked', n: 1 }]);
  });

  test('goes before a remedy that only waits for approval, under an open page too', () => {
    const record = pagedAndOrdered('rollback');
    expect(record.attempts[0]?.stage).toBe('asked');
    expect(decided(record).decision.target).toMatchObject({ name: 'plan', n: 2, remedy: 'rollback to revision 2' });
    const shown = happen(record, 16, plannedAs('rollback to revision 2', [raisePlan, waitPlan], 2));
    expect(shown.attempts[0]).toMatchObject({ stage: 'withdrawn', why: 'ana ordered rollback to revision 2' });
    expect(decided(shown).decision.target).toEqual({ name: 'apply', n: 2, i: 0 });
  });

  test('waits until what is under way on the target has ended', () => {
    const record = happen(started(), 0, ...diagnosed(), planned(), begun(), applied(), order('rollback'));
    expect(decided(record).decision.target).toEqual({ name: 'apply', n: 1, i: 1 });
  });

  test('that verifies means a person recovered it, whatever the deadline', () => {
    const record = happen(started(), 0, ...diagnosed(), order('rollback'), plannedAs('rollback', [raisePlan]));
    const verifying = happen(record, 14, begun(), applied());
    expect(decidedAt(verifying, 16).decision).toMatchObject({ target: { name: 'verify', n: 1 }, stopTarget: false });
    const verified: EventBody = { kind: 'verified', n: 1, result: 'pass', checks: [], better: true };
    expect(decided(happen(verifying, 17, verified)).facts).toContainEqual({ kind: 'recovered', by: 'person' });
  });

  test('is dropped, and said so, where the target recovered before it was planned', () => {
    const record = happen(started(), 0, ...diagnosed(), order('rollback'), { kind: 'recovered', by: 'itself' });
    expect(record.requests).toEqual([]);
    expect(record.attempts).toMatchObject([
      { n: 1, remedy: 'rollback', stage: 'withdrawn', why: expect.stringContaining('had recovered before') },
    ]);
  });

  test('is done also while the recovery settles', () => {
    const settling = happen(started(), 0, ...diagnosed(), { kind: 'recovered', by: 'itself' }, order('rollback'));
    expect(decided(settling).decision.target).toMatchObject({ name: 'plan', remedy: 'rollback' });
    const asking = happen(settling, 0, plannedAs('rollback', [{ ...raisePlan, ask: 'the tag has moved' }]));
    expect(decided(asking).facts).toMatchObject([{ kind: 'approval-asked' }]);
  });
});

describe('an order that acts on the target', () => {
  const probe = (record: RecoveryRecord, args = {}) =>
    refusalOf(record, { id: 'o2', recoveryId: record.recoveryId, name: 'run', actor: 'bob', verified: false, args });

  test('is refused in observe, and is not among the possible ones there', () => {
    const record = happen(started({ mode: 'observe' }), 0, ...diagnosed());
    expect(probe(record)).toMatch(/the mode here is observe/);
    const writing = possibleOrders(record).filter((name) => ['undo', 'rollback', 'run'].includes(name));
    expect(writing).toEqual([]);
  });

  test('is refused while another one is under way, with what is possible', () => {
    const record = happen(started(), 0, ...diagnosed(), order('rollback'));
    expect(probe(record)).toMatch(/^rollback, which ana ordered, is still under way; possible now: .*close/);
    expect(possibleOrders(record)).not.toContain('undo');
    const shown = happen(record, 0, plannedAs('rollback', [raisePlan]), begun(), applied());
    expect(probe(shown)).toMatch(/^rollback, which ana ordered, is still under way; possible now: .*undo/);
  });

  test('is refused where it is being closed, or has no workload yet', () => {
    const record = started();
    expect(probe(happen(record, 0, ordered('close')))).toMatch(/being closed/);
    expect(probe({ ...record, runbook: null })).toMatch(/not loaded yet/);
  });

  test('and changes nothing of it is done when it was applied, with nothing to verify', () => {
    const record = happen(started(), 0, order('run', { action: 'wait-ready' }), plannedAs('wait-ready', [waitPlan]));
    const done = happen(record, 1, begun(), applied());
    expect(done.attempts[0]?.stage).toBe('done');
    expect(decided(happen(done, 1, { kind: 'released' })).decision.target).toMatchObject({ name: 'diagnose' });
  });
});

describe('a debug session', () => {
  const saw = ['redis: TCP 6379 of redis.redis.svc is open'];
  const finished: EventBody = { kind: 'action-finished', n: 1, i: 0, outcome: 'applied', saw };
  const session = (plan: Plan): RecoveryRecord =>
    happen(
      started(),
      0,
      ...diagnosed(),
      order('run', { action: 'debug-session' }),
      plannedAs('debug-session', [plan]),
      begun(),
      finished,
    );

  test('beside the target stands until its time is over, while the recovery goes on', () => {
    const record = session(copyPlan);
    expect(record.attempts[0]?.stage).toBe('standing');
    expect(standingChanges(record)).toEqual([copyPlan.summary]);
    expect(pageOf(record, 'k').attempts[0]?.found).toEqual(saw);
    const released = happen(record, 0, { kind: 'released' });
    expect(decided(released).decision.target).toMatchObject({ name: 'plan', n: 2, remedy: 'raise-memory' });
    expect(decidedAt(released, 15).decision.target).toEqual({ name: 'undo', n: 1, i: 0, why: 'its time is over' });
  });

  test('in the place of the target keeps everything else from it, and is no recovery', () => {
    const record = session(inPlacePlan);
    expect(decided(record).decision.target).toBeNull();
    expect(decided(record).decision.wakeAt).toBe('2026-01-31T03:15:00.000Z');
    const { decision, facts } = decidedAt(record, 15);
    expect(facts.map(({ kind }) => kind)).toEqual(['deadline-passed', 'rung-due']);
    expect(decision.target).toEqual({ name: 'undo', n: 1, i: 0, why: 'its time is over' });
  });

  test('is taken back at once by undo, by cancel, and before the recovery is closed', () => {
    for (const name of ['undo', 'cancel', 'close'] as const) {
      const { decision } = decided(happen(session(copyPlan), 1, ordered(name)));
      expect(decision.target).toMatchObject({ name: 'undo', n: 1, i: 0 });
    }
  });

  test('of which no answer came is taken back without a look for what it made better', () => {
    const record = happen(started(), 0, order('run'), plannedAs('debug-session', [copyPlan]), begun(), lost);
    expect(decided(record).decision.target).toMatchObject({ name: 'undo', n: 1, i: 0 });
    expect(happen(record, 0, undone()).attempts[0]?.stage).toBe('undone');
  });

  test('that left an image pinned by its digest has that named as what stands', () => {
    const stands = 'the image stays pinned to sha256:1234';
    const over = happen(session(inPlacePlan), 15, { kind: 'undo-started', n: 1, i: 0, why: 'its time is over' });
    expect(standingChanges(happen(over, 15, undone(stands)))).toEqual([stands]);
  });

  test('keeps the recovery open until it is over', () => {
    const settled = happen(session(copyPlan), 0, { kind: 'released' }, { kind: 'recovered', by: 'itself' });
    const resolved = happen(settled, 0, {
      kind: 'alert-received',
      fingerprint: 'f1',
      name: 'A',
      status: 'resolved',
      startsAt: '2026-01-31T03:00:00.000Z',
      role: 'trigger',
      labels: {},
    });
    const longer = { ...resolved, attempts: resolved.attempts.map((a) => ({ ...a, plans: [longSession] })) };
    expect(decidedAt(longer, 40).record.closed).toBeNull();
    const over = happen(longer, 61, { kind: 'undo-started', n: 1, i: 0, why: 'its time is over' }, undone());
    expect(decided(over).record.closed?.outcome).toBe('recovered-by-itself');
  });
});

const longSession: Plan = { ...copyPlan, standsSeconds: 3600 };
