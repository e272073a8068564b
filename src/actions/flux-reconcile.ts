import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { KintsugiError } from '../errors.ts';
import {
  type HelmRelease,
  helmReleaseRef,
  type Kustomization,
  kustomizationRef,
  readFlux,
  readiness,
} from '../kubernetes/flux.ts';
import { type LiveObject, objectText } from '../kubernetes/objects.ts';
import type { OwnedWorkload } from '../kubernetes/revisions.ts';
import { FORCE_AT, pointer, REQUESTED_AT } from '../kubernetes/template.ts';
import type { Workload } from '../kubernetes/workloads.ts';
import { milliseconds } from '../recovery/durations.ts';
import type { Change, ObjectRef } from '../recovery/values.ts';
import { duration } from '../runbook/schema/scalars.ts';
import type { Dependency } from '../runbook/schema.ts';
import type { Action, ActionContext, Permission, WriteContext } from './action.ts';
import { READ_WORKLOAD } from './plan/permissions.ts';
import { dependencyNamed, readDependency } from './plan/subject.ts';
import { dataOutlivesPods } from './rules/dependency.ts';
import { dependentsOf } from './rules/dependents.ts';
import { forcedMeansMore, pendingUpgrade } from './rules/release.ts';
import { ask, FINE, judged, refuse, type Verdict } from './rules/verdict.ts';
import { applyFields } from './write/fields.ts';
import { FIELD_MANAGER } from './write/patch.ts';

const NAME = 'flux-reconcile';
const POLL_MS = 1_000;

const params = z
  .strictObject({
    of: z.string().optional().describe('A dependency: its `helmRelease` is reconciled'),
    kind: z.enum(['HelmRelease', 'Kustomization']).optional(),
    namespace: z.string().optional(),
    name: z.string().optional(),
    force: z
      .boolean()
      .default(false)
      .describe(
        'A HelmRelease that is up to date is installed once more, which brings back what is missing (safety 10)',
      ),
    timeout: duration.default('120s').describe('How long its controller is waited for'),
  })
  .refine(
    ({ of, kind, namespace, name }) =>
      of === undefined
        ? kind !== undefined && namespace !== undefined && name !== undefined
        : kind === undefined && namespace === undefined && name === undefined,
    { message: '`of`, or `kind`, `namespace` and `name`', path: ['of'] },
  );

type Params = z.infer<typeof params>;

const args = z.object({ seconds: z.number() });

const FLUX: Permission[] = [
  { group: 'helm.toolkit.fluxcd.io', resource: 'helmreleases', verbs: ['get', 'patch'] },
  { group: 'kustomize.toolkit.fluxcd.io', resource: 'kustomizations', verbs: ['get', 'patch'] },
  { group: 'source.toolkit.fluxcd.io', resource: 'helmcharts', verbs: ['get'] },
  { group: 'source.toolkit.fluxcd.io', resource: 'ocirepositories', verbs: ['get'] },
  { group: 'source.toolkit.fluxcd.io', resource: 'externalartifacts', verbs: ['get'] },
  { group: '', resource: 'services', verbs: ['list'] },
];

/**
 * Asks Flux to reconcile one object now, as `flux reconcile` does, and waits until its controller has.
 * https://fluxcd.io/flux/components/helm/helmreleases/#triggering-a-reconcile
 */
const fluxReconcile: Action<Params> = {
  name: NAME,
  summary: 'Lets Flux reconcile a HelmRelease or Kustomization now, and waits until it is ready',
  params,
  disruptive: false,
  harm: () => null,
  permissions: () => [...READ_WORKLOAD, ...FLUX],
  async plan(context, given) {
    const ref = refOf(context, given);
    const live = await readFlux<HelmRelease | Kustomization>(context.kubernetes, ref, context.signal);
    const seconds = milliseconds(given.timeout) / 1000;
    const token = new Date().toISOString();
    return {
      action: NAME,
      summary: `${given.force ? 'Force' : 'Reconcile'} ${objectText(ref)} and wait up to ${seconds} s until it is ready`,
      risk: given.force ? 'medium' : 'low',
      undo: 'none',
      changes: [REQUESTED_AT, ...(given.force ? [FORCE_AT] : [])].map((key) => requested(live, key, token)),
      args: { seconds },
      waitSeconds: seconds,
      ...judged(await verdictOn(context, given, live)),
    };
  },
  async apply(context, plan) {
    const outcome = await applyFields(context, plan);
    const object = plan.changes.flatMap((change) => (change.type === 'field' ? [change.object] : []))[0];
    if (object !== undefined) await untilReconciled(context, object, args.parse(plan.args).seconds);
    return outcome;
  },
  // What is left is a note of when it was asked for.
  revert: async () => ({ outcome: 'not-needed' }),
};
export default fluxReconcile;

