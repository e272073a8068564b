import { type Client, isGrpcServiceError, QueryNotRegisteredError, ServiceError } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import type { Configuration } from '../configuration/configuration.ts';
import { KintsugiError } from '../errors.ts';
import { recoveryIdOf, resolveId, SILENCES_TYPE, taskQueueOf } from '../recovery/ids.ts';
import type { RecordAnswer } from '../workflows/recovery.ts';
import { CALL_TIMEOUT_MS } from './connect.ts';
import { temporalFailure } from './failures.ts';
import { recordAnswer } from './record-answer.ts';

/** Recoveries as Temporal has them: found, listed and asked, by the command line and the gateway. */

export interface Session {
  client: Client;
  configuration: Pick<Configuration, 'cluster'> & {
    temporal: Pick<Configuration['temporal'], 'address' | 'namespace'>;
  };
}

/** One recovery as Temporal alone knows it, without any worker. */
export interface StoredRecovery {
  /** The recovery id. */
  id: string;
  workflowId: string;
  runId: string;
  runbook: string;
  target: string | null;
  phase: string | null;
  cause: string | null;
  outcome: string | null;
  /** Temporal's own word: RUNNING, COMPLETED, FAILED, TERMINATED ... */
  status: string;
  /** RFC 3339. */
  openedAt: string;
  closedAt: string | null;
}

/** A call that must answer within the time that a call to Temporal may take. */
export function bounded<T>(client: Client, call: () => Promise<T>, timeoutMs: number = CALL_TIMEOUT_MS): Promise<T> {
  return client.connection.withDeadline(Date.now() + timeoutMs, call);
}

/**
 * The recovery that a person means by a workflow id, a recovery id or `namespace/kind/name`: the latest of that workflow id, or
 * the very one that was named. Throws `not-found`.
 */
export async function findRecovery({ client, configuration }: Session, text: string): Promise<StoredRecovery> {
  const { workflowId, recoveryId } = resolveId(text, configuration.cluster);
  const latest = await describe(client, workflowId);
  if (latest !== null && (recoveryId === undefined || latest.id === recoveryId)) return latest;
  const older = recoveryId === undefined ? undefined : await findOlder(client, workflowId, recoveryId);
  if (older !== undefined) return older;
  throw new KintsugiError('not-found', `Temporal knows no recovery ${text}`, {
    where: `${configuration.temporal.address}, namespace ${configuration.temporal.namespace}`,
    fix: '`kintsugi list --all` shows those that it knows; KINTSUGI_CLUSTER chooses the cluster',
  });
}

/** A workflow id names one recovery after the other: those that have ended are found by Temporal's list. */
async function findOlder(client: Client, workflowId: string, recoveryId: string): Promise<StoredRecovery | undefined> {
  const runs = await listRuns(client, `WorkflowId = ${quoted(workflowId)}`, MOST_LISTED);
  return runs.find(({ id }) => id === recoveryId);
}

/** How many recoveries a list shows at most: the newest. */
export const MOST_LISTED = 200;

/** Which recoveries a list shows: open or ended ones, of a target (`namespace/kind/name`), of a runbook; all where nothing is said. */
export interface RecoveryFilter {
  open?: boolean;
  target?: string;
  runbook?: string;
}

/** The recoveries of this cluster that fit, the newest first: all that Temporal still keeps where it is not said which. */
export async function listRecoveries(
  session: Session,
  { open, target, runbook }: RecoveryFilter,
): Promise<StoredRecovery[]> {
  const running = `ExecutionStatus = 'Running'`;
  const ended = `ExecutionStatus != 'Running' AND ExecutionStatus != 'ContinuedAsNew'`;
  const conditions = [
    `TaskQueue = ${quoted(taskQueueOf(session.configuration.cluster))} AND WorkflowType != '${SILENCES_TYPE}'`,
    open === undefined ? `ExecutionStatus != 'ContinuedAsNew'` : open ? running : ended,
    ...(target === undefined ? [] : [`KintsugiTarget = ${quoted(target)}`]),
    ...(runbook === undefined ? [] : [`KintsugiRunbook = ${quoted(runbook)}`]),
  ];
  return listRuns(session.client, conditions.join(' AND '), MOST_LISTED);
}

