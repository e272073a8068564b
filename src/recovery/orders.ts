import type { OrderName } from './events.ts';
import { openPage } from './fold-pages.ts';
import { orderUnderWay } from './ordered.ts';
import { isSamePerson } from './people.ts';
import { activeAttempt, canLook, effectiveMode, sessionStands } from './policy.ts';
import { refuseWithoutRootCause } from './post-recovery.ts';
import type { Attempt, OrderArgs, RecoveryRecord } from './record.ts';
import { mayStand } from './undoing.ts';

/** What a person orders, as a message carries it. `id` makes a repeat harmless; `recoveryId` keeps it from another recovery. */
export interface Order {
  id: string;
  recoveryId: string;
  name: OrderName;
  actor: string;
  verified: boolean;
  args: OrderArgs;
}

/** Why an order cannot be taken now, with what is possible instead; null if it can. */
export function refusalOf(record: RecoveryRecord, order: Order): string | null {
  if (order.recoveryId !== record.recoveryId) {
    return `this is recovery ${record.recoveryId}, not ${order.recoveryId}: look it up again with kintsugi list`;
  }
  if (record.closed !== null) return `this recovery has ended (${record.closed.outcome})`;
  if (record.forward !== null && order.name !== 'cancel')
    return `this run only forwards: give the order to ${record.forward.to}`;
  switch (order.name) {
    case 'approve':
    case 'reject':
      return refuseAnswer(record, order);
    case 'acknowledge':
      return openPage(record) === null ? noPage(record) : null;
    case 'undo':
      return undoable(record, order) === null ? 'no change of this recovery stands that could be undone' : null;
    case 'rollback':
    case 'run':
      return refuseRequest(record, order);
    case 'close':
    case 'cancel':
      return record.closing === null
        ? refuseWithoutRootCause(record, order)
        : `it is being closed already (${record.closing.order} by ${record.closing.actor})`;
  }
}

/** A page is acknowledged from the moment it is due, even before a provider has taken it, until it is resolved. */
function noPage(record: RecoveryRecord): string {
  const last = record.pages.at(-1)?.resolved;
  if (last != null) return `the page is over: ${last.reason}`;
  return `nobody is paged yet: the deadline is ${record.episode.deadline}`;
}

function refuseAnswer(record: RecoveryRecord, order: Order): string | null {
  const asked = record.attempts.find(({ stage }) => stage === 'asked');
  if (asked === undefined) return `nothing waits for approval now; possible: ${possibleOrders(record).join(', ')}`;
  const { n, digest } = order.args;
  if (typeof n === 'number' && n !== asked.n)
    return `attempt ${n} does not wait for approval, attempt ${asked.n} (${asked.remedy}) does`;
  if (typeof digest === 'string' && digest !== asked.approval?.digest) {
    return `the plan has changed since: look at it again (digest ${asked.approval?.digest})`;
  }
  const unproven = !order.verified && asked.developmentCluster !== true;
  if (order.name === 'approve' && unproven && asked.plans.some(({ risk }) => risk === 'high')) {
    return `${asked.remedy} is of high risk: it takes an approval by a person whom the front door has verified`;
  }
  return order.name === 'approve' ? refuseSecondVoice(asked, order.actor) : null;
}

/** A quorum is of different people: the same one again adds nothing, and is told so. */
function refuseSecondVoice({ approval, remedy }: Attempt, actor: string): string | null {
  if (approval === null || !approval.by.some((name) => isSamePerson(name, actor))) return null;
  const wanting = approval.quorum - approval.by.length;
  return `${actor.trim()} has approved ${remedy} already: it takes ${wanting} more, each another person`;
}

/** Something is done on the target only where something may be written at all, and one thing at a time. */
function refuseRequest(record: RecoveryRecord, { args }: Order): string | null {
  const { closing } = record;
  if (closing !== null) return `it is being closed (${closing.order} by ${closing.actor})`;
  if (record.runbook === null) return 'the runbook is not loaded yet: try again in a moment';
  if (!canLook(record)) return 'there is no workload that anything could be done to';
  const isProcedure = typeof args.runbook === 'string';
  // A procedure goes by the mode of its own runbook, and ends at its plan where that is observe.
  if (effectiveMode(record) === 'observe' && !isProcedure) {
    return 'the mode here is observe, in which nothing is written: the most cautious of worker, runbook and start holds';
  }
  const under = isProcedure ? anythingUnderWay(record) : orderUnderWay(record, activeAttempt(record));
  if (under === null) return null;
  const possible = possibleOrders(record, ['approve', 'reject', 'undo', 'close']).join(', ');
  return `${under.what}, which ${under.by} ordered, is still under way; possible: ${possible || 'nothing yet'}`;
}

/** What another runbook cannot take over: everything but an attempt that only waits for a person. */
function anythingUnderWay(record: RecoveryRecord): { what: string; by: string } | null {
  const active = activeAttempt(record);
  const ordered = orderUnderWay(record, active);
  if (ordered !== null) return ordered;
  if (sessionStands(record)) return { what: 'a debug session', by: 'a person' };
  const waits = active === null || (active.stage === 'asked' && active.actions.length === 0);
  return waits ? null : { what: active.remedy, by: `runbook ${record.runbookName}` };
}

/** The attempt that an `undo` order is about: the one named, else the last whose change stands. */
export function undoable(record: RecoveryRecord, order: Order): number | null {
  const standing = record.attempts.filter(
    (attempt) => attempt.stage !== 'undoing' && attempt.actions.some((action) => mayStand(action, attempt)),
  );
  const named = order.args.n;
  if (typeof named === 'number') return standing.some(({ n }) => n === named) ? named : null;
  return standing.at(-1)?.n ?? null;
}

const ALL: readonly OrderName[] = ['approve', 'reject', 'acknowledge', 'undo', 'rollback', 'run', 'close'];

/** The orders that would be taken now, of those that are asked about. */
export function possibleOrders(record: RecoveryRecord, among: readonly OrderName[] = ALL): OrderName[] {
  if (record.closed !== null || record.forward !== null) return [];
  const asked = record.attempts.some(({ stage }) => stage === 'asked');
  return among.filter((name) => {
    if (name === 'approve' || name === 'reject') return asked;
    // What has to be told with the order is no reason why it could not be given.
    const args: OrderArgs = name === 'close' ? { rootCause: 'asked' } : {};
    const probe: Order = { id: '', recoveryId: record.recoveryId, name, actor: '', verified: false, args };
    return refusalOf(record, probe) === null;
  });
}
