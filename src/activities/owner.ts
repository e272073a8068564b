import { Context } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import type { Configuration } from '../configuration/configuration.ts';
import { KintsugiError } from '../errors.ts';
import type { Kubernetes } from '../kubernetes/client.ts';
import { findPodOwner } from '../kubernetes/owner.ts';
import { isReady } from '../kubernetes/pods.ts';
import { listWorkloads } from '../kubernetes/workloads.ts';
import type { Activities, FindOwnerInput, ForwardInput, Owner } from '../recovery/activities.ts';
import { DEFAULT_RUNG } from '../recovery/durations.ts';
import { recoveryIdOf, workflowIdOf } from '../recovery/ids.ts';
import type { AlertMessage } from '../recovery/values.ts';
import { catalogueOf } from '../runbook/catalogue.ts';
import { loadRunbook } from '../runbook/load.ts';
import type { RunbookSpec } from '../runbook/schema.ts';
import { type AlertSignal, deliverAlerts } from '../temporal/alerts.ts';
import { splitIntoSignals } from '../temporal/messages.ts';
import { readTargetState } from '../verification/target-state.ts';
import { withFailures } from './failure.ts';

export interface OwnerDependencies {
  kubernetes: Kubernetes;
  temporal: Client;
  settings: Pick<Configuration, 'cluster' | 'runbooks' | 'notifiers'>;
}

/** The activities of a run that only sends on: from a pod to the workload that owns it, and there all that comes. */
export function createForwarding(dependencies: OwnerDependencies): Pick<Activities, 'findOwner' | 'forward'> {
  return {
    findOwner: withFailures((input) => findOwner(dependencies, input)),
    forward: withFailures((input) => forward(dependencies, input)),
  };
}

/**
 * The workload that a pod belongs to; where pod and owner are gone, whether the runbook's own workloads are well.
 * Throws `refused` for a pod that no workload of a known kind owns.
 */
async function findOwner({ kubernetes, settings }: OwnerDependencies, input: FindOwnerInput): Promise<Owner> {
  const { namespace, pod, runbook } = input;
  const owner = await findPodOwner(kubernetes, { namespace, name: pod });
  if (owner.found === 'workload') return { found: 'workload', target: owner.target };
  if (owner.found === 'other') {
    throw new KintsugiError('refused', `pod ${namespace}/${pod} belongs to no workload: ${owner.saw}`, {
      where: `${namespace}/pod/${pod}`,
      fix: 'recover it by hand: no Deployment, StatefulSet or DaemonSet owns it',
    });
  }
  const { spec } = (await loadRunbook(settings.runbooks, runbook, catalogueOf(settings))).runbook;
  return { found: 'gone', ...(await declaredHealth(kubernetes, spec, pod)) };
}

/**
 * Whether every workload that the runbook declares has all its pods ready. A runbook for any workload of a namespace declares of
 * them only what the pod may have been of, by its name: what else is unwell there has alerts of its own.
 */
async function declaredHealth(
  kubernetes: Kubernetes,
  spec: RunbookSpec,
  pod: string,
): Promise<{ healthy: boolean; saw: string }> {
  const { namespace, kinds, name, selector } = spec.target;
  const found = await listWorkloads(kubernetes, { namespace, kinds, ...(selector === undefined ? {} : { selector }) });
  const declared = found.filter((workload) => {
    if (name !== undefined) return workload.name === name;
    return selector !== undefined || pod.startsWith(`${workload.name}-`);
  });
  const states = await Promise.all(
    declared.map(({ kind, name: workload }) => readTargetState(kubernetes, { namespace, kind, name: workload })),
  );
  const unwell = states.filter(({ current, workload }) => current.filter(isReady).length < workload.replicas);
  if (unwell.length === 0)
    return { healthy: true, saw: `${declared.length} workloads of the runbook have all pods ready` };
  return {
    healthy: false,
    saw: `${unwell.length} of ${declared.length} workloads of the runbook have pods that are not ready`,
  };
}

/** Sends everything on to the canonical recovery, starting it where none is open. */
async function forward(
  { temporal, settings }: OwnerDependencies,
  input: ForwardInput,
): Promise<{ workflowId: string }> {
  const { to, input: start } = input;
  const { cluster } = settings;
  for (const signal of await signalsOf(settings, input)) {
    const delivered = await deliverAlerts(temporal, { cluster, target: to, signal, mayStart: true, input: start });
    // A recovery that is open already is told by an order what a person wants: it has its own start.
    if (delivered === 'joined' && start.procedure !== undefined && signal.alerts.length === 0)
      await orderProcedure(temporal, workflowIdOf(cluster, to), input.runbook, {
        ...start,
        procedure: start.procedure,
      });
  }
  return { workflowId: workflowIdOf(cluster, to) };
}

/** The order that starts a procedure on an open recovery; a forwarder's counts once, however often the step is tried. */
async function orderProcedure(
  temporal: Client,
  workflowId: string,
  runbook: string,
  { procedure, params = {}, actor = 'a person', reason }: ForwardInput['input'] & { procedure: string },
): Promise<void> {
  const handle = temporal.workflow.getHandle(workflowId);
  const { raw, runId } = await handle.describe();
  const recoveryId = recoveryIdOf(workflowId, raw.workflowExecutionInfo?.firstRunId ?? runId);
  const said = { runbook, procedure, params, actor, ...(reason === undefined ? {} : { reason }) };
  const { workflowExecution } = Context.current().info;
  const id = `forwarded-${workflowExecution?.runId ?? runId}`;
  await handle.signal('order', { name: 'run', id, recoveryId, ...said });
}

/**
 * The messages that carry all alerts, those of the run's own runbook first, since the first one may start what the others
 * join. None is over the limit at which its receiver would refuse it (durability 9).
 */
async function signalsOf(
  settings: OwnerDependencies['settings'],
  { runbook, digest, alerts }: ForwardInput,
): Promise<AlertSignal[]> {
  const own = alerts.filter((alert) => alert.runbook === undefined);
  const others = Map.groupBy(
    alerts.filter((alert) => alert.runbook !== undefined),
    (alert) => alert.runbook ?? runbook,
  );
  const envelope = { v: 1 as const, runbook, digest, after: await firstRung(settings, runbook) };
  const signals: AlertSignal[] = own.length === 0 ? [{ ...envelope, alerts: [] }] : split(envelope, own);
  for (const [other, theirs] of others)
    signals.push(...split({ ...envelope, runbook: other, after: await firstRung(settings, other) }, theirs));
  return signals;
}

function split(envelope: Omit<AlertSignal, 'alerts'>, alerts: AlertMessage[]): AlertSignal[] {
  const messages = alerts.map(({ runbook: _named, ...message }) => ({ message }));
  return splitIntoSignals(envelope, messages).map(({ signal }) => signal);
}

/** The runbook's first rung; the default for one that is not here or has faults, which its own recovery tells. */
async function firstRung(settings: OwnerDependencies['settings'], name: string): Promise<string> {
  try {
    const { runbook } = await loadRunbook(settings.runbooks, name, catalogueOf(settings));
    return runbook.spec.escalation.rungs[0]?.after ?? DEFAULT_RUNG;
  } catch (thrown) {
    if (thrown instanceof KintsugiError) return DEFAULT_RUNG;
    throw thrown;
  }
}
