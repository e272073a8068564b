import type { V1ContainerStatus, V1Job, V1Pod } from '@kubernetes/client-node';
import { parse } from 'yaml';
import { z } from 'zod';
import { KintsugiError, messageOf } from '../errors.ts';
import { callOptions } from '../kubernetes/transport.ts';
import type { ObjectRef } from '../recovery/values.ts';
import {
  type BuildContext,
  type BuildHook,
  type BuildHookFacts,
  type BuildOrder,
  type BuildState,
  checkedDigest,
} from './build.ts';
import { type JobManifest, type JobSettings, jobManifest } from './settings.ts';

/** Names the build on its Job: one of that name which says something else is not ours. */
const BUILD = 'kintsugi.dev/build';
/** A build may say its digest here in place of its termination message. */
const DIGEST = 'kintsugi.dev/digest';
/** Kept for a day, for people who look at its log. */
const KEPT_SECONDS = 86_400;

/**
 * A build as a Kubernetes Job. Its containers are told KINTSUGI_COMMIT, KINTSUGI_IMAGE (without a tag) and KINTSUGI_RECOVERY, and
 * one of them writes the digest of what it pushed, alone or as `{"digest": …}`, to its termination message
 * (https://kubernetes.io/docs/tasks/debug/debug-application/determine-reason-pod-failure/).
 */
export function jobHook(facts: BuildHookFacts, settings: JobSettings): BuildHook {
  const refOf = (order: BuildOrder): ObjectRef => ({
    apiVersion: 'batch/v1',
    kind: 'Job',
    namespace: settings.namespace,
    name: `build-${facts.name.slice(0, 40)}-${order.key}`,
  });
  return {
    ...facts,
    pollSeconds: 2,
    describe: (order) => ({ type: 'create', object: refOf(order) }),
    async start(context, order) {
      const ref = refOf(order);
      const known = await readJob(context, ref);
      if (known !== null) return checkedOwn(known, order, ref);
      const manifest = await readManifest(context, settings);
      await create(context, ref, toJob(manifest, ref, order, facts.timeoutSeconds), order);
      return ref.name;
    },
    async look(context, order) {
      const ref = refOf(order);
      const job = await readJob(context, ref);
      if (job === null) return { is: 'failed', saw: `${text(ref)} was deleted` };
      checkedOwn(job, order, ref);
      return stateOf(context, job, ref);
    },
    async stop(context, order) {
      const ref = refOf(order);
      const job = await readJob(context, ref);
      if (job === null || isOver(job)) return null;
      checkedOwn(job, order, ref);
      await remove(context, job);
      return `${text(ref)} was stopped`;
    },
  };
}

function text({ namespace, name }: ObjectRef): string {
  return `Job ${namespace}/${name}`;
}

async function readJob({ kubernetes, signal }: BuildContext, ref: ObjectRef): Promise<V1Job | null> {
  try {
    const { name, namespace = '' } = ref;
    return await kubernetes.batch.readNamespacedJob({ name, namespace }, callOptions({ signal }));
  } catch (error) {
    if (error instanceof KintsugiError && error.code === 'not-found') return null;
    throw error;
  }
}

function checkedOwn(job: V1Job, order: BuildOrder, ref: ObjectRef): string {
  if (job.metadata?.annotations?.[BUILD] === order.key) return ref.name;
  throw new KintsugiError('conflict', 'a Job of that name is there which is not this build', {
    where: text(ref),
    fix: 'Look at who made it, and delete it.',
    retryable: false,
  });
}

/** The Job of the configuration, from the file itself or from its ConfigMap. */
async function readManifest({ kubernetes, signal }: BuildContext, settings: JobSettings): Promise<JobManifest> {
  if (settings.manifest !== undefined) return settings.manifest;
  const { name = '', key = '' } = settings.configMap ?? {};
  const { namespace } = settings;
  const where = `ConfigMap ${namespace}/${name}, key ${key}`;
  const map = await kubernetes.core.readNamespacedConfigMap({ namespace, name }, callOptions({ signal }));
  try {
    const read = jobManifest.safeParse(parse(map.data?.[key] ?? ''));
    if (read.success) return read.data;
    throw new Error(z.prettifyError(read.error));
  } catch (thrown) {
    throw new KintsugiError('invalid', `no Job stands there: ${messageOf(thrown)}`, {
      where,
      fix: 'Write a whole Job (apiVersion batch/v1) under that key.',
    });
  }
}