function refOf(context: ActionContext, { of, kind, namespace = '', name = '' }: Params): ObjectRef {
  if (of === undefined)
    return kind === 'Kustomization' ? kustomizationRef(namespace, name) : helmReleaseRef(namespace, name);
  const dependency = dependencyNamed(context, of);
  if (dependency.helmRelease !== undefined) return helmReleaseRef(dependency.namespace, dependency.helmRelease);
  throw new KintsugiError('not-found', `the runbook names no HelmRelease of ${of}`, {
    where: `dependency ${of}`,
    fix: 'Set its helmRelease, if one owns it.',
  });
}

function requested(live: LiveObject, key: string, token: string): Change {
  const before = live.annotations[key];
  return {
    type: 'field',
    object: live.ref,
    path: pointer('metadata', 'annotations', key),
    before: before === undefined ? { absent: true } : { value: before },
    after: { value: token },
  };
}

/** What is suspended or failing is named instead of asked (a person has to look); forcing is judged by safety 10. */
async function verdictOn(
  context: ActionContext,
  { of, force }: Params,
  { ref, raw }: LiveObject & { raw: HelmRelease | Kustomization },
): Promise<Verdict> {
  const what = objectText(ref);
  if (raw.spec.suspend === true) return refuse('suspended', `${what} is suspended: somebody holds it`);
  const state = readiness(raw);
  if (state.is === 'failing') return refuse('failing', `${what} is failing: ${state.saw}`);
  if (!isRelease(ref, raw)) return force ? refuse('not-forced', 'only a HelmRelease can be forced') : FINE;
  if (force) return forced(context, of, ref, raw);
  if (of === undefined || raw.spec.driftDetection?.mode === 'enabled') return FINE;
  if ((await pendingUpgrade(context.kubernetes, raw, context.signal)) !== null) return FINE;
  return refuse('up-to-date', `${what} is up to date and corrects no drift: reconciling it would change nothing`);
}

function isRelease({ kind }: ObjectRef, _raw: HelmRelease | Kustomization): _raw is HelmRelease {
  return kind === 'HelmRelease';
}

async function forced(
  context: ActionContext,
  of: string | undefined,
  ref: ObjectRef,
  release: HelmRelease,
): Promise<Verdict> {
  const more = await forcedMeansMore(context.kubernetes, release, context.signal);
  if (of === undefined) return ask(...more, 'whether the data of what it installs is persistent is not known');
  const { dependency, workloads } = await readDependency(context, of);
  if (workloads.length > 0 && workloads.every(({ workload }) => workload.replicas > 0 && !isDrifted(workload)))
    return refuse(
      'nothing-missing',
      `what ${objectText(ref)} installs is there as it made it: once more changes nothing`,
    );
  const reasons = [...more, ...dataAtRisk(dependency, workloads)];
  if (reasons.length === 0) return FINE;
  const dependents = await dependentsOf(context, dependency);
  return ask(...reasons, `it serves ${dependents.join(', ') || 'nobody that names it by a literal variable'}`);
}

/** Hands whose writes to a workload's spec are no drift. */
const OWN_MANAGERS: ReadonlySet<string> = new Set(['helm-controller', 'kube-controller-manager', FIELD_MANAGER]);

/** Whether another hand has written to the spec, by the object's managed fields. */
function isDrifted({ managedFields }: Workload): boolean {
  return managedFields.some(
    ({ manager = '', subresource, fieldsV1 }) =>
      subresource !== 'status' && !OWN_MANAGERS.has(manager) && Object.hasOwn(fieldsV1 ?? {}, 'f:spec'),
  );
}

/** Waits until the request that stands on the object was handled, and what came of it is current. */
async function untilReconciled(context: WriteContext, ref: ObjectRef, seconds: number): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  const what = objectText(ref);
  for (;;) {
    const { raw, annotations } = await readFlux<HelmRelease | Kustomization>(context.kubernetes, ref, context.signal);
    const state = readiness(raw);
    const handled = raw.status?.lastHandledReconcileAt === annotations[REQUESTED_AT];
    if (handled && state.is === 'ready') return;
    if (handled && state.is === 'failing') throw notReconciled(what, `is failing: ${state.saw}`);
    if (Date.now() >= deadline)
      throw notReconciled(what, `${handled ? 'is not ready' : 'was not reconciled'} after ${seconds} s: ${state.saw}`);
    context.heartbeat(`${what}: ${state.saw}`);
    await sleep(POLL_MS, undefined, { signal: context.signal });
  }
}

function notReconciled(what: string, saw: string): KintsugiError {
  return new KintsugiError('timeout', `${what} ${saw}`, {
    where: what,
    fix: 'Look at its conditions and at the log of its controller.',
    retryable: false,
  });
}

function dataAtRisk(dependency: Dependency, workloads: readonly OwnedWorkload[]): string[] {
  if (workloads.length === 0) return [`nothing of ${dependency.name} is there to tell whether its data is persistent`];
  return workloads.flatMap(({ workload }) => dataOutlivesPods(dependency, workload).asks);
}
