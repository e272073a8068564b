import { expect, test } from '@jest/globals';
import { decideNext } from '../../src/recovery/decide.ts';
import type { EventBody } from '../../src/recovery/events.ts';
import { fold, nextEvent } from '../../src/recovery/fold.ts';
import { standingChanges } from '../../src/recovery/policy.ts';
import { emptyRecord, type RecoveryRecord } from '../../src/recovery/record.ts';
import { raisePlan, smallRunbook } from './samples.ts';

const AT = '2026-01-31T03:00:00.000Z';
const workflowId = 'recovery/default/bruno/deployment/agent-bruno';
const former = `${workflowId}@11111111`;
const first = { ...raisePlan, summary: 'made first' };
const last = { ...raisePlan, summary: 'made last' };

function happen(record: RecoveryRecord, ...bodies: EventBody[]): RecoveryRecord {
  return bodies.reduce((before, body) => fold(before, nextEvent(before, body, AT)), record);
}

/** A recovery whose first diagnosis found what a former one had left. */
function adopted(): RecoveryRecord {
  return happen(
    emptyRecord,
    {
      kind: 'opened',
      recoveryId: `${workflowId}@22222222`,
      workflowId,
      cluster: 'default',
      runbookName: 'agent-bruno-pod-crash-loop',
      target: { namespace: 'bruno', kind: 'Deployment', name: 'agent-bruno' },
      startedBy: 'alert',
      brokenSince: AT,
      deadline: '2026-01-31T03:15:00.000Z',
      deadlineGiven: false,
    },
    {
      kind: 'runbook-loaded',
      name: 'agent-bruno-pod-crash-loop',
      version: '1.0',
      digest: 'd',
      runbook: smallRunbook(),
      workerMode: 'auto',
    },
    {
      kind: 'diagnosed',
      round: 1,
      healthy: false,
      measure: { desired: 1, ready: 0, readyHeld: 0, longestLifeSeconds: 8 },
      evidence: { sha256: 'e', bytes: 1, excerpt: {} },
      saw: '0 of 1 pods ready',
    },
    { kind: 'adopted', n: 1, from: former, plans: [last, first] },
  );
}

function undone(i: number, outcome: 'undone' | 'refused' = 'undone'): EventBody[] {
  return [
    { kind: 'undo-started', n: 1, i, why: 'cut short' },
    { kind: 'undo-finished', n: 1, i, outcome },
  ];
}

test('the changes of a run that was cut short are undone before anything is tried, the last first', () => {
  const before = adopted();
  expect(decideNext(before).target).toMatchObject({ name: 'undo', n: 1, i: 0 });
  expect(standingChanges(before)).toEqual(['made last (outcome unknown)', 'made first (outcome unknown)']);
  const half = happen(before, ...undone(0));
  expect(decideNext(half).target).toMatchObject({ name: 'undo', n: 1, i: 1 });
  const all = happen(half, ...undone(1));
  expect(standingChanges(all)).toEqual([]);
  expect(decideNext(all).target).toMatchObject({ name: 'diagnose', round: 2 });
});

test('an adopted change that cannot be undone is named and pages a person', () => {
  const record = happen(adopted(), ...undone(0, 'refused'), ...undone(1));
  expect(standingChanges(record)).toEqual(['made last (outcome unknown)']);
  expect(decideNext(record).fact).toMatchObject({ kind: 'rung-due', why: expect.stringContaining(former) });
});
