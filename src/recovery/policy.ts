import { harmOf } from './answers.ts';
import type { Attempt, AttemptStage } from './attempt.ts';
import { DEFAULT_RUNG, isPast, milliseconds } from './durations.ts';
import { openPage } from './fold-pages.ts';
import { workflowIdOf } from './ids.ts';
import { occupiesTarget } from './ordered.ts';
import { standing } from './put-back.ts';
import type { RecoveryRecord } from './record.ts';
import { awaitsUndo } from './undoing.ts';
import type { Finding, Mode, ModeVoice } from './values.ts';

/** The questions that both lanes and the facts ask of a record: which mode holds, which remedy is next, what needs a person. */

const CAUTION: Mode[] = ['observe', 'approve', 'auto'];

/** The most cautious of what runbook, start, worker and the target's annotation say; the worker's voice is always there. */
export function effectiveMode(record: RecoveryRecord): Mode {
  const ranks = modeVoices(record).map(({ mode }) => CAUTION.indexOf(mode));
  return CAUTION[Math.min(...ranks)] ?? 'observe';
}

/** Everybody who has a say in the mode, and what each says. */
export function modeVoices({ runbook, inputMode, modeVoice }: RecoveryRecord): ModeVoice[] {
  const named = runbook?.content.spec.mode;
  return [
    { mode: runbook?.workerMode ?? 'observe', source: runbook === null ? 'no runbook loaded' : 'the worker' },
    ...(named === undefined ? [] : [{ mode: named, source: 'the runbook' }]),
    ...(inputMode === undefined ? [] : [{ mode: inputMode, source: 'the start' }]),
    ...(modeVoice === undefined ? [] : [modeVoice]),
  ];
}

/**
 * Whether the recovery has only looked: the mode is observe, nothing was written, and the target is well by itself if it is. What
 * people set to observe since has another end; runs of before the annotation do not tell these apart.
 */
export function onlyObserved(record: RecoveryRecord): boolean {
  const { silences, recovered, attempts } = record;
  const acted = attempts.some(({ actions }) => actions.length > 0) || (recovered !== null && recovered.by !== 'itself');
  return effectiveMode(record) === 'observe' && !(silences !== undefined && acted);
}

/** Who brings the mode down to what it is: `the worker`, `kintsugi.dev/mode of Deployment bruno/agent-bruno`. */
export function modeReason(record: RecoveryRecord): string {
  const mode = effectiveMode(record);
  const said = modeVoices(record).filter((voice) => voice.mode === mode);
  return said.map(({ source, fault }) => (fault === undefined ? source : `${source}: ${fault}`)).join(' and ');
}

/** The cause that remedies go by: the best finding that no other one explains. */
export function leadingFinding(record: RecoveryRecord): Finding | null {
  return record.findings?.find(({ root }) => root) ?? record.findings?.[0] ?? null;
}

/** The runbook's entry for a cause. */
export function causeEntry(record: RecoveryRecord, cause: string) {
  return record.runbook?.content.spec.causes.find((entry) => entry.cause === cause) ?? null;
}

/** The remedy that a person named; else the next for the leading finding that was not tried for it, or null when nothing is left. */
export function nextRemedy(record: RecoveryRecord): { finding: Finding; remedy: string } | null {
  const finding = leadingFinding(record);
  if (finding === null) return null;
  const { retry } = record;
  if (retry !== undefined) {
    const seen = record.findings?.find(({ cause }) => cause === retry.cause);
    return { finding: seen ?? retry.finding, remedy: retry.remedy };
  }
  const tried = record.attempts
    .filter(({ findingKey, stage }) => findingKey === finding.key && stage !== 'withdrawn')
    .map(({ remedy }) => remedy);
  const remedy = causeEntry(record, finding.cause)?.remedies.find(({ name }) => !tried.includes(name));
  return remedy === undefined ? null : { finding, remedy: remedy.name };
}

const ENDED: ReadonlySet<AttemptStage> = new Set([
  'refused',
  'rejected',
  'expired',
  'withdrawn',
  'undone',
  'unproven',
  'undo-refused',
  'taken-over',
  'verified',
  // It stands beside the target, while the recovery goes on; one in its place is under way (`occupiesTarget`).
  'standing',
  'done',
]);

/** Whether an attempt is neither over nor a session that stands. */
export function isUnderWay({ stage }: Attempt): boolean {
  return !ENDED.has(stage);
}

/** The attempt that is under way: planned, waiting, acting, verifying or undoing, or a session in the target's place. */
export function activeAttempt(record: RecoveryRecord): Attempt | null {
  return (
    record.attempts.find(({ stage }) => stage === 'undoing') ??
    record.attempts.find((attempt) => isUnderWay(attempt) || occupiesTarget(attempt)) ??
    null
  );
}

/** Why an attempt waits for a person's approval, or null if it may go on by itself. */
export function approvalReason(record: RecoveryRecord, attempt: Attempt): string | null {
  const asks = attempt.plans.flatMap(({ ask }) => (ask === undefined ? [] : [ask]));
  if (asks.length > 0) return asks.join('; ');
  const isProcedure = attempt.ordered?.procedure === true;
  if (remedyApproval(record, attempt) !== null)
    return `the runbook asks for approval of this ${isProcedure ? 'procedure' : 'remedy'}`;
  if (attempt.ordered !== undefined) return orderedReason(record, attempt, attempt.ordered.verified);
  if (effectiveMode(record) === 'approve') return 'the mode is approve';
  if (openPage(record) !== null) return 'people were paged: from then on a write needs an order';
  if (attempt.replans >= 3) return 'its plan changed three times while it was to be applied';
  if (attempt.replans > 0 && attempt.approval !== null) return 'its plan changed since it was approved';
  return null;
}

