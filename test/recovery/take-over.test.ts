import { describe, expect, test } from '@jest/globals';
import type { EventBody, OrderName } from '../../src/recovery/events.ts';
import { possibleOrders } from '../../src/recovery/orders.ts';
import { pageOf } from '../../src/recovery/page.ts';
import { phaseOf } from '../../src/recovery/phase.ts';
import { standingChanges } from '../../src/recovery/policy.ts';
import { standing } from '../../src/recovery/put-back.ts';
import { emptyRecord, type RecoveryRecord } from '../../src/recovery/record.ts';
import type { OrderedCall, Plan } from '../../src/recovery/values.ts';
import { copyPlan, holdPlan, inPlacePlan, raisePlan, waitPlan } from './samples.ts';
import { restoreRunbook } from './simulated-procedures.ts';
import {
  alert,
  applied,
  at,
  begun,
  decided,
  decidedAt,
  diagnosed,
  given,
  happen,
  paged,
  planned,
  refusal,
  started,
  undoFinished,
  verified,
  watched,
} from './story.ts';

const takeOver = given('takeOver', { reason: 'I know this one' });
const handBack = given('handBack');

/** A remedy of two actions, the first applied, the second under way. */
const acting = (plans: Plan[] = [raisePlan, waitPlan]) =>
  happen(started(), 1, ...diagnosed(), planned(1, 'raise-memory', plans), begun(), applied(), begun(1));
const raised = () => happen(acting(), 1, applied(1));

