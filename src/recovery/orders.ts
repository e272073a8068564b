import { askedAttempt, refuseAnswer } from './answers.ts';
import type { OrderName } from './events.ts';
import { openPage } from './fold-pages.ts';
import { orderUnderWay } from './ordered.ts';
import { isSamePerson } from './people.ts';
import { activeAttempt, canLook, effectiveMode, modeReason, sessionStands } from './policy.ts';
import { refuseWithoutRootCause } from './post-recovery.ts';
import type { OrderArgs, RecoveryRecord } from './record.ts';
import { refuseExtend, refuseRetry } from './steering.ts';
import { mayStand } from './undoing.ts';

/** What a person orders, as a message carries it. `id` makes a repeat harmless; `recoveryId` keeps it from another recovery. */
export interface Order {
  id: string;
  recoveryId: string;
  name: OrderName;
  actor: string;
  /** Whether the front door has vouched for the actor, and its signature was checked. */
  verified: boolean;
  args: OrderArgs;
  /** Why a signature that came with it proves nothing here. */
  doubt?: string;
}

/** Why an order is refused that comes under an id which this recovery knows already; null if it is the same and was taken. */
export function refusalOfRepeat({ orders }: RecoveryRecord, { id, name, actor }: Order): string | null {
  const known = orders[id];
  if (known === undefined) return null;
  if (known.name !== name || known.actor !== actor)
    return `the id ${id} is that of another order (${known.name} by ${known.actor}): give each an id of its own`;
  return known.accepted ? null : (known.reason ?? 'it was refused before');
}

/** So many refused orders keep their place in the record: what a script repeats for ever does not fill it. */
const MOST_REFUSED = 100;

/** Whether an order that is refused stands in the record all the same, so that it can be read who wanted what. */
export function keepsRefusal(record: RecoveryRecord, { id, recoveryId }: Order): boolean {
  const { orders, closed, forward } = record;
  if (recoveryId !== record.recoveryId || closed !== null || forward !== null || orders[id] !== undefined) return false;
  return Object.values(orders).filter(({ accepted }) => !accepted).length < MOST_REFUSED;
}

/** Every order that a person gives, in the order in which they are told; Temporal's own cancellation is none of them. */
export const personsOrders = [
  'approve',
  'reject',
  'acknowledge',
  'takeOver',
  'handBack',
  'retry',
  'extend',
  'note',
  'undo',
  'rollback',
  'run',
  'close',
] as const satisfies readonly OrderName[];

export type PersonsOrder = (typeof personsOrders)[number];

/** The outcomes that a person may name when closing a recovery. */
export const namedOutcomes = ['recovered-by-person', 'handed-over', 'closed'] as const;

/** Why an order cannot be taken now, with what is possible instead; null if it can. */
export function refusalOf(record: RecoveryRecord, order: Order): string | null {
  const why = whyNot(record, order);
  // A run that has ended, or another one's order, has nothing to offer.
  if (why === null || order.recoveryId !== record.recoveryId) return why;
  const possible = possibleOrders(record);
  return possible.length === 0 ? why : `${why}; possible now: ${possible.join(', ')}`;
}

function whyNot(record: RecoveryRecord, order: Order): string | null {
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
    case 'takeOver':
      return refuseTakeOver(record, order);
    case 'handBack':
      return refuseHandBack(record);
    case 'retry':
    case 'extend':
      if (record.closing !== null) return beingClosed(record.closing);
      return order.name === 'retry' ? refuseRetry(record, order.args) : refuseExtend(record);
    case 'note':
      return null;
    case 'undo':
      return refuseUndo(record, order);
    case 'rollback':
    case 'run':
      return refuseRequest(record, order);
    case 'close':
    case 'cancel':
      return record.closing === null
        ? (refuseOutcome(record, order) ?? refuseWithoutRootCause(record, order))
        : `it is being closed already (${record.closing.order} by ${record.closing.actor})`;
  }
}

