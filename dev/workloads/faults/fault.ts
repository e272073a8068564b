import type { Kubernetes } from '../../../src/kubernetes/client.ts';
import type { Progress } from '../../build/cache.ts';
import type { Registry } from '../../cluster/state.ts';
import { type Namespaces, namespaceOf } from '../namespaces.ts';
import type { BrokenTarget } from '../targets.ts';

/** Where a fault is made. */
export interface FaultContext {
  kube: Kubernetes;
  namespaces: Namespaces;
  /** The one that the images are pulled from; without it no fault of the registry can be made. */
  registry?: Registry | undefined;
  progress: Progress;
  signal?: AbortSignal | undefined;
}

/** Something that people do and that breaks a workload. dev/FAULTS.md tells each one's story. */
export interface Fault {
  name: string;
  /** What is broken by it. */
  target: BrokenTarget;
  /** What was done, as one would read it in a change log. */
  summary: string;
  /** The alerts of deploy/prometheus that fire because of it; the first one starts a recovery. None where only people notice. */
  alerts: string[];
  /** Makes the fault and does not wait for the alert, which follows within seconds. */
  apply(context: FaultContext): Promise<void>;
}

/** A target's name and namespace in this context, as the API server's calls take them. */
export function placeOf({ namespaces }: Pick<FaultContext, 'namespaces'>, target: BrokenTarget) {
  return { name: target.name, namespace: namespaceOf(target.workload, namespaces) };
}
