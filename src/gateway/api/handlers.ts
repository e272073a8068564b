import { createHash } from 'node:crypto';
import type { Client } from '@temporalio/client';
import type { z } from 'zod';
import type { Configuration } from '../../configuration/configuration.ts';
import { KintsugiError } from '../../errors.ts';
import { type GivenOrder, giveOrder, type OrderDoor } from '../../orders/give-order.ts';
import type { OrderFields } from '../../orders/order-fields.ts';
import { leastRole, mayAsk, type PersonsOrder, type Request, requestOf } from '../../orders/roles.ts';
import type { OrderSigner } from '../../orders/sign.ts';
import type { Person } from '../../orders/tokens.ts';
import { formatTarget, parseTarget, workflowIdOf } from '../../recovery/ids.ts';
import { possibleOrders } from '../../recovery/orders.ts';
import { isSamePerson } from '../../recovery/people.ts';
import type { canonicalJson } from '../../recovery/signed-order.ts';
import { startToSign } from '../../recovery/signed-start.ts';
import type { Params } from '../../recovery/values.ts';
import { legible, nameOf } from '../../recovery/words.ts';
import type { StoredRunbook } from '../../runbook/load.ts';
import { valueFromText } from '../../runbook/parameters.ts';
import { settleStart } from '../../runbook/start.ts';
import { listWithDeadlines } from '../../temporal/listed.ts';
import { findRecovery, readRecord, type Session, type StoredRecovery } from '../../temporal/recoveries.ts';
import { startRecovery, targetOf } from '../../temporal/start-recovery.ts';
import type { RecordAnswer } from '../../workflows/recovery.ts';
import type { listQuery, orderBody, startBody } from './schemas.ts';

/** What the API's calls do, once who calls and what is said are known. */

export interface ApiParts {
  session: Session;
  runbooks: () => Promise<StoredRunbook[]>;
  sign: OrderSigner | undefined;
}

/** The gateway's session with Temporal. */
export function sessionOf(
  client: Client,
  { cluster, temporal }: Pick<Configuration, 'cluster'> & { temporal?: Configuration['temporal'] },
): Session {
  return {
    client,
    configuration: { cluster, temporal: temporal ?? { address: 'Temporal', namespace: client.options.namespace } },
  };
}

/** The role does not suffice: answered with 403, other than a token that is not known. */
export class RoleError extends KintsugiError {
  constructor({ token, role }: Person, request: Request) {
    super(
      'forbidden',
      `the token ${token} has the role ${role}, which may not ${WORDS[request] ?? `give the order ${request}`}`,
      {
        where: 'Authorization',
        fix: `use a token of the role ${leastRole(request)}, or ask somebody who has one`,
      },
    );
  }
}

const WORDS: Readonly<Record<string, string>> = {
  read: 'read recoveries',
  start: 'start a recovery',
  procedure: 'start a procedure',
  silence: 'set or end a silence',
};

/** Throws {@link RoleError} unless this person's role may. */
export function requireRole(person: Person, request: Request): void {
  if (!mayAsk(person.role, request)) throw new RoleError(person, request);
}

/** Nobody orders in another's name. */
export function requireSelf({ token, person }: Person, claimed: string | undefined): void {
  if (claimed === undefined || isSamePerson(claimed, person)) return;
  throw new KintsugiError('invalid', `the token ${token} is ${person}'s, not ${claimed}'s`, {
    where: 'actor',
    fix: `leave it out, or use ${claimed}'s own token`,
  });
}

/** A parameter that is given as a text, as the command line gives each, is read by what the runbook says of it. */
function readParams({ runbook }: StoredRunbook, given: Params): Params {
  const read = ([name, value]: [string, Params[string]]): [string, Params[string]] => [
    name,
    typeof value === 'string' ? valueFromText(runbook.spec.params[name], value) : value,
  ];
  return Object.fromEntries(Object.entries(given).map(read));
}

export async function list({ session }: ApiParts, { open, target, runbook }: z.infer<typeof listQuery>) {
  const parsed = target === undefined ? null : parseTarget(target);
  const recoveries = await listWithDeadlines(session, {
    ...(open === undefined ? {} : { open: open === 'true' }),
    ...(parsed === null ? {} : { target: formatTarget(parsed) }),
    ...(runbook === undefined ? {} : { runbook }),
  });
  return { recoveries };
}

