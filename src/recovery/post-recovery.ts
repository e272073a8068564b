import type { PostRecoveryPoint } from '../runbook/schema.ts';
import type { Clock } from './clock.ts';
import { milliseconds } from './durations.ts';
import type { EventBody, RecoveryEvent } from './events.ts';
import type { Order } from './orders.ts';
import { canLook, leadingFinding, onlyObserved } from './policy.ts';
import type { RecoveryRecord } from './record.ts';
import { runbookSuggestions } from './runbook-suggestions.ts';
import type { PostRecoveryItem } from './values.ts';

/**
 * The runbook's points after a recovery. What can be looked at is filled in once, when the target has stood for a while; what
 * the record itself tells is said at any time, so that it is never older than the record.
 */

const LOOKED_AT: ReadonlySet<string> = new Set(['function', 'metrics', 'logs']);

function pointsOf(record: RecoveryRecord): PostRecoveryPoint[] {
  return record.runbook?.content.spec.postRecovery?.points ?? [];
}

/** The points that are read from the cluster and from Prometheus. */
export function lookedAtPoints(record: RecoveryRecord): PostRecoveryPoint[] {
  return pointsOf(record).filter(({ id }) => LOOKED_AT.has(id));
}

/**
 * Whether the points are to be filled in now: when the target has stood for the runbook's time, and before the recovery ends by
 * itself. In observe nothing was recovered.
 */
export function isPostRecoveryDue(record: RecoveryRecord, clock: Clock): boolean {
  const { recovered, closing, postRecovery, runbook } = record;
  const asked = runbook?.content.spec.postRecovery;
  if (recovered === null || closing !== null || postRecovery !== undefined || asked === undefined) return false;
  if (!canLook(record) || onlyObserved(record)) return false;
  const settle = milliseconds(runbook?.content.spec.settle ?? '30m');
  return clock.passed(recovered.at, Math.min(milliseconds(asked.after), settle));
}

/** All points of the runbook, with what was just seen of those that were looked at. */
export function postRecoveryEvent(record: RecoveryRecord, seen: PostRecoveryItem[]): EventBody {
  return { kind: 'post-recovery', items: itemsOf(record, seen) };
}

/** The points as they stand: none before the target has recovered, nor where the runbook has none. */
export function postRecoveryItems(record: RecoveryRecord): PostRecoveryItem[] {
  return record.recovered === null ? [] : itemsOf(record, record.postRecovery?.items ?? []);
}

function itemsOf(record: RecoveryRecord, seen: PostRecoveryItem[]): PostRecoveryItem[] {
  return pointsOf(record).map((point) => {
    const { id, text } = point;
    const own = ownAnswer(record, id);
    if (own !== null) return { id, text, ...own };
    return seen.find((item) => item.id === id) ?? { id, text, ...notLookedAt(record) };
  });
}

type Answer = Pick<PostRecoveryItem, 'state' | 'saw'>;

function notLookedAt(record: RecoveryRecord): Answer {
  const { postRecovery, closed, closing } = record;
  if (postRecovery?.error !== undefined) return { state: 'not-possible', saw: postRecovery.error };
  if (closed !== null || closing !== null) return { state: 'open', saw: 'the recovery ended before it was looked at' };
  const { after = '5m' } = record.runbook?.content.spec.postRecovery ?? {};
  return { state: 'open', saw: `looked at ${after} after the recovery` };
}

/** What the record answers by itself; null for what has to be looked at. */
function ownAnswer(record: RecoveryRecord, id: PostRecoveryPoint['id']): Answer | null {
  switch (id) {
    case 'root-cause':
      return rootCauseAnswer(record);
    case 'runbook': {
      const suggestions = runbookSuggestions(record);
      if (suggestions.length > 0) return { state: 'found', saw: suggestions.join('; ') };
      return { state: 'done', saw: 'nothing of this recovery speaks for a change of the runbook' };
    }
    case 'post-mortem':
      return { state: 'open', saw: `its draft: kintsugi post-mortem ${record.recoveryId} -o post-mortem.md` };
    default:
      return null;
  }
}

/** What a person said was really wrong. */
export function rootCauseOf({ closing, closed }: RecoveryRecord): string | null {
  const said = (closing?.rootCause ?? closed?.rootCause ?? '').trim();
  return said === '' ? null : said;
}

function rootCauseAnswer(record: RecoveryRecord): Answer {
  const said = rootCauseOf(record);
  if (said !== null) return { state: 'done', saw: said };
  const { cause = 'unknown', summary = 'no cause was seen' } = leadingFinding(record) ?? {};
  const seen = `seen was ${cause}: ${summary}; what led to it a person says`;
  if (record.closed !== null) return { state: 'open', saw: seen };
  return { state: 'open', saw: `${seen}: kintsugi close ${record.recoveryId} --root-cause TEXT --actor YOU` };
}

/** Whether people were called for it: about a hold alone they are not, the target is well then. */
export function wasEscalated({ pages }: RecoveryRecord): boolean {
  return pages.some(({ about }) => about === undefined);
}

/** Whoever ends a recovery that people were paged for says what was really wrong, where the runbook asks for it. */
export function refuseWithoutRootCause(
  record: RecoveryRecord,
  { name, args }: Pick<Order, 'name' | 'args'>,
): string | null {
  if (name !== 'close' || !wasEscalated(record) || !pointsOf(record).some(({ id }) => id === 'root-cause')) return null;
  if (typeof args.rootCause === 'string' && args.rootCause.trim() !== '') return null;
  return 'people were paged for it, so closing it takes the root cause: --root-cause TEXT (rootCause in the order); where it is not known yet, say what is known and who finds out the rest';
}

/** The points' part of the fold. A step that failed after its retries is not repeated: the points say why they are empty. */
export function foldPostRecovery(record: RecoveryRecord, event: RecoveryEvent): RecoveryRecord {
  switch (event.kind) {
    case 'post-recovery':
      return { ...record, postRecovery: { at: event.at, items: event.items } };
    case 'step-failed':
      if (event.step !== 'post-recovery') return record;
      return { ...record, postRecovery: { at: event.at, items: [], error: event.error.message } };
    case 'relapsed':
    case 'runbook-changed': {
      const { postRecovery: _, ...rest } = record;
      return rest;
    }
    default:
      return record;
  }
}