function toJob(manifest: JobManifest, ref: ObjectRef, order: BuildOrder, timeoutSeconds: number): V1Job {
  const env = [
    { name: 'KINTSUGI_COMMIT', value: order.commit },
    { name: 'KINTSUGI_IMAGE', value: order.image },
    { name: 'KINTSUGI_RECOVERY', value: order.recoveryId },
  ];
  const template = manifest.spec.template;
  const containers = template.spec.containers.map((container) => ({
    ...container,
    env: [...(container.env ?? []), ...env],
  }));
  // Through JSON: the manifest is the user's, Kubernetes judges it.
  const job: V1Job = JSON.parse(
    JSON.stringify({
      ...manifest,
      metadata: {
        ...manifest.metadata,
        name: ref.name,
        namespace: ref.namespace,
        labels: { ...labelsOf(manifest), 'app.kubernetes.io/managed-by': 'kintsugi' },
        annotations: { [BUILD]: order.key, 'kintsugi.dev/recovery': order.recoveryId },
      },
      spec: {
        // A build that fails is not made again: the next remedy is better.
        backoffLimit: 0,
        ttlSecondsAfterFinished: KEPT_SECONDS,
        ...manifest.spec,
        activeDeadlineSeconds: timeoutSeconds,
        template: { ...template, spec: { restartPolicy: 'Never', ...template.spec, containers } },
      },
    }),
  );
  return job;
}

const labels = z.record(z.string(), z.string());
function labelsOf({ metadata }: JobManifest): Record<string, string> {
  return labels.safeParse(metadata?.labels).data ?? {};
}

async function create(context: BuildContext, ref: ObjectRef, body: V1Job, order: BuildOrder): Promise<void> {
  const { kubernetes, signal } = context;
  const { namespace = '' } = ref;
  try {
    await kubernetes.batch.createNamespacedJob({ namespace, body, fieldManager: 'kintsugi' }, callOptions({ signal }));
  } catch (error) {
    if (!(error instanceof KintsugiError) || error.code !== 'conflict') throw error;
    // The answer to an earlier try was lost.
    const job = await readJob(context, ref);
    if (job === null) throw error;
    checkedOwn(job, order, ref);
  }
}

function isOver({ status }: V1Job): boolean {
  return (status?.conditions ?? []).some(
    ({ type, status: holds }) => (type === 'Complete' || type === 'Failed') && holds === 'True',
  );
}

async function stateOf(context: BuildContext, job: V1Job, ref: ObjectRef): Promise<BuildState> {
  const failed = job.status?.conditions?.find(({ type, status }) => type === 'Failed' && status === 'True');
  const pods = await podsOf(context, job);
  if (failed !== undefined) {
    const why = [failed.reason, failed.message].filter((part) => part !== undefined && part !== '').join(': ');
    return { is: 'failed', saw: `${text(ref)} failed (${why || 'no reason is told'})${endOf(pods)}` };
  }
  if (!isOver(job)) return { is: 'running', saw: `${text(ref)} runs${waitingOf(pods)}` };
  return { is: 'done', digest: checkedDigest(digestOf(job, pods), text(ref)) };
}

async function podsOf({ kubernetes, signal }: BuildContext, { metadata }: V1Job): Promise<V1Pod[]> {
  const { name = '', namespace = '' } = metadata ?? {};
  const labelSelector = `batch.kubernetes.io/job-name=${name}`;
  return (await kubernetes.core.listNamespacedPod({ namespace, labelSelector }, callOptions({ signal }))).items;
}

const message = z.object({ digest: z.string() });

/** The one digest that the Job's annotation or its pods' termination messages give; empty where that is not exactly one. */
function digestOf(job: V1Job, pods: readonly V1Pod[]): string {
  const annotated = job.metadata?.annotations?.[DIGEST];
  if (annotated !== undefined) return annotated.trim();
  const said = pods
    .flatMap((pod) => statuses(pod))
    .filter(({ state }) => state?.terminated?.exitCode === 0)
    .map(({ state }) => state?.terminated?.message?.trim() ?? '')
    .filter((written) => written !== '')
    .map((written) => message.safeParse(jsonOf(written)).data?.digest ?? written);
  const [only, ...others] = new Set(said);
  return only === undefined || others.length > 0 ? '' : only;
}

function jsonOf(written: string): unknown {
  try {
    return JSON.parse(written);
  } catch {
    return null;
  }
}

function statuses({ status }: V1Pod): V1ContainerStatus[] {
  return [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
}

function endOf(pods: readonly V1Pod[]): string {
  const ends = pods.flatMap(statuses).flatMap(({ name, state }) => {
    const end = state?.terminated;
    return end === undefined || end.exitCode === 0 ? [] : [`${name} ended with ${end.exitCode}`];
  });
  return ends.length === 0 ? '' : `; ${ends.join(', ')}`;
}

function waitingOf(pods: readonly V1Pod[]): string {
  const reasons = pods.flatMap(statuses).flatMap(({ name, state }) => {
    const reason = state?.waiting?.reason;
    return reason === undefined ? [] : [`${name} waits: ${reason}`];
  });
  return reasons.length === 0 ? '' : ` (${reasons.join(', ')})`;
}

/** With its pods: a Job that is deleted without would leave its build running. */
async function remove({ kubernetes, signal }: BuildContext, { metadata }: V1Job): Promise<void> {
  const { name = '', namespace = '', uid = '' } = metadata ?? {};
  try {
    await kubernetes.batch.deleteNamespacedJob(
      { name, namespace, body: { preconditions: { uid }, propagationPolicy: 'Background' } },
      callOptions({ signal }),
    );
  } catch (error) {
    if (!(error instanceof KintsugiError) || error.code !== 'not-found') throw error;
  }
}
