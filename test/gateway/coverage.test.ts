import { describe, expect, test } from '@jest/globals';
import { coverageOf } from '../../src/gateway/coverage.ts';
import { emptyRecord, type RecoveryRecord } from '../../src/recovery/record.ts';
import type { AlertMessage } from '../../src/recovery/values.ts';

const deadline = '2026-01-31T03:15:00Z';
const past = '2026-01-31T03:16:00Z';

function recordWith(change: Partial<RecoveryRecord>, status: AlertMessage['status'] = 'firing'): RecoveryRecord {
  const alert = {
    fingerprint: 'f',
    name: 'AgentBrunoPodCrashLooping',
    status,
    startsAt: '2026-01-31T03:00:00Z',
    role: 'trigger' as const,
    labels: { namespace: 'bruno' },
    count: 1,
    receivedAt: '2026-01-31T03:00:10Z',
  };
  return { ...emptyRecord, episode: { ...emptyRecord.episode, deadline }, alerts: { f: alert }, ...change };
}

/** A page whose first rung was tried by these notifiers. */
function page(tries: { notifier: string; taken: boolean }[], resolved = false): Partial<RecoveryRecord> {
  const rung = {
    rung: 0,
    why: '15m passed',
    dueAt: deadline,
    tries: tries.map((entry) => ({ ...entry, at: deadline })),
  };
  return {
    pages: [
      {
        number: 1,
        key: 'k',
        rungs: [rung],
        toldUpTo: 0,
        composedAt: 0,
        resolved: resolved ? { at: deadline, reason: 'healthy' } : null,
      },
    ],
  };
}

const look = (healthy: boolean, broken = false) => ({
  look: { ...emptyRecord.look, at: past, healthy, broken },
});

describe('an alert is covered', () => {
  const cases: { name: string; record: RecoveryRecord; now: string; covered: boolean }[] = [
    {
      name: 'while its recovery is before the deadline',
      record: recordWith({}),
      now: '2026-01-31T03:14:59Z',
      covered: true,
    },
    { name: 'not past the deadline without a page', record: recordWith({}), now: past, covered: false },
    {
      name: 'once a provider took the page',
      record: recordWith(page([{ notifier: 'webhook', taken: true }])),
      now: past,
      covered: true,
    },
    {
      name: 'while a person has it in hand',
      record: recordWith({ takenOver: { by: 'ana', verified: false, at: past, episode: 1 } }),
      now: past,
      covered: true,
    },
    {
      name: 'not when it broke anew after a person took over',
      record: recordWith({ takenOver: { by: 'ana', verified: false, at: past, episode: 0 } }),
      now: past,
      covered: false,
    },
    {
      name: 'not by a page that no provider took',
      record: recordWith(page([{ notifier: 'webhook', taken: false }])),
      now: past,
      covered: false,
    },
    {
      name: 'not by a page that only the log took',
      record: recordWith(page([{ notifier: 'log', taken: true }])),
      now: past,
      covered: false,
    },
    {
      name: 'not by a page that is resolved',
      record: recordWith(page([{ notifier: 'webhook', taken: true }], true)),
      now: past,
      covered: false,
    },
    { name: 'while its target was healthy at the last look', record: recordWith(look(true)), now: past, covered: true },
    {
      name: 'not when the last look saw it break again',
      record: recordWith(look(true, true)),
      now: past,
      covered: false,
    },
    { name: 'not when the last look saw it unhealthy', record: recordWith(look(false)), now: past, covered: false },
  ];
  for (const { name, record, now, covered } of cases) {
    test(name, () => {
      expect(coverageOf([record], now)).toEqual([
        { alertname: 'AgentBrunoPodCrashLooping', namespace: 'bruno', covered },
      ]);
    });
  }
});

test('of two recoveries with the same alert the uncovered one counts', () => {
  const covered = recordWith(look(true));
  expect(coverageOf([covered, recordWith({}), covered], past)).toEqual([expect.objectContaining({ covered: false })]);
});

test('a resolved alert needs no cover', () => {
  expect(coverageOf([recordWith({}, 'resolved')], past)).toEqual([]);
});
