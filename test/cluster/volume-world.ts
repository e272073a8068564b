import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PatchStrategy, type V1CronJob } from '@kubernetes/client-node';
import type { ActionContext, RevertResult } from '../../src/actions/action.ts';
import { actionNamed } from '../../src/actions/parameters.ts';
import { KintsugiError } from '../../src/errors.ts';
import type { Kubernetes } from '../../src/kubernetes/client.ts';
import { connectKubernetes } from '../../src/kubernetes/connect.ts';
import { createSnapshot, deleteSnapshot, readSnapshot } from '../../src/kubernetes/snapshots.ts';
import { callOptions } from '../../src/kubernetes/transport.ts';
import { readClaim, readVolume } from '../../src/kubernetes/volumes.ts';
import { readWorkload } from '../../src/kubernetes/workloads.ts';
import type { Json, Plan, Target } from '../../src/recovery/values.ts';
import { contextFor, planned } from '../actions/action-context.ts';
import { type LosingProxy, startLosingProxy } from './losing-proxy.ts';
import { until } from './until.ts';
import { deployment, untilRolledOut } from './workloads.ts';

const signal = new AbortController().signal;

/** A Deployment whose pods mount a claim, and its CronJob that does too. */
export interface VolumeWorld {
  target: Target;
  claim: string;
}

/** Makes claim, Deployment and CronJob, and waits until the pod is ready. */
export async function createVolumeWorld(
  kubernetes: Kubernetes,
  target: Target,
  { image, storageClass }: { image: string; storageClass: string },
): Promise<VolumeWorld> {
  const { namespace, name } = target;
  const claim = `${name}-data`;
  await createClaim(kubernetes, { namespace, name: claim, storageClass });
  const body = deployment(namespace, image, name);
  if (body.spec?.template.spec !== undefined) mount(body.spec.template.spec, claim);
  if (body.spec !== undefined) body.spec.strategy = { type: 'Recreate' };
  await kubernetes.apps.createNamespacedDeployment({ namespace, body });
  await kubernetes.batch.createNamespacedCronJob({ namespace, body: cronJob(name, image, claim) });
  await untilRolledOut(kubernetes, target);
  return { target, claim };
}

export async function createClaim(
  kubernetes: Kubernetes,
  { namespace, name, storageClass }: { namespace: string; name: string; storageClass: string },
): Promise<void> {
  const spec = {
    accessModes: ['ReadWriteOnce'],
    storageClassName: storageClass,
    resources: { requests: { storage: '16Mi' } },
  };
  await kubernetes.core.createNamespacedPersistentVolumeClaim({
    namespace,
    body: { metadata: { name, labels: { app: name } }, spec },
  });
}

function mount(
  spec: NonNullable<NonNullable<ReturnType<typeof deployment>['spec']>['template']['spec']>,
  claim: string,
) {
  spec.volumes = [{ name: 'data', persistentVolumeClaim: { claimName: claim } }];
  spec.containers = spec.containers.map((container) => ({
    ...container,
    volumeMounts: [{ name: 'data', mountPath: '/data' }],
  }));
}

/** Its time never comes. */
function cronJob(name: string, image: string, claim: string): V1CronJob {
  const template = deployment('', image, name).spec?.template.spec ?? { containers: [] };
  mount(template, claim);
  return {
    metadata: { name: `${name}-nightly` },
    spec: {
      schedule: '0 0 31 2 *',
      jobTemplate: { spec: { template: { spec: { ...template, restartPolicy: 'Never' } } } },
    },
  };
}

/** Everything that a procedure on the volume may change, to be compared before and after. */
export async function stateOf(kubernetes: Kubernetes, { target, claim }: VolumeWorld, { cronJob = true } = {}) {
  const { namespace, name } = target;
  const workload = await readWorkload(kubernetes, target);
  const of = { namespace, name: `${name}-nightly` };
  const cron = cronJob ? await kubernetes.batch.readNamespacedCronJob(of) : undefined;
  const found = await readClaim(kubernetes, { namespace, name: claim }, signal);
  const volumeName = found?.spec?.volumeName;
  const volume = volumeName === undefined ? null : await readVolume(kubernetes, volumeName, signal);
  return {
    replicas: workload.replicas,
    mounts: workload.template.spec?.volumes?.map(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName),
    suspended: cron?.spec?.suspend ?? false,
    claim: found === null ? 'gone' : found.status?.phase,
    labels: found?.metadata?.labels,
    volume: volumeName,
    policy: volume?.spec?.persistentVolumeReclaimPolicy,
    marks: Object.keys(volume?.metadata?.annotations ?? {}).filter((key) => key.startsWith('kintsugi.dev/')),
  };
}