/** The attempt that people are to be asked about, and why they are. */
export function approvalToAsk(record: RecoveryRecord): { attempt: Attempt; why: string } | null {
  const attempt = record.attempts.find(({ stage }) => stage === 'planned');
  if (attempt === undefined || record.inFlight.target !== null || record.closing !== null) return null;
  if (effectiveMode(record) === 'observe') return null;
  if (record.recovered !== null && attempt.ordered === undefined) return null;
  const why = approvalReason(record, attempt);
  return why === null ? null : { attempt, why };
}

/** An order is the approval of what it orders, unless that is destructive and nobody has verified who gave it. */
function orderedReason(record: RecoveryRecord, attempt: Attempt, verified: boolean): string | null {
  const harm = verified ? null : harmOf(record, attempt);
  if (harm !== null) return `it ${harm}, and nobody has verified who ordered it`;
  if (attempt.replans >= 3) return 'its plan changed three times while it was to be applied';
  return attempt.replans > 0 && attempt.approval !== null ? 'its plan changed since it was approved' : null;
}

/** The runbook's approval rule of an attempt's remedy or procedure; null for `none`, and for other things that a person ordered. */
export function remedyApproval(record: RecoveryRecord, attempt: Attempt) {
  if (attempt.ordered !== undefined && attempt.ordered.procedure === undefined) return null;
  const { causes = [], procedures = [] } = record.runbook?.content.spec ?? {};
  const among =
    attempt.ordered === undefined ? causes.find(({ cause }) => cause === attempt.cause)?.remedies : procedures;
  const rule = among?.find(({ name }) => name === attempt.remedy)?.approval;
  return rule === undefined || rule === 'none' ? null : rule;
}

/** Whether the deadline has come over an attempt that nobody ordered: it stops, and is looked at before it stays or is undone. */
export function isInterrupted(record: RecoveryRecord, attempt: Attempt): boolean {
  if (!record.episode.deadlinePassed || attempt.episode !== record.episode.number) return false;
  if (attempt.approval?.ordered === true || attempt.ordered !== undefined) return false;
  return attempt.assessment === null || Date.parse(attempt.assessment.at) < Date.parse(record.episode.deadline);
}

/**
 * Every change that stays without having verified: applied or unknown, and not taken back; and every hold, for somebody has
 * to end it. One sentence each.
 */
export function standingChanges(record: RecoveryRecord): string[] {
  return standing(record).map(({ what }) => what);
}

/** Whether a session is still to be ended. */
export function sessionStands({ attempts }: Pick<RecoveryRecord, 'attempts'>): boolean {
  return attempts.some(
    (attempt) => attempt.stage === 'standing' && attempt.actions.some((action) => awaitsUndo(action, attempt)),
  );
}

/** Whether the run only sends on to a canonical recovery: a pod's run, or a start with another id. */
export function isForwarder(record: RecoveryRecord): boolean {
  return canonicalWorkflowId(record) !== null && canonicalWorkflowId(record) !== record.workflowId;
}

/** Whether something has come that a forwarder has not sent on yet: its start, an alert, that it has resolved. */
export function hasUnsent({ alerts, forward }: RecoveryRecord): boolean {
  const arrived = Object.values(alerts).reduce((sum, { count }) => sum + count, 0);
  return forward === null || forward.sent < arrived;
}

/** Whether there is a workload that a live look can be taken at. */
export function canLook(record: RecoveryRecord): boolean {
  const { runbook, target, ownerGone } = record;
  return runbook !== null && target !== null && target.kind !== 'Pod' && ownerGone === null && !isForwarder(record);
}

/** `recovery/<cluster>/<namespace>/<kind>/<name>` of the target, or null while the target is not known or is a pod. */
export function canonicalWorkflowId(record: RecoveryRecord): string | null {
  const { target, cluster } = record;
  if (target === null || target.kind === 'Pod') return null;
  return workflowIdOf(cluster, target);
}

/**
 * Whether the target may be well already: every pod ready, no cause seen, only not yet for as long as the window wants. An
 * alert over a span of time fires on after a good fix; the target is watched then, and paged for at the deadline.
 */
export function mayBeWell(record: RecoveryRecord): boolean {
  const { diagnosis, episode, findings } = record;
  if (diagnosis === null || findings === null || diagnosis.round !== 1 || episode.number !== 1) return false;
  const { ready, desired } = diagnosis.measure;
  const cause = leadingFinding(record)?.cause ?? 'unknown';
  return desired > 0 && ready >= desired && cause === 'unknown';
}

/** Whether the target was looked at since somebody ordered the end: a cancelled recovery ends knowing how it left it. */
export function lookedSinceClosing({ look, closing }: RecoveryRecord): boolean {
  return look.at !== null && closing !== null && isPast(closing.at, look.at);
}

/** Whether a trigger alert of this recovery still fires. */
export function alertsFiring(record: RecoveryRecord): boolean {
  return Object.values(record.alerts).some(({ role, status }) => role === 'trigger' && status === 'firing');
}

/** How long after the alert the first rung pages, in ms. */
export function firstRungMs(record: RecoveryRecord): number {
  return milliseconds(record.runbook?.content.spec.escalation.rungs[0]?.after ?? DEFAULT_RUNG);
}
