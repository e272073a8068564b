import { Client, Connection } from '@temporalio/client';
import type { Configuration } from '../configuration/configuration.ts';
import { temporalFailure } from './failures.ts';

/** How long a call to Temporal may take before it counts as not answered. */
export const CALL_TIMEOUT_MS = 5_000;

type Settings = Configuration['temporal'];

/** A client that connects when it is first used: for a process that must answer while Temporal is away. */
export function lazyTemporal(settings: Settings): Client {
  const { address, tls, apiKey, metadata } = settings.connection;
  const connection = Connection.lazy({
    address: address ?? settings.address,
    connectTimeout: CALL_TIMEOUT_MS,
    ...(tls === undefined ? {} : { tls }),
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(metadata === undefined ? {} : { metadata }),
  });
  return new Client({ connection, namespace: settings.namespace });
}

/** A client that has reached Temporal and its namespace. Throws `unavailable`, `forbidden` or `not-found`. */
export async function connectTemporal(settings: Settings): Promise<Client> {
  const client = lazyTemporal(settings);
  try {
    await client.connection.ensureConnected();
    await checkTemporal(client);
    return client;
  } catch (thrown) {
    await client.connection.close();
    throw temporalFailure(thrown, 'Temporal cannot be used', settings.address);
  }
}

/** Asks Temporal for the client's namespace: the cheapest call that shows that it can be used. Throws what the call throws. */
export async function checkTemporal(client: Client, timeoutMs: number = CALL_TIMEOUT_MS): Promise<void> {
  const { connection, options } = client;
  await connection.withDeadline(Date.now() + timeoutMs, async () => {
    await connection.workflowService.describeNamespace({ namespace: options.namespace });
  });
}