/** A text as a value of Temporal's list filter, whatever is in it. */
function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

async function listRuns(client: Client, query: string, most: number): Promise<StoredRecovery[]> {
  const runs: { workflowId: string; runId: string }[] = [];
  try {
    await bounded(client, async () => {
      for await (const { workflowId, runId } of client.workflow.list({ query, pageSize: most })) {
        runs.push({ workflowId, runId });
        if (runs.length === most) break;
      }
    });
  } catch (thrown) {
    throw temporalFailure(thrown, 'the recoveries cannot be listed', client.options.namespace);
  }
  // Only a description has the first run's id, which the recovery id is made from.
  const described = await Promise.all(runs.map(({ workflowId, runId }) => describe(client, workflowId, runId)));
  return described
    .filter((recovery) => recovery !== null)
    .sort((a, b) => Date.parse(b.openedAt) - Date.parse(a.openedAt));
}

async function describe(client: Client, workflowId: string, runId?: string): Promise<StoredRecovery | null> {
  try {
    const found = await bounded(client, () => client.workflow.getHandle(workflowId, runId).describe());
    const { raw, searchAttributes } = found;
    const attribute = (name: string): string | null => {
      const value = searchAttributes[name]?.[0];
      return typeof value === 'string' ? value : null;
    };
    return {
      id: recoveryIdOf(workflowId, raw.workflowExecutionInfo?.firstRunId ?? found.runId),
      workflowId,
      runId: found.runId,
      runbook: found.type,
      target: attribute('KintsugiTarget'),
      phase: attribute('KintsugiPhase'),
      cause: attribute('KintsugiCause'),
      outcome: attribute('KintsugiOutcome'),
      status: found.status.name,
      openedAt: found.startTime.toISOString(),
      closedAt: found.closeTime?.toISOString() ?? null,
    };
  } catch (thrown) {
    if (thrown instanceof WorkflowNotFoundError) return null;
    throw temporalFailure(thrown, 'the recovery cannot be looked up', workflowId);
  }
}

/** How long a worker may take to answer a query. */
export const WORKER_TIMEOUT_MS = 5_000;

/** The record and its last events, as a worker answers them. Throws `unavailable` if none does in time. */
export async function readRecord(
  { client, configuration }: Session,
  { workflowId, runId }: { workflowId: string; runId?: string },
  timeoutMs: number = WORKER_TIMEOUT_MS,
): Promise<RecordAnswer> {
  try {
    const handle = client.workflow.getHandle(workflowId, runId);
    const answer = await bounded(client, () => handle.query<unknown>('record'), timeoutMs);
    const parsed = recordAnswer.safeParse(answer);
    if (parsed.success) return parsed.data;
    throw noRecovery(workflowId);
  } catch (thrown) {
    if (thrown instanceof KintsugiError) throw thrown;
    if (thrown instanceof QueryNotRegisteredError) throw noRecovery(workflowId);
    if (thrown instanceof WorkflowNotFoundError) throw temporalFailure(thrown, 'the recovery is gone', workflowId);
    const grpc = thrown instanceof ServiceError && isGrpcServiceError(thrown.cause) ? thrown.cause : null;
    if (grpc?.code === UNAVAILABLE) throw temporalFailure(thrown, 'Temporal went away', configuration.temporal.address);
    const why = grpc === null || OUT_OF_TIME.has(grpc.code) ? '' : `: ${grpc.details}`;
    throw new KintsugiError('unavailable', `no worker answered within ${Math.round(timeoutMs / 1000)} s${why}`, {
      where: `${workflowId}, queue ${taskQueueOf(configuration.cluster)}`,
      fix: 'start one: kintsugi worker; what is stored goes on as soon as it is there',
      cause: thrown,
    });
  }
}

/** gRPC status codes (https://grpc.io/docs/guides/status-codes/): a query that no worker takes runs out of time. */
const UNAVAILABLE = 14;
const OUT_OF_TIME = new Set([1, 4]);

function noRecovery(workflowId: string): KintsugiError {
  return new KintsugiError('not-found', `the workflow ${workflowId} is no recovery`, {
    where: workflowId,
    fix: '`kintsugi list` shows the recoveries',
  });
}
