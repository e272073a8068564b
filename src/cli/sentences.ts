import type { RecoveryEvent } from '../recovery/events.ts';
import { dataLossOf } from '../recovery/page.ts';
import type { CheckResult, Finding, Plan, PostRecoveryItem, StepError } from '../recovery/values.ts';

/** Pieces of the sentences in which a recovery is told in a terminal. Pure; times in UTC. */

/** The time of day of an RFC 3339 time: `03:15:00Z`. */
export function clockTime(time: string): string {
  return Number.isNaN(Date.parse(time)) ? time : `${new Date(time).toISOString().slice(11, 19)}Z`;
}

/** ` (reason)`, or nothing. */
export function because(reason: string | undefined): string {
  return reason === undefined || reason === '' ? '' : ` (${reason})`;
}

/** `: detail`, or nothing. */
export function detail(text: string | undefined): string {
  return text === undefined || text === '' ? '' : `: ${text}`;
}

/** `1 alert`, `3 alerts`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** A fault with what mends it. */
export function errorText({ code, message, fix }: StepError): string {
  return `${code}: ${message}${because(fix)}`;
}

/** The leading cause with its sentence; the others by name. */
export function findingsText(findings: Finding[]): string {
  const lead = findings.find(({ root }) => root) ?? findings[0];
  if (lead === undefined) return 'cause: unknown';
  const others = [...new Set(findings.filter((finding) => finding !== lead).map(({ cause }) => cause))];
  const also = others.length === 0 ? '' : `; also seen: ${others.join(', ')}`;
  return `cause: ${lead.cause}: ${lead.summary}${also}`;
}

/** What a remedy's plans do, in their order; a refusal in place of the plan that it forbids. */
export function plansText(plans: Plan[]): string {
  return plans
    .map(({ summary, refusal }) => (refusal === undefined ? summary : `refused: ${refusal.reason}`))
    .join(', then ');
}

/** What data plans lose, to be said before anything else of them (safety 14); nothing where they lose none. */
export function dataLossText(plans: Plan[]): string {
  const lost = dataLossOf(plans);
  return lost.length === 0 ? '' : `DATA LOSS: ${lost.join('; ')}. `;
}

/** What the checks saw; of a verification that did not pass only those that did not. */
export function checksText(checks: CheckResult[], result: CheckResult['result']): string {
  const telling = result === 'pass' ? checks : checks.filter((check) => check.result !== 'pass');
  return detail(telling.map(({ name, saw }) => `${name}: ${saw}`).join('; '));
}

export const actionOutcomes = {
  applied: 'applied',
  unchanged: 'there was nothing to change',
  failed: 'failed',
  unknown: 'its answer was lost, so the change counts as one that may stand',
} as const;

export const undoOutcomes = {
  undone: 'undone',
  'not-needed': 'there was nothing to undo',
  refused: 'the undo was refused, the change stands',
  failed: 'the undo failed, the change stands',
} as const;

export const verificationResults = {
  pass: 'verified healthy',
  fail: 'did not verify',
  unknown: 'could not be verified',
} as const;

export const recoveredBy = { remedy: 'by a remedy', itself: 'by itself', person: 'by a person' } as const;

/** How a look compares with the one before the remedy (safety 15). */
export function betterText(better: boolean | 'unknown'): string {
  if (better === 'unknown') return 'whether it does better is unknown';
  return better ? 'it does better than before' : 'it does no better than before';
}

/** How an event is meant: good news, bad news, something that people must do, or what happens on the way. */
export type Tone = 'good' | 'bad' | 'asks' | 'plain';

/** By this a terminal colours a line. */
export function toneOf(event: RecoveryEvent): Tone {
  switch (event.kind) {
    case 'recovered':
      return 'good';
    case 'verified':
      return event.result === 'pass' ? 'good' : 'bad';
    case 'closed':
      return event.outcome.startsWith('recovered') || event.outcome === 'observed' || event.outcome === 'done'
        ? 'good'
        : 'bad';
    case 'approval-asked':
    case 'held-back':
    case 'silenced':
    case 'page-held':
    case 'mode-said':
      return 'asks';
    case 'step-failed':
    case 'remedy-refused':
    case 'answer-failed':
    case 'approval-failed':
    case 'approval-expired':
    case 'deadline-passed':
    case 'rung-due':
    case 'page-sent':
    case 'page-failed':
    case 'message-failed':
    case 'message-refused':
    case 'relapsed':
      return 'bad';
    case 'procedure-ended':
      return event.outcome === 'not-done' ? 'bad' : 'plain';
    case 'action-finished':
      return event.outcome === 'failed' || event.outcome === 'unknown' ? 'bad' : 'plain';
    case 'undo-finished':
      return event.outcome === 'refused' || event.outcome === 'failed' ? 'bad' : 'plain';
    default:
      return 'plain';
  }
}

/** How many people a quorum is, and who of them has approved; nothing of one. */
export function ofPeople(quorum: number, by: string[] = []): string {
  if (quorum === 1) return '';
  return ` of ${quorum} people${by.length === 0 ? '' : ` (so far: ${by.join(', ')})`}`;
}

export const procedureOutcomes = { done: 'done', 'not-done': 'not done', observed: 'only planned' } as const;

/** Whom a recovery that is not healthy leads to, and when. */
export function pagesAt(deadline: string): string {
  return `a person is paged at ${clockTime(deadline)} unless it is healthy by then`;
}

/** A point after the recovery: `[x]` what is done, `[!]` what was found, `[-]` what cannot be seen, `[ ]` what waits. */
export function pointText({ text, state, saw }: PostRecoveryItem): string {
  return `${MARKS[state]} ${text}: ${saw}`;
}

const MARKS = { done: '[x]', found: '[!]', 'not-possible': '[-]', open: '[ ]' } as const;
