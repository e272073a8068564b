import type { OrderName } from './events.ts';
import { mayStand } from './fold-attempts.ts';
import type { OrderArgs, RecoveryRecord } from './record.ts';

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
    case 'undo':
      return undoable(record, order) === null ? 'no change of this recovery stands that could be undone' : null;
    case 'close':
    case 'cancel':
      return record.closing === null
        ? null
        : `it is being closed already (${record.closing.order} by ${record.closing.actor})`;
  }
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
  if (order.name === 'approve' && !order.verified && asked.plans.some(({ risk }) => risk === 'high')) {
    return `${asked.remedy} is of high risk: it takes an approval by a person whom the front door has verified`;
  }
  return null;
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

/** The orders that would be taken now. */
export function possibleOrders(record: RecoveryRecord): OrderName[] {
  if (record.closed !== null || record.forward !== null) return [];
  const orders: OrderName[] = [];
  if (record.attempts.some(({ stage }) => stage === 'asked')) orders.push('approve', 'reject');
  const probe: Order = { id: '', recoveryId: record.recoveryId, name: 'undo', actor: '', verified: false, args: {} };
  if (undoable(record, probe) !== null) orders.push('undo');
  if (record.closing === null) orders.push('close');
  return orders;
}