describe('a person who takes over', () => {
  test('ends what only waits or reads, at once', () => {
    const waiting = decidedAt(happen(started({ mode: 'approve' }), 1, ...diagnosed(), planned()), 2).record;
    expect(waiting.attempts[0]?.stage).toBe('asked');
    expect(happen(waiting, 2, takeOver).attempts[0]).toMatchObject({ stage: 'withdrawn', why: 'ana took over' });
    const verifying = happen(raised(), 1, { kind: 'step-started', lane: 'target', step: 'verify' }, takeOver);
    expect(decided(verifying).decision.stopTarget).toBe(true);
    const planning = happen(
      started(),
      1,
      ...diagnosed(),
      { kind: 'step-started', lane: 'target', step: 'plan' },
      takeOver,
    );
    expect(decided(planning).decision.stopTarget).toBe(true);
    expect(happen(planning, 1, planned()).attempts[0]?.stage).toBe('withdrawn');
  });

  test('lets one write in flight end, records what came of it, and has nothing written after it', () => {
    const writing = happen(started(), 1, ...diagnosed(), planned(), begun(), takeOver);
    expect(decided(writing).decision).toMatchObject({ stopTarget: false, wakeAt: '2026-01-31T03:01:03.000Z' });
    expect(decidedAt(writing, 1.1).decision.stopTarget).toBe(true);
    const written = happen(writing, 1, applied());
    expect(written.attempts[0]).toMatchObject({ stage: 'taken-over', actions: [{ outcome: 'applied' }] });
    expect(decided(written).decision.target).toEqual({ name: 'release' });
    expect(phaseOf(written)).toBe('taken-over');
    const later = happen(written, 1, { kind: 'released' });
    for (const minutes of [2, 14, 16, 60, 600])
      expect(decidedAt(later, minutes).decision.target?.name ?? 'look').toBe('look');
  });

  test('stops at once what waits for the cluster between its writes', () => {
    expect(decided(happen(acting(), 1, takeOver)).decision.stopTarget).toBe(true);
    const long = { ...raisePlan, waitSeconds: 60 };
    const writing = happen(started(), 1, ...diagnosed(), planned(1, 'raise-memory', [long]), begun(), takeOver);
    expect(decided(writing).decision.stopTarget).toBe(true);
  });

  test.each<[string, EventBody, string]>([
    ['was held back', { kind: 'held-back', n: 1, i: 0, why: 'paused' }, 'withdrawn'],
    ['was planned anew', { kind: 'replanned', n: 1, i: 0, plan: raisePlan, digest: 'e' }, 'withdrawn'],
    ['failed', { kind: 'action-finished', n: 1, i: 0, outcome: 'failed' }, 'taken-over'],
    ['gave no answer', { kind: 'action-finished', n: 1, i: 0, outcome: 'unknown' }, 'taken-over'],
  ])('goes on to nothing where the write in flight %s', (_how, event, stage) => {
    const record = happen(started(), 1, ...diagnosed(), planned(), begun(), takeOver, event);
    expect(record.attempts[0]?.stage).toBe(stage);
    expect(['release', 'look']).toContain(decided(record).decision.target?.name ?? 'look');
    expect(standingChanges(record)).toEqual(
      'outcome' in event && event.outcome === 'unknown' ? [`${raisePlan.summary} (outcome unknown)`] : [],
    );
  });

  test('has no undo begun, and one in flight end without the next', () => {
    const failed = happen(raised(), 1, verified('fail'), takeOver);
    expect(failed.attempts[0]?.stage).toBe('taken-over');
    expect(decided(happen(failed, 1, { kind: 'released' })).decision.target?.name ?? 'look').toBe('look');
    const two = [raisePlan, { ...raisePlan, summary: 'raise the CPU' }];
    const both = happen(started(), 1, ...diagnosed(), planned(1, 'raise-memory', two), begun(), applied(), begun(1));
    const undoing = happen(both, 1, applied(1), given('undo', { n: 1 }), {
      kind: 'undo-started',
      n: 1,
      i: 1,
      why: 'w',
    });
    const over = happen(undoing, 1, takeOver, ...undoFinished(1).slice(1), { kind: 'released' });
    expect(over.attempts[0]?.stage).toBe('taken-over');
    expect(standingChanges(over)).toEqual([raisePlan.summary]);
    expect(decided(over).decision.target?.name ?? 'look').toBe('look');
  });

  test('leaves holds, sessions and what a terminated run left as they are, and closing it too', () => {
    const held = happen(acting([holdPlan, raisePlan]), 1, applied(1), verified('pass'), {
      kind: 'recovered',
      by: 'remedy',
    });
    const git: EventBody = {
      kind: 'watched',
      healthy: true,
      broken: false,
      saw: '',
      hold: { git: 'equal', saw: 'equal' },
    };
    expect(decided(happen(held, 2, { kind: 'released' }, git)).decision.target).toMatchObject({ name: 'undo' });
    const taken = happen(held, 2, { kind: 'released' }, git, takeOver);
    expect(decided(taken).decision.target).toBeNull();
    const session = happen(started(), 1, ...diagnosed(), planned(1, 'debug-session', [copyPlan]), begun(), applied());
    const inHand = happen(session, 1, { kind: 'released' }, takeOver);
    expect(decidedAt(inHand, 30).decision.target?.name).toBe('look');
    const closing = decided(happen(inHand, 31, given('close', { rootCause: 'a leak' })));
    expect(closing.facts).toMatchObject([{ kind: 'closed', outcome: 'closed', standing: [copyPlan.summary] }]);
    const left = happen(started(), 1, takeOver, { kind: 'adopted', n: 1, from: 'r@1', plans: [raisePlan] });
    expect(decided(left).decision.target?.name).not.toBe('undo');
    expect(standingChanges(left)).toEqual([`${raisePlan.summary} (outcome unknown)`]);
  });

  test('drops what another person ordered and is not begun, and says so', () => {
    const record = happen(started(), 1, ...diagnosed(), given('rollback', {}, 'bo'), takeOver);
    expect(record.requests).toEqual([]);
    expect(record.attempts).toMatchObject([
      { remedy: 'rollback', stage: 'withdrawn', why: 'ana took over: order it again if it is wanted' },
    ]);
  });

  test('drops a procedure that was started before, also where its runbook is loaded only now', () => {
    const own = { workflowId: 'w', cluster: 'c', runbookName: 'r', target: started().target };
    const opened: EventBody = {
      ...{ kind: 'opened', recoveryId: 'w@1', ...own, startedBy: 'person', actor: 'bo', procedure: 'restore' },
      ...{ brokenSince: at(0), deadline: at(15), deadlineGiven: false },
    };
    const loaded: EventBody = {
      ...{ kind: 'runbook-loaded', name: 'r', version: '1', digest: 'd', workerMode: 'auto' },
      ...{ runbook: restoreRunbook(0), procedure: 'restore' },
    };
    const record = happen(happen(emptyRecord, 0, opened), 1, takeOver, loaded);
    expect(record.requests).toEqual([]);
    expect(record.attempts).toMatchObject([{ remedy: 'restore', stage: 'withdrawn' }]);
    const ordered = happen(
      happen(emptyRecord, 0, opened, loaded),
      1,
      takeOver,
      given('run', { action: 'debug-session' }),
    );
    expect(ordered.requests).toMatchObject([{ what: 'debug-session' }]);
  });

  test('still has the target looked at, less and less often, and diagnosed where it was not yet', () => {
    expect(decided(happen(started(), 0, takeOver)).decision.target).toEqual({ name: 'diagnose', round: 1 });
    const inHand = happen(started(), 0, ...diagnosed(), takeOver);
    const next = (record: RecoveryRecord) => decided(record).decision.wakeAt;
    const looked = (minutes: number) => next(happen(inHand, minutes, watched(false)));
    expect([looked(1), looked(11), looked(121)]).toEqual([at(1.5), at(13), at(126)]);
  });

  test('is told how each change that stands is put back', () => {
    const plans = [holdPlan, { ...raisePlan, changes: [...raisePlan.changes, scaledDown] }, copyPlan, claimDeleted];
    const record = happen(acting(plans), 1, applied(1), begun(2), applied(2), begun(3), applied(3), takeOver);
    const undo = `kintsugi undo ${record.recoveryId} --attempt 1 --actor YOU`;
    expect(standing(record)).toEqual([
      {
        what: holdPlan.summary,
        undo,
        byHand: ['kubectl annotate deployment.apps/agent-bruno -n bruno kustomize.toolkit.fluxcd.io/reconcile-'],
      },
      {
        what: raisePlan.summary,
        undo,
        byHand: [
          'kubectl scale deployment.apps/agent-bruno -n bruno --replicas=2',
          `kubectl patch deployment.apps/agent-bruno -n bruno --type=json -p '[{"op":"replace","path":"/spec/template/spec/containers/0/resources/limits/memory","value":"1Gi"}]'`,
        ],
      },
      { what: copyPlan.summary, undo, byHand: ['kubectl delete pod/agent-bruno-debug -n bruno'] },
      { what: claimDeleted.summary, undo, byHand: [] },
    ]);
    expect(pageOf(record, 'k').takenOver).toMatchObject({ by: 'ana', reason: 'I know this one' });
    expect(pageOf(record, 'k').takenOver?.putBack).toContain(`    put back: ${undo}`);
  });

  test('is not called about it, neither at the deadline nor by a later rung; a page that was due is still sent', () => {
    const inHand = happen(started(), 1, ...diagnosed(), takeOver);
    expect(decidedAt(inHand, 20).facts).toEqual([]);
    const due = decidedAt(happen(started(), 1, ...diagnosed(), planned()), 15).record;
    const taken = happen(due, 15, takeOver);
    expect(decided(taken).decision.people).toMatchObject({ name: 'page', rung: 0 });
    expect(decidedAt(happen(taken, 15, ...paged), 200).facts).toEqual([]);
  });

  test('is called about what breaks anew, at its own deadline, while automation still writes nothing', () => {
    const well = decided(happen(started(), 1, ...diagnosed(), takeOver, watched(true))).record;
    expect(well.recovered?.by).toBe('person');
    const again = decided(happen(well, 5, watched(false))).record;
    expect(again.episode.number).toBe(2);
    expect(decidedAt(happen(again, 6, ...diagnosed(1)), 6).decision.target?.name ?? 'look').toBe('look');
    expect(decidedAt(happen(again, 6, ...diagnosed(1)), 21).facts.map(({ kind }) => kind)).toContain('rung-due');
    expect(refusal(again, 'takeOver')).toBeNull();
  });

  test('has recovered it when it is healthy, and the page says in whose hands', () => {
    const due = decidedAt(happen(started(), 1, ...diagnosed(), planned()), 15).record;
    const well = decided(happen(due, 16, ...paged, takeOver, watched(true)));
    expect(well.facts).toContainEqual({ kind: 'recovered', by: 'person' });
    expect(well.decision.people).toMatchObject({
      name: 'resolve-page',
      reason: 'the target is healthy again in the hands of ana',
    });
    const resolved = happen(well.record, 16, { kind: 'page-resolved', notifier: 'webhook', reason: 'r' });
    const quiet = happen(resolved, 16, alert({ status: 'resolved' }));
    expect(decidedAt(happen(quiet, 46, watched(true)), 47).record.closed?.outcome).toBe('recovered-by-person');
  });

  test('hands it over after 24 h, with what stands', () => {
    const inHand = happen(raised(), 1, takeOver, { kind: 'released' });
    expect(decidedAt(inHand, 24 * 60).record.closed).toBeNull();
    expect(decidedAt(inHand, 24 * 60 + 2).record.closed).toMatchObject({
      outcome: 'handed-over',
      standing: [raisePlan.summary],
    });
  });

  test('hands it over after 24 h also where a session stands in the place of the target, which is theirs to end', () => {
    const session: EventBody = {
      ...planned(1, 'debug-session', [inPlacePlan]),
      findingKey: 'order|run-ana',
    } as EventBody;
    const begin = happen(started(), 1, ...diagnosed(), given('run', { action: 'debug-session' }), session, begun());
    const inHand = happen(begin, 2, applied(), takeOver, watched(false));
    expect(inHand).toMatchObject({ leaseHeld: true, attempts: [{ stage: 'standing' }] });
    expect(decidedAt(happen(inHand, 24 * 60, watched(false)), 24 * 60 + 0.1).decision.target).toBeNull();
    const late = decidedAt(happen(inHand, 24 * 60 + 2, watched(false)), 24 * 60 + 2.1);
    expect(late.decision.target).toEqual({ name: 'release' });
    expect(decided(happen(late.record, 24 * 60 + 3, { kind: 'released' })).record.closed).toMatchObject({
      outcome: 'handed-over',
      standing: [inPlacePlan.summary],
    });
  });
});

