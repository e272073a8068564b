import { openPage } from './fold-pages.ts';
import { activeAttempt } from './policy.ts';
import type { RecoveryRecord } from './record.ts';

/** Where a recovery stands, in one word: the search attribute KintsugiPhase. */
export type Phase =
  | 'diagnosing'
  | 'awaiting-approval'
  | 'remediating'
  | 'verifying'
  | 'undoing'
  | 'settling'
  | 'paged'
  | 'taken-over'
  | 'closed';

/** The phase of a record; what is done to the target outranks an open page, and whose hands it is in outranks both. */
export function phaseOf(record: RecoveryRecord): Phase {
  if (record.closed !== null) return 'closed';
  if (record.takenOver !== undefined && record.recovered === null) return 'taken-over';
  const attempt = activeAttempt(record);
  switch (attempt?.stage) {
    case 'undoing':
      return 'undoing';
    case 'approved':
    case 'applying':
      return 'remediating';
    case 'applied':
    case 'failed':
      return 'verifying';
    default:
      break;
  }
  if (record.recovered !== null) return 'settling';
  if (openPage(record) !== null) return 'paged';
  return attempt?.stage === 'asked' ? 'awaiting-approval' : 'diagnosing';
}