export function contextOf(kubernetes: Kubernetes, { target }: VolumeWorld, over: Partial<ActionContext> = {}) {
  return contextFor(kubernetes, target, over);
}

/** A worker that dies in the midst of what it does: its clients, and when. */
export interface MortalWorker {
  proxy: LosingProxy;
  kubernetes: Kubernetes;
  close(): Promise<void>;
}

export async function startMortalWorker(kubeconfig: string): Promise<MortalWorker> {
  const proxy = await startLosingProxy(kubeconfig);
  const folder = await mkdtemp(join(tmpdir(), 'kintsugi-mortal-'));
  const path = join(folder, 'kubeconfig');
  await writeFile(path, proxy.kubeconfig);
  return {
    proxy,
    kubernetes: connectKubernetes({ kubeconfig: path }),
    async close() {
      await proxy.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** Applies a plan with a worker that dies with its nth write; how many writes it made in all, where it lived. */
export async function applyAndDie(worker: MortalWorker, context: ActionContext, plan: Plan, at: number | null) {
  worker.proxy.dieAt = at;
  worker.proxy.writes.length = 0;
  const run = actionNamed(plan.action).apply({ ...context, kubernetes: worker.kubernetes }, plan);
  const done = await run.then(
    () => true,
    () => false,
  );
  worker.proxy.dieAt = null;
  return { done, writes: worker.proxy.writes.length };
}

/** Stops the target, for what needs it stopped: the plan, for the undo. */
export async function stop(kubernetes: Kubernetes, world: VolumeWorld): Promise<Plan> {
  const context = contextOf(kubernetes, world, { step: 3 });
  const plan = await planned(context, 'scale', { to: 0 });
  await actionNamed('scale').apply(context, plan);
  return plan;
}

export async function outcomeOf(context: ActionContext, plan: Plan): Promise<Json> {
  const done = await actionNamed(plan.action).apply(context, plan);
  return typeof done === 'string' ? done : done.outcome;
}

/**
 * Takes a plan back as Temporal does: again while the fault may pass. (Two workers of kube-controller-manager write the phase of
 * a volume that is bound again; whoever loses comes back to it after its resync period of 15 s.)
 */
export async function revert(context: ActionContext, plan: Plan): Promise<RevertResult> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await actionNamed(plan.action).revert({ ...context, step: context.step + 20 }, plan);
    } catch (error) {
      if (!(error instanceof KintsugiError) || !error.retryable || tries === 3) throw error;
    }
  }
}

/** Takes a snapshot of the claim as a schedule would, and waits until it is ready; its name. */
export async function takeSnapshot(kubernetes: Kubernetes, { target, claim }: VolumeWorld, name: string) {
  const { namespace } = target;
  const snapshot = { namespace, name, claim, className: 'kosmos-snapshots', labels: {}, annotations: {} };
  await createSnapshot(kubernetes, snapshot, { fieldManager: 'schedule', signal });
  await until(`snapshot ${name} to be ready`, async () => {
    return (await readSnapshot(kubernetes, { namespace, name }, signal))?.usable === true;
  });
  return name;
}

/** As somebody's `kubectl delete volumesnapshot`, to its end. */
export async function deleteSnapshotByHand(kubernetes: Kubernetes, of: { namespace: string; name: string }) {
  const snapshot = await readSnapshot(kubernetes, of, signal);
  if (snapshot !== null) await deleteSnapshot(kubernetes, snapshot, signal);
  await until(`snapshot ${of.name} to be gone`, async () => (await readSnapshot(kubernetes, of, signal)) === null);
}

/** Lets the volumes that were kept go with their namespace: a person does so when the data is proven. */
export async function letVolumesGo(kubernetes: Kubernetes, namespace: string): Promise<void> {
  const { items } = await kubernetes.core.listPersistentVolume();
  for (const { metadata, spec } of items) {
    if (spec?.claimRef?.namespace !== namespace || spec.persistentVolumeReclaimPolicy === 'Delete') continue;
    await kubernetes.core.patchPersistentVolume(
      { name: metadata?.name ?? '', body: { spec: { persistentVolumeReclaimPolicy: 'Delete' } } },
      callOptions({ patch: PatchStrategy.MergePatch }),
    );
  }
}
