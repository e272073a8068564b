import { describe, expect, test } from '@jest/globals';
import { decideNext } from '../../src/recovery/decide.ts';
import type { EventBody } from '../../src/recovery/events.ts';
import { fold, nextEvent } from '../../src/recovery/fold.ts';
import { pageOf } from '../../src/recovery/page.ts';
import { emptyRecord, type RecoveryRecord } from '../../src/recovery/record.ts';
import type { AlertMessage } from '../../src/recovery/values.ts';
import { smallRunbook } from './samples.ts';

const START = '2026-01-31T03:00:00.000Z';
const target = { namespace: 'bruno', kind: 'Deployment', name: 'agent-bruno' };

function at(minutes: number): string {
  return new Date(Date.parse(START) + minutes * 60_000).toISOString();
}

function alert(changes: Partial<AlertMessage> = {}, rung = '15m'): EventBody {
  const own = { fingerprint: 'f', name: 'AgentBrunoPodCrashLooping', status: 'firing' as const, startsAt: START };
  return { kind: 'alert-received', ...own, role: 'trigger', labels: {}, after: rung, ...changes };
}

/** An alert of the runbook `high-memory` on the same target, with a first rung of 5 min. */
function other(startsAt: string, changes: Partial<AlertMessage> = {}): EventBody {
  return alert({ name: 'HighMemory', startsAt, runbook: 'high-memory', ...changes }, '5m');
}

function happen(record: RecoveryRecord, minutes: number, ...bodies: EventBody[]): RecoveryRecord {
  return bodies.reduce((before, body) => fold(before, nextEvent(before, body, at(minutes))), record);
}

const runbookLoaded: EventBody = {
  kind: 'runbook-loaded',
  name: 'agent-bruno-pod-crash-loop',
  version: '1.0',
  digest: 'd',
  runbook: smallRunbook(),
  workerMode: 'auto',
};

function opened(): RecoveryRecord {
  const workflowId = 'recovery/default/bruno/deployment/agent-bruno';
  const open: EventBody = {
    kind: 'opened',
    recoveryId: `${workflowId}@12345678`,
    workflowId,
    cluster: 'default',
    runbookName: 'agent-bruno-pod-crash-loop',
    target,
    startedBy: 'alert',
    brokenSince: START,
    deadline: at(15),
    deadlineGiven: false,
  };
  return happen(emptyRecord, 0, open, alert());
}

describe('an alert of another runbook on a busy target', () => {
  test('brings the deadline forward to its own, whether it comes before or after the runbook is loaded', () => {
    expect(happen(opened(), 1, runbookLoaded, other(at(1))).episode.deadline).toBe(at(6));
    expect(happen(opened(), 1, other(at(1)), runbookLoaded).episode.deadline).toBe(at(6));
  });

  test('never moves the deadline later, nor when the target broke', () => {
    const record = happen(opened(), 14, runbookLoaded, other(at(13)));
    expect(record.episode).toMatchObject({ deadline: at(15), brokenSince: START });
  });

  test('is kept beside an own alert of the same fingerprint, and named in the page', () => {
    const record = happen(opened(), 1, runbookLoaded, other(at(1)));
    expect(Object.values(record.alerts).map(({ name }) => name)).toEqual(['AgentBrunoPodCrashLooping', 'HighMemory']);
    expect(pageOf(record, 'key').title).toContain('also firing: HighMemory of runbook high-memory');
  });

  test("gets its runbook's turn, with its own deadline, once the target has recovered by the first", () => {
    const before = happen(opened(), 2, runbookLoaded, other(at(1)), { kind: 'recovered', by: 'itself' });
    const { fact } = decideNext(before);
    expect(fact).toEqual({
      kind: 'runbook-changed',
      from: 'agent-bruno-pod-crash-loop',
      to: 'high-memory',
      brokenSince: at(1),
      deadline: at(6),
    });
    const record = happen(before, 2, ...(fact === null ? [] : [fact]));
    expect(record).toMatchObject({ runbookName: 'high-memory', runbook: null, recovered: null });
    expect(decideNext(record)).toMatchObject({ fact: null, target: { name: 'load-runbook' } });
    expect(decideNext(happen(record, 7, { kind: 'tick' })).fact).toMatchObject({ kind: 'deadline-passed' });
  });

  test('gets it only once, and not when it has resolved meanwhile', () => {
    const resolved = other(at(1), { status: 'resolved' });
    const quiet = happen(opened(), 2, runbookLoaded, other(at(1)), resolved, { kind: 'recovered', by: 'itself' });
    expect(decideNext(quiet).fact).toBeNull();
    const changed: EventBody = {
      kind: 'runbook-changed',
      from: 'agent-bruno-pod-crash-loop',
      to: 'high-memory',
      brokenSince: at(1),
      deadline: at(6),
    };
    const second = happen(opened(), 2, other(at(1)), changed, { kind: 'recovered', by: 'itself' });
    expect(decideNext(second).fact).toBeNull();
  });
});
