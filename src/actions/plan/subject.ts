import type { V1Pod } from '@kubernetes/client-node';
import { KintsugiError } from '../../errors.ts';
import { findPodOwner } from '../../kubernetes/owner.ts';
import { isFinished } from '../../kubernetes/pods.ts';
import { type OwnedWorkload, readOwned } from '../../kubernetes/revisions.ts';
import { callOptions } from '../../kubernetes/transport.ts';
import { listWorkloads } from '../../kubernetes/workloads.ts';
import type { Target } from '../../recovery/values.ts';
import type { Dependency } from '../../runbook/schema.ts';
import type { ActionContext } from '../action.ts';
import { afterEarlier } from './changes.ts';

/** The workload that an action is about: the recovery's target as the remedy's earlier actions leave it. */
export async function readTarget(context: ActionContext): Promise<OwnedWorkload> {
  const owned = await readOwned(context.kubernetes, context.target, context.signal);
  return { ...owned, workload: afterEarlier(context, owned.workload, context.earlier) };
}

/** The dependency that a call names by `of`. @throws KintsugiError `invalid` when the runbook declares none of that name */
export function dependencyNamed(context: Pick<ActionContext, 'runbook'>, name: string): Dependency {
  const { dependencies } = context.runbook.spec;
  const dependency = dependencies.find((candidate) => candidate.name === name);
  if (dependency !== undefined) return dependency;
  throw new KintsugiError('invalid', `the runbook declares no dependency '${name}'`, {
    where: `of: ${name}`,
    fix: `Name one of: ${dependencies.map((candidate) => candidate.name).join(', ') || 'none is declared'}.`,
  });
}

/** A dependency as it is in the cluster. */
export interface DependencySubject {
  dependency: Dependency;
  /** Every workload that owns a pod of its selector; where there is no pod, those that carry its labels. */
  workloads: OwnedWorkload[];
  /** Pods of the selector that no workload owns: nobody would replace them. */
  unowned: V1Pod[];
}

/** Finds a dependency's workloads by its namespace and selector, through its pods' owners. */
export async function readDependency(context: ActionContext, name: string): Promise<DependencySubject> {
  const dependency = dependencyNamed(context, name);
  const { namespace, selector } = dependency;
  const { kubernetes, signal } = context;
  const list = await kubernetes.core.listNamespacedPod({ namespace, labelSelector: selector }, callOptions({ signal }));
  const targets = new Map<string, Target>();
  const unowned: V1Pod[] = [];
  for (const pod of list.items.filter((candidate) => !isFinished(candidate))) {
    const owner = await findPodOwner(kubernetes, { namespace, name: pod.metadata?.name ?? '' }, signal);
    if (owner.found === 'workload') targets.set(`${owner.target.kind}/${owner.target.name}`, owner.target);
    if (owner.found === 'other') unowned.push(pod);
  }
  if (targets.size === 0 && unowned.length === 0)
    for (const { kind, name: labelled } of await listWorkloads(
      kubernetes,
      { namespace, selector, kinds: ['Deployment', 'StatefulSet', 'DaemonSet'] },
      signal,
    ))
      targets.set(`${kind}/${labelled}`, { namespace, kind, name: labelled });
  const workloads: OwnedWorkload[] = [];
  for (const target of targets.values()) workloads.push(await readOwned(kubernetes, target, signal));
  return { dependency, workloads, unowned };
}

/** The one workload of a call: the target, or the named dependency's. @throws KintsugiError where that is not exactly one */
export async function readSubject(context: ActionContext, of: string | undefined): Promise<OwnedWorkload> {
  if (of === undefined) return readTarget(context);
  const { workloads, dependency } = await readDependency(context, of);
  const [only] = workloads;
  if (only !== undefined && workloads.length === 1) return only;
  throw new KintsugiError(
    workloads.length === 0 ? 'not-found' : 'invalid',
    `${workloads.length} workloads match ${dependency.selector} in namespace ${dependency.namespace}, one is needed`,
    { where: `of: ${of}`, fix: "Correct the dependency's namespace and selector in the runbook.", retryable: false },
  );
}