/** A page is acknowledged from the moment it is due, even before a provider has taken it, until it is resolved. */
function noPage(record: RecoveryRecord): string {
  const last = record.pages.at(-1)?.resolved;
  if (last != null) return `the page is over: ${last.reason}`;
  return `nobody is paged yet: the deadline is ${record.episode.deadline}`;
}

/** Nothing is claimed that the last look says is not so. */
function refuseOutcome({ look }: RecoveryRecord, { args }: Order): string | null {
  if (args.outcome !== 'recovered-by-person' || look.healthy !== false) return null;
  return `the last look saw it not healthy (${look.saw}): close it as handed-over or closed, or wait for the next look`;
}

/** One person has a target in hand: who comes after takes it from who went before, also what breaks anew in the same hands. */
function refuseTakeOver(record: RecoveryRecord, { actor }: Order): string | null {
  const { takenOver } = record;
  if (record.closing !== null) return beingClosed(record.closing);
  if (takenOver === undefined || !isSamePerson(takenOver.by, actor)) return null;
  const isAnew = takenOver.episode !== record.episode.number && record.recovered === null;
  return isAnew ? null : `${takenOver.by} has taken over already, at ${takenOver.at}`;
}

function refuseHandBack({ takenOver, closing }: RecoveryRecord): string | null {
  if (closing !== null) return beingClosed(closing);
  return takenOver === undefined ? 'nobody has taken over' : null;
}

function beingClosed({ order, actor }: NonNullable<RecoveryRecord['closing']>): string {
  return `it is being closed (${order} by ${actor})`;
}

/** Something is done on the target only where something may be written at all, and one thing at a time. */
function refuseRequest(record: RecoveryRecord, { args }: Order): string | null {
  const { closing } = record;
  if (closing !== null) return beingClosed(closing);
  if (record.runbook === null) return 'the runbook is not loaded yet: try again in a moment';
  if (!canLook(record)) return 'there is no workload that anything could be done to';
  const isProcedure = typeof args.runbook === 'string';
  // A procedure goes by the mode of its own runbook, and ends at its plan where that is observe.
  if (effectiveMode(record) === 'observe' && !isProcedure) {
    return `the mode here is observe (${modeReason(record)}), in which nothing is written: the most cautious of worker, runbook, start and the target's annotation holds`;
  }
  const under = isProcedure ? anythingUnderWay(record) : orderUnderWay(record, activeAttempt(record));
  return under === null ? null : `${under.what}, which ${under.by} ordered, is still under way`;
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

/** What is under way is taken back at any time; what stands from before only while nobody's order is at work on the target. */
function refuseUndo(record: RecoveryRecord, order: Order): string | null {
  const n = undoable(record, order);
  if (n === null) return nothingToUndo(record);
  const active = activeAttempt(record);
  const under = active?.n === n ? null : orderUnderWay(record, active);
  return under === null ? null : `${under.what}, which ${under.by} ordered, is still under way`;
}

function nothingToUndo({ attempts }: RecoveryRecord): string {
  const undoing = attempts.find(({ stage }) => stage === 'undoing');
  return undoing === undefined
    ? 'no change of this recovery stands that could be undone'
    : `${undoing.remedy} is being undone already`;
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

/** The orders that would be taken now, of somebody who has not given any yet. */
export function possibleOrders(record: RecoveryRecord): PersonsOrder[] {
  if (record.closed !== null || record.forward !== null) return [];
  const isAsked = askedAttempt(record) !== null;
  return personsOrders.filter((name) => {
    if (name === 'approve' || name === 'reject') return isAsked;
    // What has to be told with the order is no reason why it could not be given.
    const args: OrderArgs = name === 'close' ? { rootCause: 'asked' } : {};
    const probe: Order = { id: '', recoveryId: record.recoveryId, name, actor: '', verified: false, args };
    return whyNot(record, probe) === null;
  });
}
