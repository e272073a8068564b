import { NativeConnection } from '@temporalio/worker';
import { startBaselineWatch } from '../activities/baseline-watch.ts';
import { createActivities } from '../activities/create.ts';
import type { Configuration } from '../configuration/configuration.ts';
import { KintsugiError } from '../errors.ts';
import { connectKubernetes } from '../kubernetes/connect.ts';
import type { Logger } from '../log.ts';
import { SILENT_RUNG_FIX, silentRungs } from '../notify/silent-rungs.ts';
import { taskQueueOf } from '../recovery/ids.ts';
import { catalogueOf } from '../runbook/catalogue.ts';
import { loadRunbooks } from '../runbook/load.ts';
import { connectTemporal } from '../temporal/connect.ts';
import { temporalFailure } from '../temporal/failures.ts';
import { registerSearchAttributes } from '../temporal/search-attributes.ts';
import { workflowBundle } from './bundle.ts';
import { installRuntime } from './runtime.ts';
import { createWorkers } from './workers.ts';

export interface WorkerOptions {
  log: Logger;
}

/** A worker that polls; `run` ends when it has stopped, and rejects if it fails. */
export interface RunningWorker {
  run: Promise<void>;
  /** Takes no new steps, lets those under way end, then ends; safe to call twice. */
  stop(): Promise<void>;
}

/** The healthy baseline of every runbook's targets is looked for this often (safety 3). */
const BASELINE_EVERY_MS = 5 * 60_000;

/**
 * Starts the worker of one Kubernetes cluster. Throws `invalid` for a missing redaction key, `unavailable` or `forbidden` when
 * Temporal cannot be used, and what stands against registering the search attributes.
 */
export async function startWorker(configuration: Configuration, { log }: WorkerOptions): Promise<RunningWorker> {
  const redactionKey = requireRedactionKey(configuration);
  installRuntime(configuration, log);
  const kubernetes = connectKubernetes(
    configuration.kubeconfig === undefined ? {} : { kubeconfig: configuration.kubeconfig },
  );
  const temporal = await connectTemporal(configuration.temporal);
  await registerSearchAttributes(temporal);
  const { activities, baselines } = createActivities({ configuration, redactionKey, kubernetes, temporal, log });
  const connection = await connectNative(configuration);
  const worker = await createWorkers({
    connection,
    namespace: configuration.temporal.namespace,
    taskQueue: taskQueueOf(configuration.cluster),
    workflowBundle: await workflowBundle(),
    activities,
    limits: configuration.limits,
  });

  const stopping = new AbortController();
  const { runbooks, faults } = await loadRunbooks(configuration.runbooks, catalogueOf(configuration));
  for (const fault of faults) log.error({ ...fault }, 'a runbook cannot run');
  for (const rung of silentRungs(runbooks, configuration))
    log.warn({ rung, fix: SILENT_RUNG_FIX }, 'a rung calls nobody');
  const watching = startBaselineWatch({
    kubernetes,
    baselines,
    runbooks: runbooks.map(({ runbook }) => runbook),
    everyMs: BASELINE_EVERY_MS,
    log,
    signal: stopping.signal,
  });
  log.info(
    { taskQueue: taskQueueOf(configuration.cluster), runbooks: runbooks.map(({ name }) => name) },
    'the worker polls',
  );
  const run = worker.run().finally(async () => {
    stopping.abort();
    await watching;
    await connection.close();
    await temporal.connection.close();
  });
  const stop = async () => {
    worker.shutdown();
    await run;
  };
  return { run, stop };
}

function requireRedactionKey({ redactionKey }: Configuration): string {
  if (redactionKey !== undefined) return redactionKey;
  throw new KintsugiError('invalid', 'the worker has no redaction key', {
    where: 'KINTSUGI_REDACTION_KEY',
    fix: 'make one by openssl rand -hex 32 and keep it: hashes made with another key do not compare',
  });
}

async function connectNative({ temporal }: Configuration): Promise<NativeConnection> {
  const { address, tls, apiKey, metadata } = temporal.connection;
  try {
    return await NativeConnection.connect({
      address: address ?? temporal.address,
      ...(tls === undefined ? {} : { tls }),
      ...(apiKey === undefined ? {} : { apiKey }),
      ...(metadata === undefined ? {} : { metadata }),
    });
  } catch (thrown) {
    throw temporalFailure(thrown, 'Temporal cannot be used', temporal.address);
  }
}
