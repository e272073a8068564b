import { isDuration } from '../recovery/durations.ts';
import type { EventBody } from '../recovery/events.ts';
import { fold, nextEvent } from '../recovery/fold.ts';
import { argumentFault, isTooLarge, TOO_LARGE } from '../recovery/order-arguments.ts';
import { type Order, personsOrders, refusalOf, undoable } from '../recovery/orders.ts';
import { alertKey } from '../recovery/other-runbooks.ts';
import type { OrderArgs, RecoveryRecord } from '../recovery/record.ts';
import type { OrderProof } from '../recovery/signed-order.ts';
import type { AlertMessage, Json } from '../recovery/values.ts';
import { legible, nameOf } from '../recovery/words.ts';
import { judgeProof } from './order-proof.ts';

/** What arrives from outside, parsed by hand into events: total functions, for a handler that throws fails its task for ever. */

/** `forged`: it is no fault of writing, and is answered as refused. */
type Parsed<T> = { value: T } | { fault: string; forged?: true };

/** The events of an `alert` signal: new ones, counted repeats, or why it was refused. */
export function alertEvents(record: RecoveryRecord, raw: unknown, now: string): EventBody[] {
  const parsed = parseAlerts(raw, now);
  if ('fault' in parsed)
    return [{ kind: 'message-refused', why: `an alert message could not be read: ${parsed.fault}` }];
  const { alerts, after, runbook } = parsed.value;
  // An alert of another runbook says so, for ever: it is not this one's trigger (durability 7).
  const other = runbook === undefined || runbook === record.runbookName ? {} : { runbook };
  const events: EventBody[] = [];
  // Each is judged by what those before it in the message have told: one may come twice, or resolve at once.
  let known = record;
  for (const alert of alerts) {
    const event = alertEvent(known, { ...alert, ...other }, after);
    if (event === null) continue;
    events.push(event);
    known = fold(known, nextEvent(known, event, now));
  }
  return events;
}

/** Whether a message brings no alert: that of a forwarder which only sends a person's start on. */
export function isEmptyAlert(raw: unknown): boolean {
  const alerts = asObject(raw)?.alerts;
  return Array.isArray(alerts) && alerts.length === 0;
}

/** Repeats are counted, not appended; a resolution that belongs to an older episode says nothing about this one. */
function alertEvent(record: RecoveryRecord, alert: AlertMessage, after: string | undefined): EventBody | null {
  const known = record.alerts[alertKey(alert)];
  if (known !== undefined && known.status === alert.status && known.startsAt === alert.startsAt) {
    const { fingerprint, runbook } = alert;
    const count = known.count + 1;
    return { kind: 'alert-repeated', fingerprint, ...(runbook === undefined ? {} : { runbook }), count };
  }
  const older = known !== undefined && Date.parse(alert.startsAt) < Date.parse(known.startsAt);
  if (older || (known === undefined && alert.status === 'resolved')) return null;
  return { kind: 'alert-received', ...alert, ...(after === undefined ? {} : { after }) };
}

interface Alerts {
  alerts: AlertMessage[];
  after?: string;
  runbook?: string;
}

function parseAlerts(raw: unknown, now: string): Parsed<Alerts> {
  const message = asObject(raw);
  if (message === null) return { fault: 'it is not an object' };
  if (typeof message.malformed === 'string') return { fault: message.malformed };
  if (isTooLarge(message)) return { fault: TOO_LARGE };
  if (!Array.isArray(message.alerts)) return { fault: '"alerts" is not a list' };
  const alerts = message.alerts.map((alert) => parseAlert(alert, now));
  const fault = alerts.find((alert) => 'fault' in alert);
  if (fault !== undefined && 'fault' in fault) return fault;
  const values = alerts.flatMap((alert) => ('value' in alert ? [alert.value] : []));
  const { after, runbook } = message;
  return {
    value: {
      alerts: values,
      ...(typeof after === 'string' && isDuration(after) ? { after } : {}),
      ...(typeof runbook === 'string' && runbook !== '' ? { runbook } : {}),
    },
  };
}

function parseAlert(raw: unknown, now: string): Parsed<AlertMessage> {
  const alert = asObject(raw);
  if (alert === null) return { fault: 'an alert is not an object' };
  const { fingerprint, name, status, role, generatorURL, groupKey } = alert;
  if (typeof fingerprint !== 'string' || typeof name !== 'string')
    return { fault: 'an alert has no fingerprint or name' };
  if (status !== 'firing' && status !== 'resolved')
    return { fault: 'an alert\'s status is neither "firing" nor "resolved"' };
  const labels = Object.entries(asObject(alert.labels) ?? {}).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return {
    value: {
      fingerprint,
      name,
      status,
      startsAt: plausibleTime(alert.startsAt, now),
      role: role === 'related' ? 'related' : 'trigger',
      labels: Object.fromEntries(labels),
      ...(typeof generatorURL === 'string' ? { generatorURL } : {}),
      ...(typeof groupKey === 'string' ? { groupKey } : {}),
    },
  };
}

/** An alert whose time is missing or lies ahead counts from its arrival. */
function plausibleTime(raw: unknown, now: string): string {
  const time = typeof raw === 'string' ? Date.parse(raw) : Number.NaN;
  return Number.isNaN(time) || time > Date.parse(now) ? now : new Date(time).toISOString();
}

