import { type Decision, decideNext } from '../../src/recovery/decide.ts';
import type { EventBody, OrderName } from '../../src/recovery/events.ts';
import { fold, nextEvent } from '../../src/recovery/fold.ts';
import { refusalOf } from '../../src/recovery/orders.ts';
import { emptyRecord, type RecoveryRecord } from '../../src/recovery/record.ts';
import type { AlertMessage, Finding, Mode, Plan } from '../../src/recovery/values.ts';
import { finding, raisePlan, smallRunbook, waitPlan } from './samples.ts';

/** A recovery told event by event, for tables: times are minutes after the alert began. */

const START = '2026-01-31T03:00:00.000Z';
const WORKFLOW_ID = 'recovery/default/bruno/deployment/agent-bruno';

export function at(minutes: number): string {
  return new Date(Date.parse(START) + minutes * 60_000).toISOString();
}

/** The record after these events, all at the same minute. */
export function happen(record: RecoveryRecord, minutes: number, ...bodies: EventBody[]): RecoveryRecord {
  return bodies.reduce((before, body) => fold(before, nextEvent(before, body, at(minutes))), record);
}

/** Appends the facts that follow from the record, as the workflow does; the decision is what is left to do. */
export function decided(record: RecoveryRecord): { record: RecoveryRecord; decision: Decision; facts: EventBody[] } {
  let now = record;
  const facts: EventBody[] = [];
  for (;;) {
    const decision = decideNext(now);
    if (decision.fact === null) return { record: now, decision, facts };
    facts.push(decision.fact);
    now = fold(now, nextEvent(now, decision.fact, now.now));
  }
}

/** The same at a later minute, when nothing else has happened. */
export function decidedAt(record: RecoveryRecord, minutes: number): ReturnType<typeof decided> {
  return decided(happen(record, minutes, { kind: 'tick' }));
}

export function alert(changes: Partial<AlertMessage> = {}): EventBody {
  const own = { fingerprint: 'f1', name: 'AgentBrunoPodCrashLooping', status: 'firing' as const, startsAt: START };
  return { kind: 'alert-received', ...own, role: 'trigger', labels: {}, ...changes };
}

/** Started by an alert at minute `minutes`, the runbook loaded. */
export function started({ mode = 'auto' as Mode, minutes = 0, runbook = smallRunbook() } = {}): RecoveryRecord {
  return happen(
    emptyRecord,
    minutes,
    {
      kind: 'opened',
      recoveryId: `${WORKFLOW_ID}@12345678`,
      workflowId: WORKFLOW_ID,
      cluster: 'default',
      runbookName: runbook.metadata.name,
      target: { namespace: 'bruno', kind: 'Deployment', name: 'agent-bruno' },
      startedBy: 'alert',
      brokenSince: at(minutes),
      deadline: at(minutes + 15),
      deadlineGiven: false,
    },
    alert(),
    { kind: 'runbook-loaded', name: 'r', version: '1', digest: 'd', runbook, workerMode: mode },
  );
}

export const classifiedAs = (found: Finding, round = 1): EventBody[] => [
  { kind: 'classified', round, findings: [found] },
  { kind: 'checklist', items: [], steps: [] },
];

/** One round of diagnosis that found the target broken by `found`. */
export function diagnosed(round = 1, found: Finding = finding): EventBody[] {
  const measure = { desired: 1, ready: 0, readyHeld: 0, longestLifeSeconds: 8 };
  const evidence = { sha256: 'e', bytes: 1, excerpt: null };
  return [
    { kind: 'diagnosed', round, healthy: false, measure, evidence, saw: '0 of 1 pods ready' },
    ...classifiedAs(found, round),
  ];
}

export function planned(n = 1, remedy = 'raise-memory', plans: Plan[] = [raisePlan, waitPlan]): EventBody {
  return { kind: 'planned', n, cause: finding.cause, remedy, findingKey: finding.key, plans, digest: `digest-${n}` };
}

export const begun = (i = 0, n = 1): EventBody => ({ kind: 'action-started', n, i });
export const applied = (i = 0, n = 1): EventBody => ({ kind: 'action-finished', n, i, outcome: 'applied' });
export const paged: EventBody[] = [
  { kind: 'step-started', lane: 'people', step: 'page' },
  { kind: 'page-sent', rung: 0, notifier: 'webhook', key: 'k', providerId: 'p' },
];

export function verified(result: 'pass' | 'fail' | 'unknown', better: boolean | 'unknown' = false): EventBody {
  return { kind: 'verified', n: 1, result, better, checks: [{ name: 'ready', result, saw: 'saw' }] };
}

export function assessed(better: boolean | 'unknown'): EventBody {
  return { kind: 'assessed', n: 1, better, healthy: false, saw: 'looked' };
}

export function undoFinished(i: number, outcome: 'undone' | 'refused' = 'undone', n = 1): EventBody[] {
  return [
    { kind: 'undo-started', n, i, why: 'it did not help' },
    { kind: 'undo-finished', n, i, outcome },
  ];
}

export function ordered(name: 'approve' | 'reject' | 'acknowledge' | 'undo' | 'close' | 'cancel', n = 1): EventBody {
  return { kind: 'order', id: `${name}-${n}`, name, actor: 'ana', verified: false, args: { n }, accepted: true };
}

export function watched(healthy: boolean, broken = !healthy): EventBody {
  return { kind: 'watched', healthy, broken, saw: healthy ? '1 of 1 pods ready' : '0 of 1 pods ready' };
}

type Args = (EventBody & { kind: 'order' })['args'];

/** An order that was taken. */
export function given(name: OrderName, args: Args = {}, actor = 'ana'): EventBody {
  return { kind: 'order', id: `${name}-${actor}`, name, actor, verified: false, args, accepted: true };
}

/** Why an order would not be taken now; null if it would. */
export function refusal(record: RecoveryRecord, name: OrderName, args: Args = {}, actor = 'ana'): string | null {
  return refusalOf(record, { id: 'o', recoveryId: record.recoveryId, name, actor, verified: false, args });
}
