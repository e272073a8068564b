import type { Client } from '@temporalio/client';
import proto from '@temporalio/proto';
import type { Configuration } from '../../configuration/configuration.ts';
import { KintsugiError } from '../../errors.ts';
import { taskQueueOf } from '../../recovery/ids.ts';
import { connectTemporal } from '../../temporal/connect.ts';
import { temporalFailure } from '../../temporal/failures.ts';
import { bounded } from '../../temporal/recoveries.ts';
import { registrationCommand, searchAttributes } from '../../temporal/search-attributes.ts';
import { bad, type DoctorCheck, examine, faultOf, good } from './check.ts';

const { INDEXED_VALUE_TYPE_KEYWORD: KEYWORD } = proto.temporal.api.enums.v1.IndexedValueType;
const { TASK_QUEUE_TYPE_WORKFLOW } = proto.temporal.api.enums.v1.TaskQueueType;

/** Temporal remembers a poller for five minutes after its last poll; a poll takes one minute at most. */
const POLLED_WITHIN_MS = 70_000;

/** Whether Temporal can be used, knows the search attributes, and has a worker for this cluster. */
export async function temporalChecks(configuration: Configuration): Promise<DoctorCheck[]> {
  const { temporal, cluster } = configuration;
  const client = await connectTemporal(temporal).catch(faultOf);
  if (client instanceof KintsugiError) return [bad('Temporal', client.message, client.fix)];
  try {
    const rest = [
      examine('search attributes', () => checkSearchAttributes(client)),
      examine('worker', () => checkWorker(client, taskQueueOf(cluster))),
    ];
    const reached = good('Temporal', `answers at ${temporal.address}, namespace ${temporal.namespace}`);
    return [reached, ...(await Promise.all(rest))];
  } finally {
    await client.connection.close();
  }
}

async function checkSearchAttributes(client: Client): Promise<DoctorCheck> {
  const { namespace } = client.options;
  const { customAttributes } = await bounded(client, () =>
    client.connection.operatorService.listSearchAttributes({ namespace }),
  ).catch((thrown: unknown) => {
    throw temporalFailure(thrown, 'the search attributes cannot be listed', namespace);
  });
  const missing = searchAttributes.filter((name) => customAttributes[name] !== KEYWORD);
  if (missing.length === 0) return good('search attributes', `all ${searchAttributes.length} are registered`);
  const fix = `start a worker or gateway, which registers them, or run: ${registrationCommand(namespace)}`;
  return bad('search attributes', `missing or of another type than Keyword: ${missing.join(', ')}`, fix);
}

async function checkWorker(client: Client, name: string): Promise<DoctorCheck> {
  const { namespace } = client.options;
  const { pollers } = await bounded(client, () =>
    client.connection.workflowService.describeTaskQueue({
      namespace,
      taskQueue: { name },
      taskQueueType: TASK_QUEUE_TYPE_WORKFLOW,
    }),
  ).catch((thrown: unknown) => {
    throw temporalFailure(thrown, 'the task queue cannot be described', name);
  });
  const polls = (pollers ?? []).map(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1000);
  const recent = polls.filter((at) => Date.now() - at <= POLLED_WITHIN_MS);
  if (recent.length > 0)
    return good('worker', `${recent.length === 1 ? 'one polls' : `${recent.length} poll`} ${name}`);
  return bad(
    'worker',
    `none polls ${name}`,
    'start one: kintsugi worker (or kintsugi up); KINTSUGI_CLUSTER names its cluster',
  );
}
