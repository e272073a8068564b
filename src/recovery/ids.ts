import type { Target } from './values.ts';

/** Ids that lead from a broken workload to its recovery and back (contracts.md, "Temporal"; design.md, "One recovery"). Pure. */

/** Kubernetes' spelling by the one in ids: lower case, singular. */
const KINDS: Readonly<Record<string, string>> = {
  deployment: 'Deployment',
  statefulset: 'StatefulSet',
  daemonset: 'DaemonSet',
  pod: 'Pod',
};

/** The kinds as ids have them. */
export const targetKinds: readonly string[] = Object.keys(KINDS);

/** A namespace's, workload's or pod's name: DNS labels with dots, at most 253 characters (Kubernetes, "Object Names and IDs"). */
const OBJECT_NAME = /^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/;

/** Whether a text can be the name of a Kubernetes object: nothing else may become part of an id. */
export function isObjectName(text: string): boolean {
  return OBJECT_NAME.test(text);
}

/** `kintsugi-<cluster>`: the one task queue of a Kubernetes cluster. */
export function taskQueueOf(cluster: string): string {
  return `kintsugi-${cluster}`;
}

/** The workflow type by which silences are asked for: none that a runbook's name can be. */
export const SILENCES_TYPE = 'kintsugiSilences';

/** Where the messages to people of a task queue's recoveries wait. No cluster's name has a slash: it is nobody else's queue. */
export function peopleQueueOf(taskQueue: string): string {
  return `${taskQueue}/people`;
}

/** `bruno/deployment/agent-bruno`. */
export function formatTarget(target: Target): string {
  return `${target.namespace}/${target.kind.toLowerCase()}/${target.name}`;
}

/** Parses `namespace/kind/name`, the kind in any case; null for anything else. */
export function parseTarget(text: string): Target | null {
  const [namespace = '', kind = '', name = '', ...rest] = text.split('/');
  const spelled = KINDS[kind.toLowerCase()];
  if (spelled === undefined || rest.length > 0 || !isObjectName(namespace) || !isObjectName(name)) return null;
  return { namespace, kind: spelled, name };
}

/** `recovery/<cluster>/<namespace>/<kind>/<name>`: the one recovery of a target. */
export function workflowIdOf(cluster: string, target: Target): string {
  return `recovery/${cluster}/${formatTarget(target)}`;
}

/** The cluster and target of a workflow id; null for an id of another making (Temporal's UI makes random ones). */
export function parseWorkflowId(id: string): { cluster: string; target: Target } | null {
  const match = /^recovery\/([^/]+)\/(.+)$/.exec(id);
  const target = parseTarget(match?.[2] ?? '');
  return match?.[1] === undefined || target === null ? null : { cluster: match[1], target };
}

/**
 * `<workflow id>@<last 8 of the first execution's run id>`: one recovery among the many that a target has in its life. Not the
 * first 8: run ids are UUIDs of version 7, which begin with the time and are alike there for 65 s.
 */
export function recoveryIdOf(workflowId: string, firstRunId: string): string {
  return `${workflowId}@${firstRunId.slice(-8)}`;
}

/** The workflow id and the end of the run id in a recovery id; null if it is none. */
export function parseRecoveryId(id: string): { workflowId: string; firstRunId: string } | null {
  const match = /^(.+)@([0-9a-f]{8})$/.exec(id);
  return match?.[1] === undefined || match[2] === undefined ? null : { workflowId: match[1], firstRunId: match[2] };
}

/**
 * The workflow that a person means by a workflow id, a recovery id or `namespace/kind/name` on `cluster` (contracts.md,
 * "CLI"). `recoveryId` is set if that very recovery was named.
 */
export function resolveId(text: string, cluster: string): { workflowId: string; recoveryId?: string } {
  const recovery = parseRecoveryId(text);
  if (recovery !== null) return { workflowId: recovery.workflowId, recoveryId: text };
  const target = parseTarget(text);
  return { workflowId: target === null ? text : workflowIdOf(cluster, target) };
}
