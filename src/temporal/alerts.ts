import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { msToTs } from '@temporalio/common/lib/time.js';
import proto from '@temporalio/proto';
import { KintsugiError } from '../errors.ts';
import { formatTarget, taskQueueOf, workflowIdOf } from '../recovery/ids.ts';
import type { AlertMessage, Params, Target } from '../recovery/values.ts';
import { CALL_TIMEOUT_MS } from './connect.ts';
import { temporalFailure } from './failures.ts';
import { registrationCommand } from './search-attributes.ts';

/** What the signal `alert` carries (contracts.md, "Temporal"). At most 8 KiB (durability 9). */
export interface AlertSignal {
  v: 1;
  runbook: string;
  /** Of the sender's copy of the runbook; the worker's own is the one that runs. */
  digest: string;
  /** The runbook's first rung, e.g. `15m`: arms the deadline before the runbook is loaded. */
  after: string;
  alerts: AlertMessage[];
}

/** A message to the one recovery of a target. */
export interface AlertDelivery {
  cluster: string;
  target: Target;
  signal: AlertSignal;
  /** Whether a recovery is started if none is open: never by related or resolved alerts (durability 8). */
  mayStart: boolean;
  /** What a started recovery is told, e.g. the mode that a person gave. */
  input?: { mode?: string; actor?: string; reason?: string; procedure?: string; params?: Params };
}

/** `absent`: no recovery is open on the target and none was to be started. */
export type Delivered = 'started' | 'joined' | 'absent';

const { WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING } = proto.temporal.api.enums.v1.WorkflowIdConflictPolicy;
const { WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE } = proto.temporal.api.enums.v1.WorkflowIdReusePolicy;
const { TASK_QUEUE_KIND_NORMAL } = proto.temporal.api.enums.v1.TaskQueueKind;

/** Short, so that a killed worker holds a task for 2 s and no longer (durability 13). */
const WORKFLOW_TASK_TIMEOUT = '2s';

/**
 * Brings alerts to the recovery of their target, which is started if it is not there and may be. Throws a KintsugiError:
 * retryable if the same could succeed later. Repeats are harmless: the recovery counts them.
 */
export async function deliverAlerts(client: Client, delivery: AlertDelivery): Promise<Delivered> {
  const workflowId = workflowIdOf(delivery.cluster, delivery.target);
  const send = delivery.mayStart ? signalWithStart : signalOpen;
  try {
    return await client.connection.withDeadline(Date.now() + CALL_TIMEOUT_MS, () => send(client, workflowId, delivery));
  } catch (thrown) {
    const failure = temporalFailure(thrown, 'the alert could not be brought to its recovery', workflowId);
    throw curable(failure, client.options.namespace);
  }
}

/** The raw call, for its answer tells whether the run was started by it; no timeout ends a recovery without its code. */
async function signalWithStart(client: Client, workflowId: string, delivery: AlertDelivery): Promise<Delivered> {
  const { target, signal, input } = delivery;
  const payloads = (value: unknown) => ({ payloads: [defaultPayloadConverter.toPayload(value)] });
  const keyword = (value: string) => ({ ...defaultPayloadConverter.toPayload([value]), metadata: KEYWORD_LIST });
  const answer = await client.connection.workflowService.signalWithStartWorkflowExecution({
    namespace: client.options.namespace,
    workflowId,
    workflowType: { name: signal.runbook },
    taskQueue: { name: taskQueueOf(delivery.cluster), kind: TASK_QUEUE_KIND_NORMAL },
    input: payloads(input ?? {}),
    workflowTaskTimeout: msToTs(WORKFLOW_TASK_TIMEOUT),
    identity: client.options.identity,
    requestId: randomUUID(),
    workflowIdReusePolicy: WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
    workflowIdConflictPolicy: WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
    signalName: 'alert',
    signalInput: payloads(signal),
    searchAttributes: {
      indexedFields: { KintsugiTarget: keyword(formatTarget(target)), KintsugiRunbook: keyword(signal.runbook) },
    },
  });
  return answer.started ? 'started' : 'joined';
}

async function signalOpen(client: Client, workflowId: string, { signal }: AlertDelivery): Promise<Delivered> {
  try {
    await client.connection.workflowService.signalWorkflowExecution({
      namespace: client.options.namespace,
      workflowExecution: { workflowId },
      signalName: 'alert',
      input: { payloads: [defaultPayloadConverter.toPayload(signal)] },
      identity: client.options.identity,
      requestId: randomUUID(),
    });
    return 'joined';
  } catch (thrown) {
    const failure = temporalFailure(thrown, 'no recovery is open', workflowId);
    if (failure.code === 'not-found' && !/namespace/i.test(failure.message)) return 'absent';
    throw thrown;
  }
}

/** What a person can mend at Temporal's side (rights, namespace, search attributes) makes the alert storable later. */
function curable(failure: KintsugiError, namespace: string): KintsugiError {
  const { code, message, where, cause } = failure;
  const unregistered = code === 'invalid' && /search attribute/i.test(message);
  if (failure.retryable || (code === 'invalid' && !unregistered)) return failure;
  const fix = unregistered ? registrationCommand(namespace) : failure.fix;
  return new KintsugiError(code, message, { where, fix, retryable: true, cause });
}

const text = new TextEncoder();
const KEYWORD_LIST = { encoding: text.encode('json/plain'), type: text.encode('Keyword') };
