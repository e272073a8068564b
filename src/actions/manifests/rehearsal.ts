import { findGitOpsOwner } from '../../kubernetes/gitops.ts';
import { objectText, readObject } from '../../kubernetes/objects.ts';
import { missingReferences } from '../../kubernetes/references.ts';
import type { OwnedWorkload } from '../../kubernetes/revisions.ts';
import { isRecord } from '../../kubernetes/template.ts';
import type { Workload } from '../../kubernetes/workloads.ts';
import type { Change, Json, ObjectRef } from '../../recovery/values.ts';
import type { ActionContext } from '../action.ts';
import { autoscalerOf } from '../plan/autoscaler.ts';
import { noOlderImage } from '../rules/image-age.ts';
import { ownership } from '../rules/ownership.ts';
import { ask, FINE, refuse, together, type Verdict } from '../rules/verdict.ts';
import { lastStop } from '../volume/bring-back.ts';
import { GUARD, guardText } from '../write/guard.ts';
import { withFields } from '../write/patch.ts';
import { isTargets } from './allowed.ts';
import { deletedClaim } from './deleted-claim.ts';
import { type Manifest, replicasOf, withoutReplicas } from './parse.ts';
import { changesIn, type Found } from './record.ts';
import { type Conflict, conflictText, rehearse, rehearseCreation } from './rehearse.ts';

/** What applying the manifests would lead to, object by object, and what speaks against it. */
export interface Rehearsed {
  changes: Change[];
  /** Field owners that a person's approval lets Kintsugi overrule. */
  conflicts: (Conflict & { object: string })[];
  verdict: Verdict;
}

interface One {
  manifest: Manifest;
  create: boolean;
  found: Found | null;
  conflicts: Conflict[];
  verdict: Verdict;
}

/** Tries all of them on the API server; nothing is written. */
export async function rehearseAll(
  context: ActionContext,
  owned: OwnedWorkload,
  manifests: readonly Manifest[],
): Promise<Rehearsed> {
  const rehearsed: One[] = [];
  for (const manifest of manifests) rehearsed.push(await rehearseOne(context, owned.workload, manifest));
  const creations = rehearsed.filter(({ create }) => create);
  const target = rehearsed.find(({ manifest }) => isTargets(manifest, owned.workload))?.found ?? null;
  const found = rehearsed.flatMap((one) => one.found ?? []);
  return {
    changes: [
      ...creations.map(({ manifest: { ref } }): Change => ({ type: 'create', object: ref })),
      ...(await changesIn(context, found)),
    ],
    conflicts: rehearsed.flatMap(({ manifest: { ref }, conflicts }) =>
      conflicts.map((conflict) => ({ object: objectText(ref), ...conflict })),
    ),
    verdict: together(
      ...rehearsed.map(({ verdict }) => verdict),
      target === null ? FINE : await templateVerdict(context, owned, target, creations),
    ),
  };
}

async function rehearseOne(context: ActionContext, workload: Workload, manifest: Manifest): Promise<One> {
  const { kubernetes, signal } = context;
  const { ref } = manifest;
  const deleted = ref.kind === 'PersistentVolumeClaim' && deletedClaim(context.earlier, ref.name) !== undefined;
  const live = await readObject(kubernetes, ref, signal);
  const none = { manifest, found: null, conflicts: [], verdict: FINE };
  // Whether the deleted claim's successor is taken cannot be tried while the claim is there.
  if (deleted) return { ...none, create: true };
  if (live === null) {
    await rehearseCreation(context, manifest, { [GUARD]: guardText(context) });
    return { ...none, create: true };
  }
  const { differences, conflicts } = await rehearse(context, manifest, recordOf(live));
  if (differences.length === 0) return { ...none, create: false };
  return {
    manifest,
    create: false,
    found: { object: identified(ref, live), document: recordOf(live), differences },
    conflicts,
    verdict: together(await standsAgainst(context, workload, manifest, recordOf(live)), ...conflicts.map(asksFor(ref))),
  };
}

/** Who writes over it, and whose it was. */
async function standsAgainst(
  context: ActionContext,
  workload: Workload,
  { ref }: Manifest,
  live: { [key: string]: Json },
): Promise<Verdict> {
  if (ref.kind === workload.kind && ref.name === workload.name) return ownership(context, workload);
  const { labels = {}, annotations = {} } = isRecord(live.metadata) ? live.metadata : {};
  const owner = await findGitOpsOwner(
    context.kubernetes,
    {
      kind: ref.kind,
      namespace: ref.namespace,
      name: ref.name,
      labels: textsOf(labels),
      annotations: textsOf(annotations),
    },
    context.signal,
  );
  return owner === null ? FINE : refuse('gitops-owned', `${objectText(ref)}: ${owner.reason}; change it in Git`);
}

function asksFor(ref: ObjectRef): (conflict: Conflict) => Verdict {
  return (conflict) => ask(`it takes ${conflictText(conflict)} of ${objectText(ref)} over`);
}

/** What the target's template will be, and whether pods of it may start. */
async function templateVerdict(
  context: ActionContext,
  owned: OwnedWorkload,
  target: Found,
  creations: readonly One[],
): Promise<Verdict> {
  const { workload } = owned;
  const fields = target.differences.map(({ path, after }) => ({ path, value: after }));
  const { template } = withFields(workload, fields);
  const made = creations.map(({ manifest: { ref } }) => objectText(ref));
  const missing = await missingReferences(context.kubernetes, workload.namespace, template, context.signal);
  const unknown = missing.filter((clause) => !made.some((object) => clause === `${object} is missing`));
  return together(
    unknown.length === 0 ? FINE : refuse('reference-missing', unknown.join('; ')),
    await noOlderImage(context, owned, template),
  );
}

/**
 * Where an earlier action has stopped the target, how many pods it gets is said by what brings it back; else the manifest
 * says it, and asks where an autoscaler does.
 */
export async function settleReplicas(
  context: ActionContext,
  workload: Workload,
  manifests: readonly Manifest[],
): Promise<{ manifests: Manifest[]; verdict: Verdict; note: string }> {
  const own = manifests.find((manifest) => isTargets(manifest, workload));
  const wanted = own === undefined ? undefined : replicasOf(own);
  if (own === undefined || wanted === undefined) return { manifests: [...manifests], verdict: FINE, note: '' };
  if (lastStop(context.earlier) !== null)
    return {
      manifests: manifests.map((manifest) => (manifest === own ? withoutReplicas(manifest) : manifest)),
      verdict: FINE,
      note: `; not its replicas (${wanted} there): it gets as many as before it was stopped`,
    };
  const autoscaler = await autoscalerOf(context, workload);
  const verdict =
    autoscaler === null || wanted === workload.replicas
      ? FINE
      : ask(`its manifest says ${wanted} replicas, and HorizontalPodAutoscaler ${autoscaler.name} sets them`);
  return { manifests: [...manifests], verdict, note: '' };
}

function recordOf(json: Json): { [key: string]: Json } {
  return isRecord(json) ? json : {};
}

function identified(ref: ObjectRef, live: Json): ObjectRef {
  const metadata = recordOf(recordOf(live).metadata ?? null);
  return typeof metadata.uid === 'string' ? { ...ref, uid: metadata.uid } : ref;
}

function textsOf(json: Json): Record<string, string> {
  return Object.fromEntries(
    Object.entries(recordOf(json)).flatMap(([key, value]) => (typeof value === 'string' ? [[key, value]] : [])),
  );
}
