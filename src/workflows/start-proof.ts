import type { EventBody } from '../recovery/events.ts';
import type { RecoveryRecord } from '../recovery/record.ts';
import { judgeProof } from './order-proof.ts';

/** How far the time of a signature may lie from that of its start: longer, and it may have been read in a history and played back. */
const MOST_APART_MS = 5 * 60_000;

/** What the signature of a start comes to, with the keys that came with the runbook; nothing where there is none to judge. */
export function judgedStart(record: RecoveryRecord, keys: readonly string[] = []): EventBody[] {
  if (record.unjudgedStart === undefined) return [];
  const doubt = doubtOf(record, record.unjudgedStart, keys);
  return [{ kind: 'start-judged', verified: doubt === null, ...(doubt === null ? {} : { doubt }) }];
}

function doubtOf(
  { startedAt, openedAt }: RecoveryRecord,
  { order, proof }: NonNullable<RecoveryRecord['unjudgedStart']>,
  keys: readonly string[],
): string | null {
  switch (judgeProof(order, proof, keys)) {
    case 'unknown-key':
      return keys.length === 0
        ? 'nobody is verified here: the worker has no KINTSUGI_ORDER_PUBLIC_KEY'
        : `it is signed by a key that the worker does not know (${proof.key})`;
    case 'forged':
      return `the signature is not of this start in the name of ${order.actor}: it was altered`;
    case 'verified':
      return isTimely(proof.at, startedAt ?? openedAt) ? null : `it was signed at ${proof.at}, for another start`;
  }
}

function isTimely(signedAt: string, startedAt: string): boolean {
  return Math.abs(Date.parse(startedAt) - Date.parse(signedAt)) <= MOST_APART_MS;
}
