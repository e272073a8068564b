import type { Kubernetes } from '../../../src/kubernetes/client.ts';
import type { Progress } from '../../build/cache.ts';
import type { Registry } from '../../cluster/state.ts';
import type { Namespaces } from '../namespaces.ts';

/** Where a fault is made. */
export interface FaultContext {
  kube: Kubernetes;
  namespaces: Namespaces;
  /** The one that the images are pulled from; without it no fault of the registry can be made. */
  registry?: Registry | undefined;
  progress: Progress;
  signal?: AbortSignal | undefined;
}

/** Something that people do and that makes Agent Bruno crash-loop. dev/FAULTS.md tells each one's story. */
export interface Fault {
  name: string;
  /** What was done, as one would read it in a change log. */
  summary: string;
  /** The alerts of deploy/prometheus that fire because of it; the first one starts a recovery. */
  alerts: [string, ...string[]];
  /** Makes the fault and does not wait for the crash loop, which follows within seconds. */
  apply(context: FaultContext): Promise<void>;
}
