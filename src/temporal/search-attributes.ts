import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import proto from '@temporalio/proto';
import { KintsugiError } from '../errors.ts';
import { CALL_TIMEOUT_MS } from './connect.ts';
import { temporalFailure } from './failures.ts';

/** What recoveries are found by in Temporal's lists, all of the type Keyword. */
export const searchAttributes = [
  'KintsugiTarget',
  'KintsugiRunbook',
  'KintsugiPhase',
  'KintsugiCause',
  'KintsugiOutcome',
] as const;

const { INDEXED_VALUE_TYPE_KEYWORD: KEYWORD } = proto.temporal.api.enums.v1.IndexedValueType;

/** A registration is in use on every server after its caches were refreshed: 10 s by default. */
const VISIBLE_WITHIN_MS = 30_000;

/**
 * Registers the search attributes where they are missing: Temporal refuses every start that names an unknown one (durability
 * 12). Throws with the command that mends it where Kintsugi may not register them.
 */
export async function registerSearchAttributes(client: Client): Promise<void> {
  const { operatorService } = client.connection;
  const { namespace } = client.options;
  try {
    const { customAttributes } = await bounded(client, () => operatorService.listSearchAttributes({ namespace }));
    const wrong = searchAttributes.filter((name) => (customAttributes[name] ?? KEYWORD) !== KEYWORD);
    if (wrong.length > 0) throw wrongType(wrong, namespace);
    const missing = searchAttributes.filter((name) => customAttributes[name] === undefined);
    if (missing.length > 0) {
      const added = Object.fromEntries(missing.map((name) => [name, KEYWORD]));
      await bounded(client, () => operatorService.addSearchAttributes({ namespace, searchAttributes: added }));
    }
    await untilVisible(client);
  } catch (thrown) {
    const failure = temporalFailure(thrown, 'the search attributes could not be registered', namespace);
    if (failure.retryable || failure.code === 'not-found' || thrown instanceof KintsugiError) throw failure;
    throw new KintsugiError(failure.code, failure.message, {
      where: namespace,
      fix: registrationCommand(namespace),
      cause: thrown,
    });
  }
}

/** Waits until a list may be filtered by every one of them, the proof that each server knows them. */
async function untilVisible(client: Client): Promise<void> {
  const { workflowService } = client.connection;
  const { namespace } = client.options;
  const query = searchAttributes.map((name) => `${name} = 'none'`).join(' OR ');
  const giveUp = Date.now() + VISIBLE_WITHIN_MS;
  for (;;) {
    try {
      await bounded(client, () => workflowService.countWorkflowExecutions({ namespace, query }));
      return;
    } catch (thrown) {
      if (Date.now() > giveUp) throw thrown;
      await sleep(250);
    }
  }
}

function bounded<T>(client: Client, call: () => Promise<T>): Promise<T> {
  return client.connection.withDeadline(Date.now() + CALL_TIMEOUT_MS, call);
}

function wrongType(names: string[], namespace: string): KintsugiError {
  return new KintsugiError('invalid', `search attributes of another type than Keyword: ${names.join(', ')}`, {
    where: namespace,
    fix: `remove them (temporal operator search-attribute remove), then: ${registrationCommand(namespace)}`,
  });
}

/** What a person runs where Kintsugi may not register them. */
export function registrationCommand(namespace: string): string {
  const names = searchAttributes.map((name) => `--name ${name} --type Keyword`).join(' ');
  return `temporal operator search-attribute create --namespace ${namespace} ${names}`;
}
