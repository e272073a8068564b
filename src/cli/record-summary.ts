import { answerCommand, askedAttempt } from '../recovery/answers.ts';
import type { Attempt } from '../recovery/attempt.ts';
import { openPage } from '../recovery/fold-pages.ts';
import { formatTarget } from '../recovery/ids.ts';
import { type PersonsOrder, possibleOrders } from '../recovery/orders.ts';
import { phaseOf } from '../recovery/phase.ts';
import { planDiff } from '../recovery/plan-diff.ts';
import { activeAttempt, effectiveMode, leadingFinding, modeReason, standingChanges } from '../recovery/policy.ts';
import { postRecoveryItems } from '../recovery/post-recovery.ts';
import { putBackLines } from '../recovery/put-back.ts';
import type { RecoveryRecord } from '../recovery/record.ts';
import { silencedBy, silenceText } from '../recovery/silences.ts';
import { isInHand } from '../recovery/take-over.ts';
import { indented, legibleAll } from '../recovery/words.ts';
import {
  because,
  clockTime,
  dataLossText,
  ofPeople,
  pagesAt,
  plansText,
  pointText,
  procedureOutcomes,
  recoveredBy,
} from './sentences.ts';

/** Recoveries as people read them in a terminal. Pure: text without colour, times in UTC. */

/** A recovery as it stands, in a few lines: what, where it is, why, what was done, what is possible. */
export function recordSummary(recorded: RecoveryRecord): string {
  const record = legibleAll(recorded);
  const { diagnosis, look } = record;
  const finding = leadingFinding(record);
  const saw = look.saw || diagnosis?.saw;
  const rows: [string, string][] = [
    ['recovery', record.recoveryId],
    ['runbook', record.runbookName],
    ['phase', `${phaseOf(record)}${record.closed === null ? '' : ` (${record.closed.outcome})`}`],
    ['mode', `${effectiveMode(record)} (${modeReason(record)})`],
    ...silenceRows(record),
    ['seen', saw ?? 'nothing yet'],
    ['cause', finding === null ? causeUnknown(record) : `${finding.cause}: ${finding.summary}`],
    ...procedureRows(record),
    ...record.attempts.flatMap((attempt) => attemptRows(record, attempt)),
    ...standingRows(record),
    ...mitigationRows(record),
    ['people', peopleText(record)],
    ...(record.notes ?? []).map(({ by, at, text }): [string, string] => ['note', `${clockTime(at)} ${by}: ${text}`]),
    ...postRecoveryItems(record).map((item, index): [string, string] => [
      index === 0 ? 'afterwards' : '',
      pointText(item),
    ]),
  ];
  const orders = possibleOrders(record);
  if (orders.length > 0) rows.push(['orders', `possible now: ${orders.map(commandOf).join(', ')}`]);
  const title = record.target === null ? record.workflowId : formatTarget(record.target);
  const lost = dataLossText(activeAttempt(record)?.plans ?? []).trim();
  return [
    ...(lost === '' ? [] : [lost]),
    title,
    ...rows.map(([name, text]) => `  ${name.padEnd(10)} ${indented(text, 13)}`),
  ].join('\n');
}

/** What stands; to somebody who has it in hand also how each is put back. */
function standingRows(record: RecoveryRecord): [string, string][] {
  const { takenOver } = record;
  if (takenOver === undefined) return standingChanges(record).map((change) => ['stands', change]);
  const { by, at, reason } = takenOver;
  const who = `${by} since ${clockTime(at)}${because(reason)}: automation writes nothing until it is handed back`;
  const lines = putBackLines(record);
  return [
    ['taken over', `by ${who}`],
    ...(lines.length === 0 ? ['nothing of this recovery'] : lines).map((line, index): [string, string] => [
      index === 0 ? 'stands' : '',
      line,
    ]),
  ];
}

/** The silence that holds, what it holds, and what of silences could not be read. */
function silenceRows(record: RecoveryRecord): [string, string][] {
  const silence = silencedBy(record);
  const { held = null, unread = [] } = record.silences ?? {};
  const since = held === null ? '' : `; a page is held since ${clockTime(held.at)}: ${held.why}`;
  return [
    ...(silence === null ? [] : [['silenced', `${silenceText(silence)}${since}`] satisfies [string, string]]),
    ...(record.closed === null ? unread : []).map(({ source, why }): [string, string] => [
      'not read',
      `${source}: ${why}`,
    ]),
  ];
}

