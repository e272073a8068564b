import { answerMessage, askedAttempt } from './answers.ts';
import type { Attempt } from './attempt.ts';
import { spanText } from './durations.ts';
import { openPage } from './fold-pages.ts';
import { formatTarget } from './ids.ts';
import { code, codeBlock, md } from './markdown.ts';
import { possibleOrders } from './orders.ts';
import { othersFiring } from './other-runbooks.ts';
import { dataLossOf } from './page.ts';
import { phaseOf } from './phase.ts';
import { activeAttempt, effectiveMode, leadingFinding, modeReason, standingChanges } from './policy.ts';
import { postRecoveryItems } from './post-recovery.ts';
import { putBackLines } from './put-back.ts';
import type { RecoveryRecord } from './record.ts';
import { silencedBy, silenceText } from './silences.ts';

/**
 * The Markdown that the Temporal UI shows as a run's current details: phase, cause, what was changed, time left, what it
 * waits for. Times are absolute, since the text is read long after it was written. What others wrote is no markup in it (`md`).
 */
export function detailsOf(record: RecoveryRecord): string {
  const lines = [
    ...dataLossLines(record),
    headline(record),
    '',
    md`**Phase:** ${phaseOf(record)} · **Mode:** ${effectiveMode(record)} (${modeReason(record)})`,
    timeLeft(record),
    ...silenceLines(record),
  ];
  const finding = leadingFinding(record);
  if (finding !== null) {
    lines.push('', md`**Cause:** ${finding.cause} — ${finding.summary}`);
    for (const quote of finding.quotes.slice(0, 3)) lines.push(`${md`> ${quote.source}`}: ${code(quote.text)}`);
  }
  lines.push(...procedureLines(record));
  const failure = record.failures.target;
  if (failure !== null) lines.push('', md`**Trouble:** ${failure.step} failed: ${failure.error.message}`);
  if (record.attempts.length > 0)
    lines.push('', '**Remedies**', ...record.attempts.flatMap((attempt) => attemptLines(record, attempt)));
  const others = othersFiring(record);
  if (others.length > 0)
    lines.push('', '**Also firing:**', ...others.map(({ name, runbook }) => md`- ${name} of runbook ${runbook}`));
  const standing = standingChanges(record);
  if (standing.length > 0)
    lines.push(
      '',
      '**Changes that stand:**',
      ...(record.takenOver === undefined
        ? standing.map((change) => md`- ${change}`)
        : putBackLines(record).map(putBack)),
    );
  if (record.notes !== undefined)
    lines.push('', '**Notes**', ...record.notes.map(({ by, at, text }) => md`- ${at} ${by}: ${text}`));
  lines.push(...mitigationLines(record));
  lines.push(...postRecoveryLines(record));
  const orders = possibleOrders(record);
  if (orders.length > 0) lines.push('', md`**Possible orders:** ${orders.join(', ')}`);
  return lines.join('\n');
}

/** A line keeps its place: how a change is put back stands below it. */
function putBack(line: string): string {
  const [, place = '', text = ''] = /^(\s*(?:- )?)(.*)$/s.exec(line) ?? [];
  return `${place}${md`${text}`}`;
}

function silenceLines(record: RecoveryRecord): string[] {
  const silence = silencedBy(record);
  if (silence === null) return [];
  const held = record.silences?.held == null ? '' : `; a page is held since ${record.silences.held.at}`;
  return ['', md`**Maintenance:** ${silenceText(silence)}${held}`];
}

function procedureLines({ procedure, runbook, next }: RecoveryRecord): string[] {
  const ordered =
    next === undefined ? [] : ['', md`**Next:** ${next.procedure ?? next.runbook}, ordered by ${next.by}`];
  if (procedure === undefined) return ordered;
  const values = Object.entries(runbook?.content.spec.params ?? {}).map(([name, value]) => `${name}=${String(value)}`);
  const end = procedure.ended === null ? '' : `: ${procedure.ended.outcome}, ${procedure.ended.why}`;
  const given = values.length === 0 ? '' : ` with ${values.join(', ')}`;
  return [
    '',
    md`**Procedure:** ${procedure.name ?? 'not loaded yet'}, started by ${procedure.by}${given}${end}`,
    ...ordered,
  ];
}

