import { describe, expect, test } from '@jest/globals';
import type { EventBody } from '../../src/recovery/events.ts';
import { refusalOf } from '../../src/recovery/orders.ts';
import type { RecoveryRecord } from '../../src/recovery/record.ts';
import { approve, factsOf, loaded, scaleDown } from './procedure-story.ts';
import { raisePlan } from './samples.ts';
import { alert, applied, at, begun, decided, diagnosed, happen, ordered, started, verified } from './story.ts';

describe('a procedure that is ordered on an open recovery', () => {
  const run: EventBody = {
    ...{ kind: 'order', id: 'o1', name: 'run', actor: 'ana', verified: false, accepted: true },
    args: { runbook: 'restore-snapshot', procedure: 'restore', params: { claim: 'data' } },
  };
  const offer = {
    id: 'o1',
    name: 'run' as const,
    actor: 'ana',
    verified: false,
    args: { runbook: 'restore-snapshot' },
  };

  /** Broken, its second remedy waiting for a person. */
  function waiting(): RecoveryRecord {
    const record = happen(started({ mode: 'approve' }), 0, ...diagnosed());
    const planned: EventBody = {
      kind: 'planned',
      n: 1,
      cause: 'oom-killed',
      remedy: 'roll-back',
      findingKey: 'k',
      plans: [raisePlan],
      digest: 'd',
    };
    return decided(happen(record, 0, planned)).record;
  }

  test('is taken when nothing is under way, and refused while something is', () => {
    const record = waiting();
    const { recoveryId } = record;
    expect(refusalOf(record, { ...offer, recoveryId })).toBeNull();
    const acting = happen(record, 1, ordered('approve'), begun());
    expect(refusalOf(acting, { ...offer, recoveryId })).toMatch(/roll-back, which runbook .* still under way/);
    expect(refusalOf(happen(record, 1, run), { ...offer, recoveryId })).toMatch(/restore, which ana ordered/);
  });

  test('goes on by its runbook, before anything else is begun; what only waited for a person gives way', () => {
    const { facts, record, decision } = decided(happen(waiting(), 2, run));
    expect(facts).toMatchObject([{ kind: 'runbook-changed', to: 'restore-snapshot', deadline: at(15), order: 'o1' }]);
    expect(record).toMatchObject({
      runbookName: 'restore-snapshot',
      runbook: null,
      start: { by: 'person', procedure: 'restore', params: { claim: 'data' } },
      procedure: { name: 'restore', by: 'ana', from: 'agent-bruno-pod-crash-loop' },
    });
    expect(record.attempts[0]).toMatchObject({ stage: 'withdrawn', why: 'ana ordered restore' });
    expect(decision.target).toEqual({ name: 'load-runbook' });
    const next = decided(happen(record, 2, loaded(), ...diagnosed()));
    expect(next.decision.target).toMatchObject({ name: 'plan', n: 2, remedy: 'restore', findingKey: 'order|o1' });
    expect(next.record.episode.deadline).toBe(at(15));
  });

  const plan2: EventBody = {
    kind: 'planned',
    n: 2,
    cause: 'oom-killed',
    remedy: 'restore',
    findingKey: 'order|o1',
    plans: [scaleDown],
    digest: 'd',
  };

  /** Loaded, planned, asked for and approved under its own runbook. */
  function underWay(): RecoveryRecord {
    const { record } = decided(happen(waiting(), 2, run));
    const asking = decided(happen(record, 2, loaded(), ...diagnosed(), plan2)).record;
    return happen(asking, 3, { ...approve(), args: { n: 2 } } as EventBody);
  }

  test('gives the first runbook its turn again afterwards where its alert still fires', () => {
    const verifiedIt: EventBody = { ...(verified('pass') as EventBody & { kind: 'verified' }), n: 2 };
    const done = happen(underWay(), 4, begun(0, 2), applied(0, 2), verifiedIt, { kind: 'released' });
    expect(decided(done).facts).toMatchObject([
      { kind: 'recovered', by: 'person' },
      { kind: 'runbook-changed', from: 'restore-snapshot', to: 'agent-bruno-pod-crash-loop' },
    ]);
    const quiet = happen(done, 4, alert({ status: 'resolved', runbook: 'agent-bruno-pod-crash-loop' }));
    expect(factsOf(decided(quiet))).toEqual(['recovered']);
  });

  test('gives it back also when the procedure was not done', () => {
    const { record } = decided(happen(waiting(), 2, run));
    const asking = decided(happen(record, 2, loaded(), ...diagnosed(), plan2)).record;
    const { facts, record: back } = decided(happen(asking, 3, ordered('reject', 2)));
    expect(facts).toMatchObject([
      { kind: 'procedure-ended', outcome: 'not-done' },
      { kind: 'runbook-changed', to: 'agent-bruno-pod-crash-loop' },
    ]);
    expect(back.procedure).toBeUndefined();
    expect(back.served).toEqual([]);
  });

  test('leaves the recovery to its own runbook where the other one, or the start, is faulty', () => {
    const { record } = decided(happen(waiting(), 2, run));
    const error = { code: 'invalid', message: 'parameter "claim" is missing' };
    const failed = happen(record, 2, { kind: 'step-failed', lane: 'target', step: 'load-runbook', error });
    const { facts, decision } = decided(failed);
    expect(facts).toMatchObject([
      { kind: 'procedure-ended', n: 0, outcome: 'not-done', why: 'parameter "claim" is missing' },
      { kind: 'runbook-changed', to: 'agent-bruno-pod-crash-loop' },
    ]);
    expect(decision.target).toEqual({ name: 'load-runbook' });
  });
});