function causeUnknown({ diagnosis }: RecoveryRecord): string {
  return diagnosis?.healthy === true ? 'none: it is healthy' : 'not known yet';
}

function procedureRows({ procedure, next, runbook }: RecoveryRecord): [string, string][] {
  const ordered: [string, string][] =
    next === undefined ? [] : [['next', `${next.procedure ?? next.runbook}, ordered by ${next.by}`]];
  if (procedure === undefined) return ordered;
  const values = Object.entries(runbook?.content.spec.params ?? {}).map(([name, value]) => `${name}=${String(value)}`);
  const given = values.length === 0 ? '' : ` with ${values.join(', ')}`;
  const end = procedure.ended === null ? '' : `: ${procedureOutcomes[procedure.ended.outcome]}: ${procedure.ended.why}`;
  return [['procedure', `${procedure.name ?? 'not loaded yet'}, started by ${procedure.by}${given}${end}`], ...ordered];
}

/** The command that gives an order: `kintsugi run` starts a recovery. */
function commandOf(order: PersonsOrder): string {
  if (order === 'acknowledge') return 'ack';
  return order === 'run' ? 'debug' : order.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function mitigationRows({ mitigation }: RecoveryRecord): [string, string][] {
  if (mitigation === undefined) return [];
  const { owner, expiresAt, git, saw, patch } = mitigation;
  const state = git === 'equal' ? 'Git has the change' : `Git lacks the change (${saw})`;
  const [first = '', ...rest] = patch.split('\n');
  return [
    ['mitigated', `${owner} is held off until ${clockTime(expiresAt)} at the latest; ${state}`],
    ['to commit', first],
    ...rest.map((line): [string, string] => ['', line]),
  ];
}

function peopleText(record: RecoveryRecord): string {
  const page = openPage(record);
  if (page !== null) {
    const taken = page.rungs.flatMap(({ tries }) => tries.filter((attempt) => attempt.taken));
    const by =
      taken.length === 0 ? 'nobody has taken it yet' : `taken by ${taken.map(({ notifier }) => notifier).join(', ')}`;
    const { acknowledged } = page;
    const hands = acknowledged === undefined ? '' : `, acknowledged by ${acknowledged.by}`;
    return `paged at ${clockTime(page.rungs[0]?.dueAt ?? '')}: ${page.rungs[0]?.why ?? ''} (${by}${hands})`;
  }
  if (isInHand(record)) return `nobody is paged: it is in the hands of ${record.takenOver?.by}`;
  if (record.recovered !== null) {
    return `nobody is paged; it recovered ${recoveredBy[record.recovered.by]} at ${clockTime(record.recovered.at)}`;
  }
  return record.closed === null ? pagesAt(record.episode.deadline) : 'nobody is paged';
}

/** An attempt; while people are asked for it, with what they would approve, and how exactly that is done. */
function attemptRows(record: RecoveryRecord, attempt: Attempt): [string, string][] {
  const asked =
    askedAttempt(record)?.n === attempt.n
      ? [...attempt.plans.flatMap(planDiff), `to approve it: ${answerCommand('approve', record.recoveryId, attempt)}`]
      : [];
  return [[`attempt ${attempt.n}`, attemptText(attempt)], ...asked.map((line): [string, string] => ['', `  ${line}`])];
}

function attemptText(attempt: Attempt): string {
  const { remedy, cause, stage, why, plans, approval, ordered, retried } = attempt;
  const waits =
    stage === 'asked' && approval !== null
      ? `${ofPeople(approval.quorum, approval.by)} until ${clockTime(approval.expiresAt)}: ${approval.why}`
      : '';
  const named = retried === undefined ? '' : `, named by ${retried.by}`;
  const whose = ordered?.procedure === true ? `, started by ${ordered.by}` : ` for ${cause}${named}`;
  return `${remedy}${whose}: ${stage}${waits}${because(why)}: ${plansText(plans)}`;
}
