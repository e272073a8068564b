import type { V1PersistentVolume, V1PersistentVolumeClaim } from '@kubernetes/client-node';
import { findGitOpsOwner } from '../../kubernetes/gitops.ts';
import { claimRef, readClaim, readVolume, volumeRef } from '../../kubernetes/volumes.ts';
import { readWorkload } from '../../kubernetes/workloads.ts';
import type { Change, Json, Plan } from '../../recovery/values.ts';
import type { ActionContext } from '../action.ts';
import { refusedPlan } from '../plan/refused-plan.ts';
import { FINE, refuse, type Verdict } from '../rules/verdict.ts';
import { manifestOf } from './manifest.ts';
import { isFromTemplate } from './mounters.ts';

/** A claim that is to be replaced, with its volume, as the plan records both. */
export interface Replaced {
  claim: V1PersistentVolumeClaim;
  live: V1PersistentVolume;
  volume: { name: string; uid: string; reclaimPolicy: string };
  size: string;
  /** The plan's args that replacing and putting back work from. */
  args: { [name: string]: Json };
  verdict: Verdict;
}

/** Reads the claim and its volume; a plan with the refusal where there is nothing that could be put back. */
export async function readReplaced(
  context: ActionContext,
  claim: string,
  action: string,
  summary: string,
): Promise<Replaced | (Plan & { refusal: NonNullable<Plan['refusal']> })> {
  const { kubernetes, signal, target } = context;
  const { namespace } = target;
  const found = await readClaim(kubernetes, { namespace, name: claim }, signal);
  const volumeName = found?.spec?.volumeName;
  const live = volumeName === undefined ? null : await readVolume(kubernetes, volumeName, signal);
  if (found === null || live === null) {
    const refusal = {
      code: 'no-volume',
      reason: `claim ${claim} does not exist or is bound to no volume: there is nothing to keep and to go back to`,
    };
    return { ...refusedPlan(action, summary, refusal), refusal };
  }
  const workload = await readWorkload(kubernetes, target, signal);
  const { name = '', uid = '' } = live.metadata ?? {};
  const volume = { name, uid, reclaimPolicy: live.spec?.persistentVolumeReclaimPolicy ?? 'Delete' };
  return {
    claim: found,
    live,
    volume,
    size: found.status?.capacity?.storage ?? found.spec?.resources?.requests?.storage ?? 'of unknown size',
    args: {
      claim: { namespace, name: claim, uid: found.metadata?.uid ?? '' },
      volume,
      former: JSON.parse(JSON.stringify(manifestOf(found))),
      fromTemplate: isFromTemplate(workload, claim),
    },
    verdict: await madeByNobody(context, found),
  };
}

/** What becomes of the claim and its volume, as changes; `made` where the claim is made anew. */
export function replacedChanges({ claim, live, volume }: Replaced, made = false): Change[] {
  const ref = claimRef(claim);
  const { uid: _, ...successor } = ref;
  const retained: Change = {
    type: 'field',
    object: volumeRef(live),
    path: '/spec/persistentVolumeReclaimPolicy',
    before: { value: volume.reclaimPolicy },
    after: { value: 'Retain' },
  };
  return [
    ...(volume.reclaimPolicy === 'Retain' ? [] : [retained]),
    { type: 'delete', object: ref },
    ...(made ? [{ type: 'create' as const, object: successor }] : []),
  ];
}

/** A hold ends with the object that carries it: Flux and Argo CD would make the claim anew, empty, the moment it is gone. */
async function madeByNobody(context: ActionContext, { metadata }: V1PersistentVolumeClaim): Promise<Verdict> {
  const { namespace = '', name = '', labels = {}, annotations = {} } = metadata ?? {};
  const unheld = Object.fromEntries(Object.entries(annotations).filter(([, value]) => value !== 'disabled'));
  const owner = await findGitOpsOwner(
    context.kubernetes,
    { kind: 'PersistentVolumeClaim', namespace, name, labels, annotations: unheld },
    context.signal,
  );
  if (owner === null) return FINE;
  return refuse('gitops-owned', `claim ${name}: ${owner.reason}, and would make it anew without its data`);
}
