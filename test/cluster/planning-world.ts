import { afterAll } from '@jest/globals';
import type { ActionContext } from '../../src/actions/action.ts';
import type { Kubernetes } from '../../src/kubernetes/client.ts';
import { connectKubernetes } from '../../src/kubernetes/connect.ts';
import type { Json, Plan, Target } from '../../src/recovery/values.ts';
import { contextFor, planned } from '../actions/action-context.ts';
import { provided } from '../needs.ts';
import { createNamespace, deleteNamespace } from './namespace.ts';
import { healthyDeployment, idleImage } from './workloads.ts';

/** What a file of tests that plan actions works with. */
export interface PlanningWorld {
  kubernetes: Kubernetes;
  /** An image on the node that does nothing for ever. */
  image: string;
  /** Makes a namespace that is deleted after the file's tests; returns its name. */
  namespace(): Promise<string>;
  /** A healthy Deployment `app` in a namespace of its own. */
  healthy(): Promise<Target>;
  /** An action's plan for the target, in the surroundings that `over` changes. */
  planFor(name: string, target: Target, params: { [key: string]: Json }, over?: Partial<ActionContext>): Promise<Plan>;
}

/** Connects to the cluster; awaited where the file begins, so that its tests can do with plain names. */
export async function planningWorld(prefix: string): Promise<PlanningWorld> {
  const kubernetes = connectKubernetes({ kubeconfig: provided('cluster') });
  const image = await idleImage(kubernetes);
  const namespaces: string[] = [];
  afterAll(async () => {
    for (const name of namespaces) await deleteNamespace(kubernetes, name);
  });
  const namespace = async () => {
    const name = await createNamespace(kubernetes, prefix);
    namespaces.push(name);
    return name;
  };
  return {
    kubernetes,
    image,
    namespace,
    healthy: async () => healthyDeployment(kubernetes, await namespace(), image),
    planFor: (name, target, params, over = {}) => planned(contextFor(kubernetes, target, over), name, params),
  };
}
