import type { EventBody } from '../../src/recovery/events.ts';
import { fold, nextEvent } from '../../src/recovery/fold.ts';
import { emptyRecord, type RecoveryRecord } from '../../src/recovery/record.ts';
import { finding, raisePlan, waitPlan } from '../recovery/samples.ts';

/** What is told in a terminal, as events. */

export const at = '2026-01-31T03:00:00.000Z';
export const target = { namespace: 'bruno', kind: 'Deployment', name: 'agent-bruno' };

export const opened: EventBody = {
  kind: 'opened',
  recoveryId: 'recovery/default/bruno/deployment/agent-bruno@01234567',
  workflowId: 'recovery/default/bruno/deployment/agent-bruno',
  cluster: 'default',
  runbookName: 'agent-bruno-pod-crash-loop',
  target,
  startedBy: 'alert',
  brokenSince: at,
  deadline: '2026-01-31T03:15:00.000Z',
  deadlineGiven: false,
};
export const measure = { desired: 1, ready: 0, readyHeld: 0, longestLifeSeconds: 8 };
export const diagnosed: EventBody = {
  kind: 'diagnosed',
  round: 1,
  healthy: false,
  measure,
  evidence: { sha256: 'e'.repeat(64), bytes: 1, excerpt: {} },
  saw: '0 of 1 pods ready',
};
export const planned: EventBody = {
  kind: 'planned',
  n: 1,
  cause: 'oom-killed',
  remedy: 'raise-memory',
  findingKey: finding.key,
  plans: [raisePlan, waitPlan],
  digest: 'p'.repeat(64),
};
export const asked: EventBody = {
  kind: 'approval-asked',
  n: 1,
  quorum: 1,
  expiresAt: '2026-01-31T03:10:00.000Z',
  digest: 'p'.repeat(64),
  why: 'the mode is approve',
};
export const verified = {
  kind: 'verified',
  n: 1,
  result: 'pass',
  checks: [{ name: 'ready', result: 'pass', saw: '1 of 1 pods ready' }],
  better: true,
} satisfies EventBody;

/** The record that events lead to, a second apart. */
export function recordAfter(...bodies: EventBody[]): RecoveryRecord {
  const start = Date.parse(at);
  return bodies.reduce(
    (record, body, index) => fold(record, nextEvent(record, body, new Date(start + index * 1000).toISOString())),
    emptyRecord,
  );
}
