import type { Client } from '@temporalio/client';
import type { Configuration } from '../configuration/configuration.ts';
import { KintsugiError } from '../errors.ts';
import type { Kubernetes } from '../kubernetes/client.ts';
import { findPodOwner } from '../kubernetes/owner.ts';
import { isReady } from '../kubernetes/pods.ts';
import { listWorkloads } from '../kubernetes/workloads.ts';
import type { Activities, FindOwnerInput, ForwardInput, Owner } from '../recovery/activities.ts';
import { loadRunbook } from '../runbook/load.ts';
import type { RunbookSpec } from '../runbook/schema.ts';
import { deliverAlerts } from '../temporal/alerts.ts';
import { workflowIdOf } from '../temporal/ids.ts';
import { splitIntoSignals } from '../temporal/messages.ts';
import { readTargetState } from '../verification/target-state.ts';
import { withFailures } from './failure.ts';

export interface OwnerDependencies {
  kubernetes: Kubernetes;
  temporal: Client;
  settings: Pick<Configuration, 'cluster' | 'runbooks'>;
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
  const { spec } = (await loadRunbook(settings.runbooks, runbook)).runbook;
  return { found: 'gone', ...(await declaredHealth(kubernetes, spec)) };
}

/** Whether every workload that the runbook declares has all its pods ready. */
async function declaredHealth(kubernetes: Kubernetes, spec: RunbookSpec): Promise<{ healthy: boolean; saw: string }> {
  const { namespace, kinds, name, selector } = spec.target;
  const found = await listWorkloads(kubernetes, { namespace, kinds, ...(selector === undefined ? {} : { selector }) });
  const declared = found.filter((workload) => name === undefined || workload.name === name);
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
  const { to, runbook, digest, alerts, input: start } = input;
  const { runbook: content } = await loadRunbook(settings.runbooks, runbook);
  const after = content.spec.escalation.rungs[0]?.after ?? '15m';
  // A message over the limit would be refused by its receiver (durability 9). The first one may start what the others join.
  const parts = splitIntoSignals(
    { v: 1, runbook, digest, after },
    alerts.map((message) => ({ message })),
  );
  const signals =
    parts.length === 0 ? [{ v: 1 as const, runbook, digest, after, alerts }] : parts.map(({ signal }) => signal);
  for (const signal of signals)
    await deliverAlerts(temporal, { cluster: settings.cluster, target: to, signal, mayStart: true, input: start });
  return { workflowId: workflowIdOf(settings.cluster, to) };
}