/** The record and its last events where a worker answers, and what Temporal alone knows. */
export async function show({ session }: ApiParts, id: string) {
  const stored = await findRecovery(session, id);
  const answer = await recordOf(session, stored);
  return 'record' in answer
    ? { stored, ...answer }
    : { stored, record: null, events: [], error: answer.error.report() };
}

async function recordOf(session: Session, stored: StoredRecovery): Promise<RecordAnswer | { error: KintsugiError }> {
  try {
    return await readRecord(session, stored);
  } catch (thrown) {
    if (thrown instanceof KintsugiError && thrown.retryable) return { error: thrown };
    throw thrown;
  }
}

/** What a person orders, as the body says it. */
export interface Asked {
  order: PersonsOrder;
  /** The recovery, as the path names it. */
  text: string;
  fields: OrderFields;
  /** The sender's own id. */
  key: string | undefined;
}

/** Reads an order; throws {@link RoleError} where it is not this person's to give. */
export function askedOf(
  person: Person,
  text: string,
  { order, id, actor, ...fields }: z.infer<typeof orderBody>,
  header: string | undefined,
): Asked {
  requireSelf(person, actor);
  requireRole(person, requestOf(order, fields));
  return { order, text, fields: { actor: person.person, ...fields }, key: id ?? header };
}

export function order({ session, sign }: ApiParts, { order: name, text, fields, key }: Asked): Promise<GivenOrder> {
  return giveOrder(session, text, name, fields, doorOf(sign, key, [name, text, fields]));
}

/**
 * The id of an order in the history: the sender's own and a digest of what is ordered by whom, so that two people, or two orders,
 * under one key are never taken for a repeat.
 */
function doorOf(
  sign: OrderSigner | undefined,
  key: string | undefined,
  what: Parameters<typeof canonicalJson>[0][],
): OrderDoor {
  const digest = createHash('sha256').update(JSON.stringify(what)).digest('hex').slice(0, 16);
  return { ...(key === undefined ? {} : { id: `${key}.${digest}` }), ...(sign === undefined ? {} : { sign }) };
}

/** The orders that would be taken now, for one that was refused; null where no worker tells. */
export async function possibleNow({ session }: ApiParts, text: string): Promise<string[] | null> {
  try {
    const { record } = await readRecord(session, await findRecovery(session, text));
    return possibleOrders(record);
  } catch {
    return null;
  }
}

/** Starts a runbook, or a procedure, as `kintsugi run` does; a procedure on an open recovery is an order. */
export async function start(
  { session, runbooks, sign }: ApiParts,
  person: Person,
  { runbook: name, target: given, id, actor: claimed, params: texts = {}, ...said }: z.infer<typeof startBody>,
  header: string | undefined,
) {
  const runbook = (await runbooks()).find((stored) => stored.name === name);
  if (runbook === undefined)
    throw new KintsugiError('not-found', `there is no runbook ${name}`, {
      where: 'runbook',
      fix: '`kintsugi runbook list` shows those that there are',
    });
  requireSelf(person, claimed);
  const params = readParams(runbook, texts);
  const named = said.procedure === undefined ? {} : { procedure: said.procedure };
  const { procedure } = settleStart(name, runbook.runbook.spec, { params, ...named });
  requireRole(person, procedure === undefined ? 'start' : 'procedure');
  const target = targetOf(runbook, given);
  const actor = nameOf(person.person);
  const why = said.reason === undefined ? {} : { reason: legible(said.reason) };
  const chosen = procedure === undefined ? {} : { procedure };
  const own = Object.keys(params).length === 0 ? {} : { params };
  const input = { ...said, ...why, ...chosen, ...own, actor, ...(given === undefined ? {} : { target: given }) };
  const signed = sign?.(
    startToSign({
      ...{ ...said, ...why, ...chosen, ...own, actor, runbook: name, target: formatTarget(target) },
      workflowId: workflowIdOf(session.configuration.cluster, target),
    }),
  );
  const { workflowId, joined } = await startRecovery(session, {
    runbook: name,
    target,
    input: { ...input, ...(signed === undefined ? {} : { signed }) },
  });
  const { id: recoveryId } = await findRecovery(session, workflowId);
  if (!joined || procedure === undefined) return { workflowId, recoveryId, joined };
  const fields: OrderFields = { actor, runbook: name, procedure, params, ...why };
  const ordered = await giveOrder(
    session,
    workflowId,
    'run',
    fields,
    doorOf(sign, id ?? header, ['run', workflowId, fields]),
  );
  return { workflowId, recoveryId: ordered.recoveryId, joined, order: ordered };
}
