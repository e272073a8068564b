import { z } from 'zod';
import { KINTSUGI_PREFIX } from '../../kubernetes/template.ts';
import type { Workload } from '../../kubernetes/workloads.ts';
import type { ActionContext } from '../action.ts';

/** How many pods a dependency had before it was scaled to 0, and how that is known. */
export interface CountBefore {
  replicas: number;
  /** A clause for the plan's summary. */
  source: string;
}

/** Where people say how many pods a workload that rests at 0 shall have. */
export const REPLICAS = `${KINTSUGI_PREFIX}replicas`;
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/**
 * As many as Kintsugi saw when the target was healthy; else what people wrote on the workload, its autoscaler's least, or
 * what `kubectl apply` last said. Null where none of them tells.
 */
export async function countBefore(
  context: ActionContext,
  subject: { of: string | undefined; workload: Workload; autoscaler: { name: string; min: number } | null },
): Promise<CountBefore | null> {
  const { of, workload, autoscaler } = subject;
  const baseline = await context.baselines.read(context.target);
  const recorded = (baseline?.dependencies?.[of ?? ''] ?? []).find(
    ({ kind, name }) => kind === workload.kind && name === workload.name,
  )?.replicas;
  const sources: [replicas: number | undefined, source: string][] = [
    [recorded, `, as when the target was last seen healthy (${baseline?.seenAt})`],
    [countIn(workload.annotations[REPLICAS]), `, as its annotation ${REPLICAS} says`],
    [autoscaler?.min, `, the least that HorizontalPodAutoscaler ${autoscaler?.name} wants`],
    [lastApplied(workload.annotations[LAST_APPLIED]), ', as kubectl apply last said'],
  ];
  for (const [replicas, source] of sources) if (replicas !== undefined && replicas > 0) return { replicas, source };
  return null;
}

function countIn(text: string | undefined): number | undefined {
  return text !== undefined && /^[0-9]{1,4}$/.test(text) ? Number(text) : undefined;
}

const applied = z.looseObject({ spec: z.looseObject({ replicas: z.int().optional() }) });

function lastApplied(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  try {
    return applied.safeParse(JSON.parse(text)).data?.spec.replicas;
  } catch {
    return undefined;
  }
}
