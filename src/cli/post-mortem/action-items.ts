import { causeEntry, leadingFinding, standingChanges } from '../../recovery/policy.ts';
import { postRecoveryItems, rootCauseOf } from '../../recovery/post-recovery.ts';
import type { RecoveryRecord } from '../../recovery/record.ts';
import { runbookSuggestions } from '../../recovery/runbook-suggestions.ts';
import { NOT_KNOWN, plain } from './markdown.ts';

/** What is left to do, each open: who does it, and until when, people decide. */
export function actionItems(record: RecoveryRecord): string {
  const items = [
    ...(rootCauseOf(record) === null ? ['Find and document the root cause'] : []),
    ...(record.closed?.standing ?? standingChanges(record)).map(
      (change) => `Keep in Git, or take back: ${plain(change)}`,
    ),
    ...runbookSuggestions(record).map((line) => `Runbook: ${plain(line)}`),
    ...postRecoveryItems(record)
      .filter(({ state }) => state === 'found' || state === 'not-possible')
      .filter(({ id }) => id !== 'runbook')
      .map(({ text, saw }) => `${plain(text)}: ${plain(saw)}`),
    ...prevention(record).map((point) => `To prevent it: ${plain(point)}`),
  ];
  const open = items.map((item) => `- [ ] ${item} (who, until when: ${NOT_KNOWN})`);
  return [...open, `- [ ] ${NOT_KNOWN}`, ...patch(record)].join('\n');
}

function prevention(record: RecoveryRecord): string[] {
  if (record.prevention.length > 0) return record.prevention;
  const finding = leadingFinding(record);
  return finding === null ? [] : (causeEntry(record, finding.cause)?.prevention ?? []);
}

function patch({ closed, mitigation }: RecoveryRecord): string[] {
  const wanting = closed?.patch ?? mitigation?.patch;
  return wanting === undefined ? [] : ['', 'To commit in Git:', '', '```yaml', wanting.trimEnd(), '```'];
}

/** What no record can say, and what this one does not. */
export function openQuestions(record: RecoveryRecord): string {
  const finding = leadingFinding(record);
  const unseen = finding === null || finding.cause === 'unknown' ? ['Which cause it was'] : [];
  const root = rootCauseOf(record) === null ? ['What led to the cause that was seen'] : [];
  const helped = record.attempts.some(({ stage }) => stage === 'verified')
    ? []
    : ['What made the target healthy, if it is'];
  return [...unseen, ...root, ...helped, 'What went well, and where luck helped', 'Whether it can happen elsewhere']
    .map((question) => `- ${question}: ${NOT_KNOWN}`)
    .join('\n');
}
