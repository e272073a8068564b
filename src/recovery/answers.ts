import type { Attempt } from './attempt.ts';
import { harmText } from './destructive.ts';
import type { Order } from './orders.ts';
import { isSamePerson } from './people.ts';
import type { RecoveryRecord } from './record.ts';

/**
 * Answers to a question for approval: `approve` and `reject`. An approval says which plan it is of, for the plan that waits when it
 * arrives may be another than the one that was seen; where harm can be done, or several people are to agree, only verified ones count.
 */

/** The attempt that waits for an answer; none does any more once the recovery is being closed. */
export function askedAttempt({ attempts, closing, formerRules }: RecoveryRecord): Attempt | null {
  if (closing !== null && formerRules !== true) return null;
  return attempts.find(({ stage }) => stage === 'asked') ?? null;
}

/** Why an answer cannot be taken now; null if it can. */
export function refuseAnswer(record: RecoveryRecord, order: Order): string | null {
  const { closing, formerRules } = record;
  if (closing !== null && formerRules !== true) return `it is being closed (${closing.order} by ${closing.actor})`;
  const asked = askedAttempt(record);
  if (asked === null) return nothingAsked(record);
  const { n, digest } = order.args;
  if (typeof n === 'number' && n !== asked.n)
    return `attempt ${n} does not wait for approval, attempt ${asked.n} (${asked.remedy}) does`;
  if (typeof digest === 'string' && digest !== asked.approval?.digest) {
    return `the plan has changed since: look at it again (digest ${asked.approval?.digest})`;
  }
  if (typeof digest !== 'string' && mustNamePlan(record, asked, order)) return whichPlan(record, asked, order);
  if (order.name === 'reject') return null;
  return refuseUnverified(record, asked, order) ?? refuseSecondVoice(asked, order.actor);
}

function nothingAsked({ takenOver }: RecoveryRecord): string {
  const inHand = takenOver === undefined ? '' : `: ${takenOver.by} has taken over at ${takenOver.at}`;
  return `nothing waits for approval now${inHand}`;
}

/** A rejection does no harm but where something is taken back by it. */
function mustNamePlan({ formerRules }: RecoveryRecord, { actions }: Attempt, { name }: Order): boolean {
  return formerRules !== true && (name === 'approve' || actions.length > 0);
}

function whichPlan({ recoveryId }: RecoveryRecord, asked: Attempt, { name }: Order): string {
  const answer = name === 'approve' ? 'approve' : 'reject';
  const says = answer === 'approve' ? 'an approval says which plan it is of' : 'a rejection says which plan it is of';
  const why = answer === 'approve' ? '' : ', for it takes back what was done';
  const what = asked.plans.map(({ summary }) => summary).join('; ');
  return `${says}, by its digest${why}. Attempt ${asked.n} waits, ${asked.remedy}: ${what}. To ${answer} it: ${answerCommand(answer, recoveryId, asked)}, or as an order: ${answerMessage(answer, recoveryId, asked)}`;
}

function refuseUnverified(record: RecoveryRecord, asked: Attempt, { verified }: Order): string | null {
  if (verified || asked.developmentCluster === true) return null;
  const harm = harmOf(record, asked);
  if (harm !== null)
    return `${asked.remedy} ${harm}: it takes an approval by a person whom the front door has verified`;
  const quorum = asked.approval?.quorum ?? 1;
  if (quorum === 1 || record.formerRules === true) return null;
  return `${asked.remedy} takes ${quorum} people, and only those count whom the front door has verified: one could give several names`;
}

/** Why an attempt's plans take verified people, to follow "it"; a run that began under the former rules asked that of high risk alone. */
export function harmOf({ formerRules }: RecoveryRecord, { plans }: Attempt): string | null {
  return harmText(formerRules === true ? plans.filter(({ risk }) => risk === 'high') : plans);
}

/** Whether a question about an attempt ran out, also where what it had done is, or was, taken back for that. */
export function wentUnanswered({ formerRules }: RecoveryRecord, { stage, unanswered }: Attempt): boolean {
  return stage === 'expired' || (unanswered === true && formerRules !== true);
}

/** A quorum is of different people: the same one again adds nothing, and is told so. */
function refuseSecondVoice({ approval, remedy }: Attempt, actor: string): string | null {
  if (approval === null || !approval.by.some((name) => isSamePerson(name, actor))) return null;
  const wanting = approval.quorum - approval.by.length;
  return `${actor.trim()} has approved ${remedy} already: it takes ${wanting} more, each another person`;
}

export type Answer = 'approve' | 'reject';

/** The line by which a person answers exactly this plan. */
export function answerCommand(name: Answer, recoveryId: string, { n, approval }: Attempt): string {
  return answerLine(name, recoveryId, { n, digest: approval?.digest ?? '' });
}

/** The same of a plan by its attempt and digest. */
export function answerLine(name: Answer, recoveryId: string, { n, digest }: { n: number; digest: string }): string {
  return `kintsugi ${name} ${recoveryId} --attempt ${n} --digest ${digest} --actor YOU`;
}

/** The same as the argument of the update, for Temporal's UI; YOU stands twice for whoever gives it, since each order has its own id. */
export function answerMessage(name: Answer, recoveryId: string, { n, approval }: Attempt): string {
  const digest = approval?.digest ?? '';
  return JSON.stringify({ id: `${name}-${n}-${digest.slice(0, 8)}-YOU`, recoveryId, actor: 'YOU', n, digest });
}
