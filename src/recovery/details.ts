import { spanText } from './durations.ts';
import { openPage } from './fold-pages.ts';
import { formatTarget } from './ids.ts';
import { possibleOrders } from './orders.ts';
import { othersFiring } from './other-runbooks.ts';
import { phaseOf } from './phase.ts';
import { effectiveMode, leadingFinding, standingChanges } from './policy.ts';
import type { Attempt, RecoveryRecord } from './record.ts';

/**
 * The Markdown that the Temporal UI shows as a run's current details: phase, cause, what was changed, time left, what it
 * waits for. Times are absolute, since the text is read long after it was written.
 */
export function detailsOf(record: RecoveryRecord): string {
  const lines = [
    headline(record),
    '',
    `**Phase:** ${phaseOf(record)} · **Mode:** ${effectiveMode(record)}`,
    timeLeft(record),
  ];
  const finding = leadingFinding(record);
  if (finding !== null) {
    lines.push('', `**Cause:** ${finding.cause} — ${finding.summary}`);
    for (const quote of finding.quotes.slice(0, 3))
      lines.push(`> ${quote.source}: \`${quote.text.replaceAll('`', "'")}\``);
  }
  const failure = record.failures.target;
  if (failure !== null) lines.push('', `**Trouble:** ${failure.step} failed: ${failure.error.message}`);
  if (record.attempts.length > 0) lines.push('', '**Remedies**', ...record.attempts.flatMap(attemptLines));
  const others = othersFiring(record);
  if (others.length > 0)
    lines.push('', '**Also firing:**', ...others.map(({ name, runbook }) => `- ${name} of runbook ${runbook}`));
  const standing = standingChanges(record);
  if (standing.length > 0) lines.push('', '**Changes that stand:**', ...standing.map((change) => `- ${change}`));
  lines.push(...mitigationLines(record));
  const orders = possibleOrders(record);
  if (orders.length > 0) lines.push('', `**Possible orders:** ${orders.join(', ')}`);
  return lines.join('\n');
}

function mitigationLines({ mitigation, closed }: RecoveryRecord): string[] {
  if (mitigation === undefined) return [];
  const { owner, expiresAt, git, saw, patch } = mitigation;
  const until = closed === null ? `held off until ${expiresAt} at the latest` : 'was held off';
  return [
    '',
    `**Mitigated:** ${owner} is ${until}; Git ${git === 'equal' ? 'has the change' : `lacks the change: ${saw}`}. **To commit:**`,
    '```yaml',
    patch,
    '```',
  ];
}

function headline(record: RecoveryRecord): string {
  const { target } = record;
  const name = target === null ? record.workflowId : formatTarget(target);
  if (record.closed !== null) return `### ${name}: ${record.closed.outcome}`;
  return `### ${name}: ${record.look.saw || 'no look taken yet'}`;
}

function timeLeft(record: RecoveryRecord): string {
  const page = openPage(record);
  if (record.recovered !== null)
    return `**Recovered** (by ${record.recovered.by}) at ${record.recovered.at}; settling until the alerts have resolved`;
  if (page !== null) return `**Paged** at ${page.rungs[0]?.dueAt}: ${page.rungs[0]?.why}`;
  const left = Date.parse(record.episode.deadline) - Date.parse(record.now);
  return `**Pages a person** at ${record.episode.deadline} (${spanText(left)} after ${record.now})`;
}

function attemptLines(attempt: Attempt): string[] {
  const why = attempt.why === undefined ? '' : ` (${attempt.why})`;
  const lines = [`- ${attempt.n}. ${attempt.remedy} for ${attempt.cause}: **${attempt.stage}**${why}`];
  for (const plan of attempt.plans) lines.push(`    - ${plan.summary}`);
  for (const line of attempt.actions.flatMap(({ saw = [] }) => saw)) lines.push(`    - found: ${line}`);
  if (attempt.approval !== null && attempt.stage === 'asked') {
    lines.push(`    - waits for approval until ${attempt.approval.expiresAt}: ${attempt.approval.why}`);
  }
  if (attempt.heldBack !== null && attempt.stage !== 'verified') lines.push(`    - held back: ${attempt.heldBack.why}`);
  return lines;
}
