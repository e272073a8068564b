import { randomUUID } from 'node:crypto';
import { WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError } from '@temporalio/client';
import { ApplicationFailure, WorkflowNotFoundError } from '@temporalio/common';
import { z } from 'zod';
import { KintsugiError, messageOf } from '../errors.ts';
import { orderFault } from '../recovery/order-arguments.ts';
import { nameOf } from '../recovery/words.ts';
import { isUpdateLost, temporalFailure } from '../temporal/failures.ts';
import { bounded, findRecovery, type Session, type StoredRecovery, WORKER_TIMEOUT_MS } from '../temporal/recoveries.ts';
import { executeUpdate } from '../temporal/updates.ts';
import type { OrderFields } from './order-fields.ts';
import type { PersonsOrder } from './roles.ts';
import type { OrderSigner } from './sign.ts';

export type { OrderFields } from './order-fields.ts';

/** What became of an order: taken by the recovery, or kept in Temporal until a worker returns to decide on it. */
export interface GivenOrder {
  order: PersonsOrder;
  /** The order's own id, by which a repeat is dropped. */
  id: string;
  recoveryId: string;
  state: 'accepted' | 'kept';
  /** Whether the recovery has verified who gave it; of an order that is kept nobody knows yet. */
  verified: boolean;
  /** Why a signature that came with it proves nothing. */
  doubt?: string;
}

/** How a front door gives an order. */
export interface OrderDoor {
  /** The sender's own id, by which a repeat is dropped. */
  id?: string;
  /** Vouches for the actor: only for a door that has verified who it is. */
  sign?: OrderSigner;
  /** How long a worker may take before the order is kept by a signal, in ms: 5 s if not given. */
  waitMs?: number;
}

/** What an update answers; `verified` is missing in that of a worker before there were signatures. */
const orderAnswer = z.object({ verified: z.boolean().default(false), doubt: z.string().optional() });

/**
 * Gives an order to a recovery by its update; if no worker accepts it in time, by the signal with the same id, which stays in
 * the history (durability 6). The same for the command line, the API and whatever else people order by.
 * @param text the recovery, as a person names it
 * @throws KintsugiError `refused` with the reason, `not-found`, or what stands against reaching Temporal
 */
export async function giveOrder(
  session: Session,
  text: string,
  order: PersonsOrder,
  fields: OrderFields,
  { id = randomUUID(), sign, waitMs = WORKER_TIMEOUT_MS }: OrderDoor = {},
): Promise<GivenOrder> {
  checked(order, fields);
  const recovery = await findRecovery(session, text);
  if (recovery.status !== 'RUNNING') throw ended(recovery);
  const recoveryId = recovery.id;
  const { actor: said, ...args } = fields;
  const actor = nameOf(said);
  const signed = sign?.({ id, recoveryId, order, actor, args });
  const message = { id, recoveryId, actor, ...args, ...(signed === undefined ? {} : { signed }) };
  const given = { order, id, recoveryId };
  const handle = session.client.workflow.getHandle(recovery.workflowId);
  try {
    const update = () => executeUpdate<unknown>(handle, order, { argument: message, id });
    const answer = orderAnswer.parse(await bounded(session.client, update, waitMs));
    const { verified, doubt } = answer;
    return { ...given, state: 'accepted', verified, ...(doubt === undefined ? {} : { doubt }) };
  } catch (thrown) {
    // Lost again: the signal stays in the history, whatever else comes in.
    const isKept = thrown instanceof WorkflowUpdateRPCTimeoutOrCancelledError || isUpdateLost(thrown);
    if (!isKept) throw failureOf(thrown, recovery, id);
  }
  if (order === 'approve' && fields.digest === undefined) throw namesNoPlan(recovery);
  try {
    await bounded(session.client, () => handle.signal('order', { name: order, ...message }));
    return { ...given, state: 'kept', verified: false };
  } catch (thrown) {
    throw failureOf(thrown, recovery, id);
  }
}

/** Whatever waits when a worker returns may be another plan than the one that somebody has seen. */
function namesNoPlan({ id }: StoredRecovery): KintsugiError {
  return new KintsugiError('unavailable', 'no worker answers, and an approval that names no plan is not kept', {
    where: id,
    fix: 'give it with the digest of the plan that you have seen: the question tells it',
  });
}

/** Throws for what no recovery would take: without a worker it would be kept, and refused when its sender is gone. */
function checked(order: PersonsOrder, fields: OrderFields): void {
  const fault = orderFault(order, fields);
  if (fault === null) return;
  throw new KintsugiError('invalid', fault, { where: `order ${order}`, fix: 'give it again with what is right' });
}

function failureOf(thrown: unknown, recovery: StoredRecovery, id: string): KintsugiError {
  if (thrown instanceof WorkflowNotFoundError) return ended(recovery);
  if (!(thrown instanceof WorkflowUpdateFailedError)) return notAnswered(thrown, recovery, id);
  const { cause } = thrown;
  const invalid = cause instanceof ApplicationFailure && cause.type === 'invalid';
  return new KintsugiError(invalid ? 'invalid' : 'refused', messageOf(cause ?? thrown), {
    where: recovery.id,
    fix: `look at what it waits for: kintsugi show ${recovery.id}`,
    cause: thrown,
  });
}

/** Temporal went away over the order: whether it was stored is not known, and the same again under its id does no harm. */
function notAnswered(thrown: unknown, recovery: StoredRecovery, id: string): KintsugiError {
  const failure = temporalFailure(thrown, 'the order was not given', recovery.id);
  if (!failure.retryable) return failure;
  const message = `it is not known whether order ${id} was stored: ${failure.message.replace(/^.*?: /, '')}`;
  const fix = 'look by `kintsugi show`, or give it again: under the same id it is done once';
  return new KintsugiError(failure.code, message, { where: recovery.id, fix, cause: thrown });
}

function ended({ id, outcome, status }: StoredRecovery): KintsugiError {
  return new KintsugiError('refused', `this recovery has ended (${outcome ?? status.toLowerCase()})`, {
    where: id,
    fix: '`kintsugi list` shows the open ones',
  });
}
