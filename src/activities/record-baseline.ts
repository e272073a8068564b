import type { V1Container, V1Pod } from '@kubernetes/client-node';
import type { Secrets } from '../actions/write/secrets.ts';
import { KintsugiError } from '../errors.ts';
import type { Kubernetes } from '../kubernetes/client.ts';
import { objectText } from '../kubernetes/objects.ts';
import { containerStatus, isFinished, isReady, isTerminating } from '../kubernetes/pods.ts';
import { contentFingerprints } from '../kubernetes/references.ts';
import { currentRevision, type OwnedWorkload, readOwned, revisionOfPod } from '../kubernetes/revisions.ts';
import { rolloutProgress } from '../kubernetes/rollout.ts';
import { toJson } from '../kubernetes/template.ts';
import { listWorkloads } from '../kubernetes/workloads.ts';
import type { Target } from '../recovery/values.ts';
import { digestOfImageId } from '../registry/reference.ts';
import type { Dependency } from '../runbook/schema.ts';
import type { Baseline, Baselines } from './baseline.ts';

/**
 * Records the target as it is now as its healthy baseline (safety 3): the caller has seen it healthy. Secrets' values are
 * kept as keyed hashes.
 * @param dependencies the runbook's, whose replicas are recorded too
 * @throws KintsugiError `refused` when its last change is not rolled out to ready pods, or its update strategy keeps some at an
 * older revision: what is healthy then is not the present template
 */
export async function recordBaseline(
  kubernetes: Kubernetes,
  baselines: Baselines,
  target: Target,
  signal?: AbortSignal,
  dependencies: readonly Dependency[] = [],
): Promise<Baseline> {
  const owned = await readOwned(kubernetes, target, signal);
  const { workload, revisions } = owned;
  const current = currentRevision(workload, revisions);
  const progress = rolloutProgress(workload);
  if (progress.state !== 'ready' || current === undefined)
    throw new KintsugiError('refused', `not recorded as healthy: ${progress.saw}`, {
      where: objectText(workload.ref),
      fix: 'Record it when its last change is rolled out and every pod is ready.',
    });
  const kept = owned.pods.find((pod) => stands(pod) && revisionOfPod(pod, revisions)?.uid !== current.uid);
  if (kept !== undefined)
    throw new KintsugiError('refused', `not recorded as healthy: ${kept.metadata?.name} is of an older revision`, {
      where: objectText(workload.ref),
      fix: 'Record it when all of its pods are of one revision: lower the partition, or delete the pods that are kept.',
    });
  const { secrets } = baselines;
  const pods = owned.pods.filter((pod) => isReady(pod) && revisionOfPod(pod, revisions)?.uid === current.uid);
  const contents = await contentFingerprints(kubernetes, workload.namespace, workload.template, secrets.hmac, signal);
  const baseline: Baseline = {
    target: { namespace: workload.namespace, kind: workload.kind, name: workload.name },
    seenAt: new Date().toISOString(),
    revision: String(current.revision),
    templateHash: current.templateHash,
    replicas: workload.replicas,
    containers: containersOf(owned).map((container) => ({
      name: container.name,
      image: container.image ?? '',
      digest: digestOf(pods, container.name),
      env: environment(container, secrets),
    })),
    references: Object.fromEntries(Object.entries(contents).map(([name, { whole }]) => [name, whole])),
    referenceKeys: Object.fromEntries(Object.entries(contents).map(([name, { keys }]) => [name, keys])),
  };
  if (dependencies.length > 0) baseline.dependencies = await replicasOf(kubernetes, dependencies, signal);
  await baselines.write(baseline);
  return baseline;
}

/** How many pods each dependency was to have: what is scaled to 0 later is scaled back to that. */
async function replicasOf(
  kubernetes: Kubernetes,
  dependencies: readonly Dependency[],
  signal: AbortSignal | undefined,
): Promise<NonNullable<Baseline['dependencies']>> {
  const kinds = ['Deployment', 'StatefulSet'] as const;
  const entries = await Promise.all(
    dependencies.map(async ({ name, namespace, selector }) => {
      try {
        const found = await listWorkloads(kubernetes, { namespace, selector, kinds }, signal);
        return [name, found.map((one) => ({ kind: one.kind, name: one.name, replicas: one.replicas }))] as const;
      } catch (thrown) {
        // The target's own baseline is worth more than a dependency that may not be read.
        if (!(thrown instanceof KintsugiError)) throw thrown;
        return [name, []] as const;
      }
    }),
  );
  return Object.fromEntries(entries.filter(([, found]) => found.length > 0));
}

function stands(pod: V1Pod): boolean {
  return !isFinished(pod) && !isTerminating(pod);
}

function containersOf({ workload }: OwnedWorkload): V1Container[] {
  return workload.template.spec?.containers ?? [];
}

/** The one digest that all ready pods run; empty where it is not known, or they differ under a moved tag. */
function digestOf(pods: readonly V1Pod[], container: string): string {
  const digests = new Set(pods.map((pod) => digestOfImageId(containerStatus(pod, container)?.imageID) ?? ''));
  const [only] = digests;
  return digests.size === 1 && only !== undefined ? only : '';
}

function environment({ env = [] }: V1Container, secrets: Secrets): Baseline['containers'][number]['env'] {
  return Object.fromEntries(
    env.map(({ name, value = '', valueFrom }) => {
      if (valueFrom !== undefined) return [name, { from: toJson(valueFrom) }];
      return [name, secrets.isSecret(name, value) ? { hmac: secrets.hmac(value) } : { value }];
    }),
  );
}
