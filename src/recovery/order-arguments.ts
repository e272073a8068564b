import { isDuration, milliseconds } from './durations.ts';
import { namedOutcomes, type PersonsOrder } from './orders.ts';
import type { OrderArgs } from './record.ts';
import { LONGEST_EXTENSION } from './steering.ts';
import type { Json } from './values.ts';
import { nameOf } from './words.ts';

/** What an order must say: one judge for the front doors, which ask before anything is sent, and for the recovery. */

/** A message takes 8 KiB at most (durability 9). */
const MOST_BYTES = 8 * 1024;
export const TOO_LARGE = `it is larger than ${MOST_BYTES} bytes`;
/** Characters of a note: pages carry it. */
const MOST_NOTE = 2_000;

/** Whether a message takes more than it may. */
export function isTooLarge(message: object): boolean {
  return new TextEncoder().encode(JSON.stringify(message)).length > MOST_BYTES;
}

/** What no recovery would take of an order, whatever its state; null if nothing is wrong with it. */
export function orderFault(order: PersonsOrder, message: { [key: string]: Json | undefined }): string | null {
  const { actor, ...rest } = message;
  if (typeof actor !== 'string' || nameOf(actor) === '') return '"actor" must name who orders';
  if (isTooLarge(message)) return TOO_LARGE;
  const args = Object.entries(rest).flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const]));
  return argumentFault(order, Object.fromEntries(args));
}

/** What is wrong with the arguments of the orders that need some, and what is right; null if nothing is. */
export function argumentFault(name: PersonsOrder, args: OrderArgs): string | null {
  const { revision, action, params, runbook, procedure } = args;
  const said = steeringFault(name, args);
  if (said !== null) return said;
  if (name === 'rollback') {
    const right =
      revision === undefined || (typeof revision === 'number' && Number.isInteger(revision) && revision > 0);
    return right
      ? null
      : '"revision" must be the number of a revision, from 1; without it the last healthy one is meant';
  }
  if (name !== 'run') return null;
  if (params !== undefined && !isObject(params)) return '"params" must be an object';
  if (typeof runbook === 'string' && runbook !== '' && action === undefined) {
    return procedure === undefined || typeof procedure === 'string' ? null : '"procedure" must be a text';
  }
  return typeof action === 'string' && action !== ''
    ? null
    : 'run takes {action, params} or {runbook, procedure, params}: "action" is the name of an action, e.g. "debug-session"';
}

/** The same of the orders that only say something. */
function steeringFault(name: PersonsOrder, { cause, remedy, by, reason, text, outcome }: OrderArgs): string | null {
  switch (name) {
    case 'retry': {
      const names = [cause, remedy].filter((value) => value !== undefined);
      if (names.length > 0 && names.every(isSaid)) return null;
      return 'retry takes the name of a "remedy", of a "cause", or of both';
    }
    case 'extend':
      if (
        !isSaid(by) ||
        !isDuration(by) ||
        milliseconds(by) === 0 ||
        milliseconds(by) > milliseconds(LONGEST_EXTENSION)
      )
        return `"by" must be how much longer, e.g. "10m", at most ${LONGEST_EXTENSION}`;
      return isSaid(reason) ? null : 'extend takes a "reason"';
    case 'note':
      return isSaid(text) && text.length <= MOST_NOTE ? null : `"text" must be 1 to ${MOST_NOTE} characters`;
    case 'close':
      if (outcome === undefined || namedOutcomes.some((known) => known === outcome)) return null;
      return `"outcome" must be one of ${namedOutcomes.join(', ')}`;
    default:
      return null;
  }
}

function isSaid(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '';
}

function isObject(value: Json): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