describe('what the person in command orders', () => {
  const inHand = () => happen(raised(), 1, takeOver, { kind: 'released' });
  const rollback: OrderedCall[] = [{ action: 'rollout-undo', params: { to: 'last-healthy' } }];

  test.each<OrderName>(['undo', 'rollback', 'run'])('is done: %s', (name) => {
    const record = happen(inHand(), 2, given(name, name === 'undo' ? { n: 1 } : { action: 'debug-session' }));
    expect(refusal(inHand(), name)).toBeNull();
    expect(decided(record).decision.target?.name).toBe(name === 'undo' ? 'undo' : 'plan');
  });

  test('is verified, and undone if it fails, but nothing else follows', () => {
    const key = 'order|rollback-ana';
    const plan: EventBody = { ...planned(2, 'rollback', [raisePlan]), findingKey: key } as EventBody;
    const ordered = happen(inHand(), 2, given('rollback'), plan);
    expect(ordered.attempts[1]?.ordered?.calls[0]).toEqual(rollback[0]);
    expect(decided(ordered).decision.target).toEqual({ name: 'apply', n: 2, i: 0 });
    const done = happen(ordered, 2, begun(0, 2), applied(0, 2));
    expect(decided(done).decision.target).toEqual({ name: 'verify', n: 2 });
    const failed = happen(done, 3, { ...verified('fail'), n: 2 } as EventBody);
    expect(decided(failed).decision.target).toEqual({ name: 'assess', n: 2 });
    const undoing = happen(failed, 3, { kind: 'assessed', n: 2, better: false, healthy: false, saw: '' });
    expect(decided(undoing).decision.target).toMatchObject({ name: 'undo', n: 2 });
    const over = happen(undoing, 3, ...undoFinished(0, 'undone', 2), { kind: 'released' }, ...diagnosed(2));
    expect(decided(over).decision.target?.name ?? 'look').toBe('look');
  });

  test('waits for an approval where the rules of safety ask for one', () => {
    const plan = {
      ...planned(2, 'rollback', [{ ...raisePlan, ask: 'a' }]),
      findingKey: 'order|rollback-ana',
    } as EventBody;
    const asked = decided(happen(inHand(), 2, given('rollback'), plan));
    expect(asked.facts).toMatchObject([{ kind: 'approval-asked', n: 2 }]);
    expect(refusal(asked.record, 'approve', { digest: 'digest-2' }, 'bo')).toBeNull();
  });
});