function mitigationLines({ mitigation, closed }: RecoveryRecord): string[] {
  if (mitigation === undefined) return [];
  const { owner, expiresAt, git, saw, patch } = mitigation;
  const until = closed === null ? `held off until ${expiresAt} at the latest` : 'was held off';
  return [
    '',
    md`**Mitigated:** ${owner} is ${until}; Git ${git === 'equal' ? 'has the change' : `lacks the change: ${saw}`}. **To commit:**`,
    ...codeBlock(patch, 'yaml'),
  ];
}

function postRecoveryLines(record: RecoveryRecord): string[] {
  const items = postRecoveryItems(record);
  if (items.length === 0) return [];
  return [
    '',
    '**After the recovery:**',
    ...items.map(({ text, state, saw }) => `- [${state === 'done' ? 'x' : ' '}] ${md`${text} — ${state}: ${saw}`}`),
  ];
}

/** What cannot be had back stands before everything else while people are asked for it, or it is being done (safety 14). */
function dataLossLines(record: RecoveryRecord): string[] {
  const active = activeAttempt(record);
  const lost = active === null ? [] : dataLossOf(active.plans);
  return lost.length === 0 ? [] : [md`**Data loss:** ${lost.join('; ')}`, ''];
}

function headline(record: RecoveryRecord): string {
  const { target } = record;
  const name = target === null ? record.workflowId : formatTarget(target);
  if (record.closed !== null) {
    const { outcome, why } = record.closed;
    return md`### ${name}: ${outcome}${why === undefined ? '' : `: ${why}`}`;
  }
  return md`### ${name}: ${record.look.saw || 'no look taken yet'}`;
}

function timeLeft(record: RecoveryRecord): string {
  if (record.closed !== null) return md`**Ended** at ${record.closed.at}`;
  const page = openPage(record);
  if (record.takenOver !== undefined && record.recovered === null)
    return md`**In the hands of ${record.takenOver.by}** since ${record.takenOver.at}: nothing is written until it is handed back`;
  if (record.recovered !== null)
    return md`**Recovered** (by ${record.recovered.by}) at ${record.recovered.at}; settling until the alerts have resolved`;
  if (page !== null) {
    const { acknowledged } = page;
    const hands = acknowledged === undefined ? '' : `; acknowledged by ${acknowledged.by} at ${acknowledged.at}`;
    return md`**Paged** at ${page.rungs[0]?.dueAt ?? ''}: ${page.rungs[0]?.why ?? ''}${hands}`;
  }
  const left = Date.parse(record.episode.deadline) - Date.parse(record.now);
  return `**Pages a person** at ${record.episode.deadline} (${spanText(left)} after ${record.now})`;
}

function attemptLines(record: RecoveryRecord, attempt: Attempt): string[] {
  const why = attempt.why === undefined ? '' : ` (${attempt.why})`;
  const { ordered } = attempt;
  const whose = ordered === undefined ? `for ${attempt.cause}` : `ordered by ${ordered.by}`;
  const lines = [md`- ${attempt.n}. ${attempt.remedy} ${whose}: **${attempt.stage}**${why}`];
  for (const plan of attempt.plans) lines.push(md`    - ${plan.summary}`);
  for (const line of attempt.actions.flatMap(({ saw = [] }) => saw)) lines.push(md`    - found: ${line}`);
  if (attempt.approval !== null && askedAttempt(record)?.n === attempt.n) {
    const { quorum, by, expiresAt, why: asks } = attempt.approval;
    const people =
      quorum === 1 ? '' : ` of ${quorum} people (${by.length} so far${by.length === 0 ? '' : `: ${by.join(', ')}`})`;
    lines.push(md`    - waits for approval${people} until ${expiresAt}: ${asks}`);
    // The argument of the update, ready to be copied: an approval says which plan it is of.
    for (const name of ['approve', 'reject'] as const)
      lines.push(`    - to ${name} it, update \`${name}\` with \`${answerMessage(name, record.recoveryId, attempt)}\``);
  }
  if (attempt.heldBack !== null && attempt.stage !== 'verified')
    lines.push(md`    - held back: ${attempt.heldBack.why}`);
  return lines;
}