/**
 * An order from an update's or a signal's argument. It counts as verified only by a signature of the front door over exactly this
 * order, by one of `keys`; what it says of itself does not matter.
 */
export function parseOrder(name: unknown, raw: unknown, keys: readonly string[] = []): Parsed<Order> {
  const known = personsOrders.find((order) => order === name);
  if (known === undefined) {
    const said = typeof name === 'string' ? `unknown order "${nameOf(name)}"` : 'the order has no name';
    return { fault: `${said}; known: ${personsOrders.join(', ')}` };
  }
  const message = asObject(raw);
  if (message === null) return { fault: 'an order takes one object: {id, recoveryId, actor, reason}' };
  if (typeof message.malformed === 'string') return { fault: message.malformed };
  if (isTooLarge(message)) return { fault: TOO_LARGE };
  const { id, recoveryId, actor, signed, name: _name, verified: _verified, ...rest } = message;
  const missing = Object.entries({ id, recoveryId, actor }).filter(
    ([, value]) => typeof value !== 'string' || nameOf(value) === '',
  );
  if (typeof id !== 'string' || typeof recoveryId !== 'string' || typeof actor !== 'string' || missing.length > 0) {
    return { fault: `missing in the order: ${missing.map(([key]) => key).join(', ')}` };
  }
  const args = jsonArgs(rest);
  const fault = argumentFault(known, args);
  if (fault !== null) return { fault };
  const order: Order = { id, recoveryId, name: known, actor, verified: false, args };
  // Straight through Temporal nobody has checked who the actor is.
  const parsed: Parsed<Order> = signed === undefined ? { value: order } : proven(order, signed, keys);
  return 'value' in parsed ? { value: asRead(parsed.value) } : parsed;
}

/** What a person said, fit for every place where it is told; a signature is of what was sent, so only after it. */
function asRead(order: Order): Order {
  const args = Object.entries(order.args).map(([key, value]): [string, Json] => [
    key,
    typeof value === 'string' ? legible(value) : value,
  ]);
  return { ...order, actor: nameOf(order.actor), args: Object.fromEntries(args) };
}

/** The order as its signature makes it: verified, as if it had none where its key is not known here, or forged. */
function proven(order: Order, signed: unknown, keys: readonly string[]): Parsed<Order> {
  const proof = parseProof(signed);
  if (proof === null) return { fault: '"signed" must be {at, key, signature}: the front door makes it' };
  const { id, recoveryId, name, actor, args } = order;
  switch (judgeProof({ id, recoveryId, order: name, actor, args }, proof, keys)) {
    case 'verified':
      return { value: { ...order, verified: true } };
    case 'unknown-key':
      return { value: { ...order, doubt: keys.length === 0 ? NO_KEY : `${UNKNOWN_KEY} (${proof.key})` } };
    case 'forged':
      return {
        fault: `the signature is not of this order ${name} in the name of ${actor}: it was altered`,
        forged: true,
      };
  }
}

const NO_KEY =
  'nobody is verified here: the worker has no KINTSUGI_ORDER_PUBLIC_KEY, or this recovery has not loaded its runbook yet';
const UNKNOWN_KEY =
  'the order is signed by a key that this recovery does not know: its worker had another KINTSUGI_ORDER_PUBLIC_KEY when it began';

/** A signature as it comes with an order or a start; null for what is none. */
export function parseProof(raw: unknown): OrderProof | null {
  const { at, key, signature } = asObject(raw) ?? {};
  if (typeof at !== 'string' || typeof key !== 'string' || typeof signature !== 'string') return null;
  return { at, key, signature };
}

/** An order that was refused before it was one: who wanted what stands beside the fault, as far as it can be read. */
export function refusedOrder(why: string, raw: unknown): EventBody & { kind: 'message-refused' } {
  const { name, id, actor } = asObject(raw) ?? {};
  const order = Object.fromEntries(
    Object.entries({ name, id, actor }).flatMap(([key, value]) => {
      const read = typeof value === 'string' ? nameOf(value) : '';
      return read === '' ? [] : [[key, read]];
    }),
  );
  return { kind: 'message-refused', why, ...(Object.keys(order).length === 0 ? {} : { order }) };
}

/** The events of an order: none for a repeat of one already answered. */
export function orderEvents(record: RecoveryRecord, order: Order): EventBody[] {
  if (record.orders[order.id] !== undefined) return [];
  const { id, name, actor, verified } = order;
  const reason = refusalOf(record, order);
  const args = name === 'undo' ? { ...order.args, n: undoable(record, order) } : order.args;
  return [
    {
      kind: 'order',
      id,
      name,
      actor,
      verified,
      args,
      accepted: reason === null,
      ...(reason === null ? {} : { reason }),
    },
  ];
}

function asObject(raw: unknown): Record<string, unknown> | null {
  return typeof raw === 'object' && raw !== null && !Array.isArray(raw)
    ? Object.fromEntries(Object.entries(raw))
    : null;
}

function jsonArgs(rest: Record<string, unknown>): OrderArgs {
  const parsed: { [key: string]: Json } = JSON.parse(JSON.stringify(rest));
  return parsed;
}