describe('a target that is handed back', () => {
  test('is diagnosed anew, with what was tried remembered', () => {
    const back = happen(raised(), 1, takeOver, { kind: 'released' }, handBack);
    expect(decided(back).decision.target).toEqual({ name: 'diagnose', round: 2 });
    expect(decided(happen(back, 2, ...diagnosed(2))).decision.target).toMatchObject({
      name: 'plan',
      remedy: 'roll-back',
    });
    const untried = happen(
      started({ mode: 'approve' }),
      1,
      ...diagnosed(),
      planned(),
      takeOver,
      handBack,
      ...diagnosed(2),
    );
    expect(decided(untried).decision.target).toMatchObject({ name: 'plan', n: 2, remedy: 'raise-memory' });
  });

  test('has the time until the deadline left that it had when it was taken over', () => {
    const back = happen(happen(started(), 5, ...diagnosed(), takeOver), 65, handBack, ...diagnosed(2));
    expect(back.episode.deadline).toBe(at(75));
    expect(decidedAt(back, 74).facts).toEqual([]);
    expect(decidedAt(back, 75).facts.map(({ kind }) => kind)).toEqual(['deadline-passed', 'rung-due']);
    const earlier = happen(back, 66, alert({ fingerprint: 'f2', startsAt: '2026-01-31T02:59:00.000Z' }));
    expect(earlier.episode.deadline).toBe(at(74));
  });

  test('takes orders for writes as after any page, where people were paged before', () => {
    const due = happen(decidedAt(happen(started(), 1, ...diagnosed(), planned()), 15).record, 15, ...paged);
    const back = happen(due, 16, takeOver, handBack, ...diagnosed(2), planned(2));
    expect(decided(back).facts).toMatchObject([
      { kind: 'approval-asked', why: expect.stringMatching(/people were paged/) },
    ]);
  });

  test('goes by no plan of before, also where it was made at that very moment', () => {
    const planning = happen(started(), 1, ...diagnosed(), { kind: 'step-started', lane: 'target', step: 'plan' });
    const record = happen(planning, 1, takeOver, handBack, planned());
    expect(record.attempts[0]?.stage).toBe('withdrawn');
    expect(decided(record).decision.target).toMatchObject({ name: 'diagnose' });
  });
});

