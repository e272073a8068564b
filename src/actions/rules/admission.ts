import type { V1Pod } from '@kubernetes/client-node';
import { z } from 'zod';
import { KintsugiError } from '../../errors.ts';
import { isReady } from '../../kubernetes/pods.ts';
import type { OwnedWorkload } from '../../kubernetes/revisions.ts';
import { findRoom } from '../../kubernetes/room.ts';
import { isRecord, toJson } from '../../kubernetes/template.ts';
import { callOptions } from '../../kubernetes/transport.ts';
import type { Workload } from '../../kubernetes/workloads.ts';
import type { Json } from '../../recovery/values.ts';
import type { ActionContext } from '../action.ts';
import { ask, FINE, refuse, together, type Verdict } from './verdict.ts';

/**
 * Whether a pod of this workload, as its controller would make it, is admitted and finds room (safety 8): a server dry run
 * for LimitRange, quota and admission plug-ins, and the nodes' allocatable minus requests.
 */
export async function admitsPod(context: ActionContext, owned: OwnedWorkload): Promise<Verdict> {
  return together(await dryRun(context, owned.workload), await room(context, owned));
}

async function dryRun(context: ActionContext, workload: Workload): Promise<Verdict> {
  const { namespace, name, template } = workload;
  return triedPod(context, namespace, {
    metadata: {
      generateName: `${name}-`,
      labels: template.metadata?.labels ?? {},
      annotations: template.metadata?.annotations ?? {},
    },
    // Through JSON: the dry run must see exactly the fields that the controller would copy.
    spec: JSON.parse(JSON.stringify(withOwnClaims(workload))),
  });
}

/** What admission says to a pod, by the server's dry run: nothing is made. */
export async function triedPod(
  { kubernetes, signal, onlyShown }: ActionContext,
  namespace: string,
  pod: V1Pod,
): Promise<Verdict> {
  try {
    await kubernetes.core.createNamespacedPod({ namespace, body: pod, dryRun: 'All' }, callOptions({ signal }));
    return FINE;
  } catch (error) {
    if (!(error instanceof KintsugiError)) throw error;
    // Who may only look cannot try it: the plan is shown all the same.
    if (error.code === 'forbidden' && onlyShown === true)
      return ask(`whether such a pod is admitted could not be tried: ${error.message}`);
    if (error.code !== 'refused' && error.code !== 'invalid') throw error;
    if (/admission webhook|ValidatingAdmissionPolicy/.test(error.message))
      return ask(`admission refuses such a pod now: ${error.message}`);
    return refuse('not-admitted', `such a pod would not be admitted: ${error.message}`);
  }
}

/** The claims that a StatefulSet makes for each pod, which its template mounts and does not name as volumes. */
function withOwnClaims({ name, template, raw }: Workload): Json {
  const spec = toJson(template.spec);
  const own = ofClaims.safeParse(toJson(raw.spec)).data?.volumeClaimTemplates ?? [];
  if (!isRecord(spec) || own.length === 0) return spec;
  const claims = own.map(({ metadata }) => metadata.name);
  const given = Array.isArray(spec.volumes) ? spec.volumes : [];
  const others = given.filter((volume) => !isRecord(volume) || !claims.some((claim) => claim === volume.name));
  const made = claims.map((claim) => ({ name: claim, persistentVolumeClaim: { claimName: `${claim}-${name}-0` } }));
  return { ...spec, volumes: [...others, ...made] };
}

const ofClaims = z.looseObject({
  volumeClaimTemplates: z.array(z.looseObject({ metadata: z.looseObject({ name: z.string() }) })),
});

async function room({ kubernetes, signal }: ActionContext, { workload, pods }: OwnedWorkload): Promise<Verdict> {
  const { spec } = workload.template;
  if (spec === undefined) return FINE;
  // Without surge the old pod goes first and leaves its room to the new one.
  const leaving = workload.surge ? [] : pods.filter((pod) => !isReady(pod)).slice(0, 1);
  const { fits, saw } = await findRoom(kubernetes, spec, leaving, signal);
  return fits ? FINE : refuse('no-room', `no node has room for such a pod: ${saw}`);
}
