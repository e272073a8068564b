import type { Attempt } from './attempt.ts';
import type { ApprovalRequest, Page } from './escalation.ts';
import { openPage } from './fold-pages.ts';
import { patchOf } from './holds.ts';
import { othersFiring } from './other-runbooks.ts';
import { withNames } from './placeholders.ts';
import { causeEntry, effectiveMode, leadingFinding, standingChanges } from './policy.ts';
import { postRecoveryItems } from './post-recovery.ts';
import { restsHealthy } from './procedures.ts';
import { keptChanges, putBackLines } from './put-back.ts';
import type { RecoveryRecord } from './record.ts';
import type { Plan } from './values.ts';
import { legibleAll } from './words.ts';
import { troubleOf, writtenSteps } from './written-steps.ts';

/** What people are told now: everything that the recovery saw, tried and undid (the webhook's body is made from it), legible. */
export function pageOf(record: RecoveryRecord, key: string): Page {
  return legibleAll(toldOf(record, key));
}

function toldOf(record: RecoveryRecord, key: string): Page {
  const content = record.runbook?.content;
  const finding = leadingFinding(record);
  const entry = finding === null ? null : causeEntry(record, finding.cause);
  const target = record.target ?? { namespace: '', kind: '', name: '' };
  const named = { target: record.target, finding, evidence: record.diagnosis?.evidence.excerpt };
  const page = record.pages.find((one) => one.key === key) ?? openPage(record);
  const why = page?.rungs.at(-1)?.why ?? '';
  const acknowledged = page?.acknowledged;
  const patch = patchOf(record);
  const postRecovery = postRecoveryItems(record);
  const kept = keptChanges(record);
  const trouble = troubleOf(record);
  return {
    key,
    recoveryId: record.recoveryId,
    workflowId: record.workflowId,
    runbook: record.runbookName,
    severity: content?.metadata.severity ?? 'critical',
    component: content?.metadata.component ?? record.runbookName,
    service: content?.metadata.service ?? record.runbookName,
    symptom: content?.spec.symptom ?? 'the runbook could not be loaded',
    title: titleOf(record),
    target,
    impact: content?.spec.impact ?? {},
    brokenSince: record.episode.brokenSince,
    deadline: record.episode.deadline,
    mode: effectiveMode(record),
    findings: record.findings ?? [],
    attempts: record.attempts.map(attemptLine),
    holds: standingChanges(record),
    ...(kept.length === 0 ? {} : { kept }),
    ...(trouble === undefined ? {} : { trouble }),
    ...takenOverOf(record),
    ...(record.notes === undefined ? {} : { notes: record.notes.slice(-5) }),
    ...(patch === null ? {} : { patch }),
    steps: writtenSteps(record),
    checklist: record.checklist,
    ...(postRecovery.length === 0 ? {} : { postRecovery }),
    ...(entry?.person === undefined ? {} : { person: withNames(entry.person, named) }),
    prevention: record.prevention.length > 0 ? record.prevention : (entry?.prevention ?? []),
    team: content?.spec.escalation.team ?? 'on call',
    ...(content?.spec.escalation.contact === undefined ? {} : { contact: content.spec.escalation.contact }),
    links: (content?.spec.links ?? []).map(({ title, url }) => ({ title, url })),
    why,
    ...(acknowledged === undefined ? {} : { acknowledged }),
    dataLoss: record.attempts.filter(isAboutData).flatMap(({ plans }) => dataLossOf(plans)),
    ...procedureOf(record),
  };
}

function takenOverOf(record: RecoveryRecord): Pick<Page, 'takenOver'> {
  const { takenOver } = record;
  if (takenOver === undefined) return {};
  const { by, at, reason } = takenOver;
  return { takenOver: { by, at, ...(reason === undefined ? {} : { reason }), putBack: putBackLines(record) } };
}

function procedureOf(record: RecoveryRecord): Pick<Page, 'procedure'> {
  const { procedure } = record;
  if (procedure == null || procedure.name === null) return {};
  return { procedure: { name: procedure.name, by: procedure.by, isWell: restsHealthy(record) } };
}

/** Whether an attempt may still lose data, or has. */
function isAboutData({ stage, actions }: Attempt): boolean {
  return stage === 'planned' || stage === 'asked' || stage === 'approved' || actions.length > 0;
}

/** What data the plans lose, each a sentence of its own. */
export function dataLossOf(plans: readonly Plan[]): string[] {
  return [...new Set(plans.flatMap(({ dataLoss }) => (dataLoss === undefined ? [] : [dataLoss])))];
}

/** One line for the phone: what is broken, and the cause seen. */
function titleOf(record: RecoveryRecord): string {
  const { target } = record;
  const name = target === null ? record.workflowId : `${target.namespace}/${target.name}`;
  if (openPage(record)?.about === 'hold') return `${name}: ${openPage(record)?.rungs.at(-1)?.why ?? ''}`;
  const { procedure } = record;
  if (procedure?.ended != null) return `${name}: ${procedure.name}: ${procedure.ended.why}`;
  if (procedure !== undefined && restsHealthy(record)) return `${name}: ${procedure.name}, started by ${procedure.by}`;
  const cause = leadingFinding(record)?.summary ?? record.failures.target?.error.message ?? 'not diagnosed yet';
  const others = othersFiring(record).map(({ name: alert, runbook }) => `${alert} of runbook ${runbook}`);
  return `${name}: ${cause}${others.length === 0 ? '' : `; also firing: ${others.join(', ')}`}`;
}

function byWhom({ ordered, retried }: Attempt): string {
  if (ordered !== undefined) return `, ordered by ${ordered.by},`;
  return retried === undefined ? '' : `, named by ${retried.by},`;
}

function attemptLine(attempt: Attempt): Page['attempts'][number] {
  const verdict = attempt.verification?.checks
    .filter(({ result }) => result !== 'pass')
    .map(({ name, saw }) => `${name}: ${saw}`)
    .join('; ');
  const found = attempt.actions.flatMap(({ saw = [] }) => saw);
  return {
    remedy: `${attempt.remedy}${byWhom(attempt)}`,
    cause: attempt.cause,
    outcome: attempt.stage,
    undone: attempt.stage === 'undone',
    saw: attempt.why ?? attempt.assessment?.saw ?? verdict ?? '',
    ...(found.length === 0 ? {} : { found }),
  };
}

/** What an approval asks of people, or null if the attempt does not wait for one. */
export function approvalRequest(record: RecoveryRecord, n: number): ApprovalRequest | null {
  const attempt = record.attempts.find((candidate) => candidate.n === n);
  if (attempt?.approval == null) return null;
  const { quorum, expiresAt, digest, why, by } = attempt.approval;
  const { remedy, cause, plans } = attempt;
  return legibleAll({ n, remedy, cause, quorum, expiresAt, digest, why, plans, by, dataLoss: dataLossOf(plans) });
}
