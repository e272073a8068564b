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
  | 'closed';

/** The phase of a record; what is done to the target outranks an open page. */
export function phaseOf(record: RecoveryRecord): Phase {
  if (record.closed !== null) return 'closed';
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
