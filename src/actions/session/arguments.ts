import { z } from 'zod';
import { KintsugiError } from '../../errors.ts';
import type { Workload } from '../../kubernetes/workloads.ts';
import type { ActionContext } from '../action.ts';

/** What a session was planned with: no value of a variable, which the template keeps. */
export const sessionArgs = z.object({
  mode: z.enum(['copy', 'in-place']),
  workload: z.object({
    apiVersion: z.string(),
    kind: z.string(),
    namespace: z.string(),
    name: z.string(),
    uid: z.string(),
  }),
  container: z.string(),
  image: z.string(),
  seconds: z.number(),
  /** The template that it is made from. */
  templateHash: z.string(),
  /** Of a copy: its name. */
  pod: z.string().optional(),
  /** In place: what ran before, as its pods knew it. */
  original: z.object({ image: z.string(), digest: z.string().optional() }).optional(),
});
export type SessionArgs = z.infer<typeof sessionArgs>;

/** What is asked for. */
export interface Wanted {
  image: string;
  seconds: number;
  container?: string | undefined;
}

/** Seconds that an image may take to be pulled and the container to start. */
export const START_SECONDS = 120;
/** Seconds on top in which the environment is looked at. */
export const COLLECT_SECONDS = 60;

/** The container that a session stands for: the one asked for, the runbook's, else the first. */
export function containerOf(context: ActionContext, workload: Workload, wanted: string | undefined): string {
  const names = (workload.template.spec?.containers ?? []).map(({ name }) => name);
  const declared = wanted ?? context.runbook.spec.target.container;
  if (declared !== undefined && !names.includes(declared))
    throw new KintsugiError('invalid', `there is no container ${declared} in ${workload.name}`, {
      where: 'debug-session, container',
      fix: `Name one of: ${names.join(', ')}.`,
    });
  return declared ?? names[0] ?? '';
}