describe('a refused order', () => {
  test('says why, and what is possible now', () => {
    const inHand = happen(started(), 1, ...diagnosed(), takeOver);
    expect(refusal(inHand, 'approve')).toMatch(
      /nothing waits for approval now: ana has taken over at .*; possible now: .*handBack/,
    );
    expect(refusal(inHand, 'takeOver', {}, 'Ana ')).toMatch(/^ana has taken over already/);
    expect(refusal(started(), 'handBack')).toMatch(/^nobody has taken over; possible now: takeOver/);
    expect(refusal(happen(inHand, 1, given('close')), 'takeOver', {}, 'bo')).toMatch(/is being closed/);
    expect(possibleOrders(inHand)).toContain('handBack');
  });

  test('is none where somebody else takes over from the one before, and the clock stands still all the while', () => {
    const inHand = happen(started(), 5, ...diagnosed(), takeOver);
    expect(refusal(inHand, 'takeOver', {}, 'bo')).toBeNull();
    const both = happen(happen(inHand, 25, given('takeOver', {}, 'bo')), 45, handBack);
    expect(both.episode.deadline).toBe(at(55));
  });
});

const scaledDown: Plan['changes'][number] = {
  type: 'field',
  object: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'bruno', name: 'agent-bruno' },
  path: '/spec/replicas',
  before: { value: 2 },
  after: { value: 0 },
};

const claimDeleted: Plan = {
  ...raisePlan,
  action: 'delete-claim',
  summary: 'replace claim agent-bruno-data',
  changes: [
    {
      type: 'delete',
      object: {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        namespace: 'bruno',
        name: 'agent-bruno-data',
        uid: 'u',
      },
    },
  ],
};
