import type { ActionContext } from '../action.ts';
import { FINE, refuse, type Verdict } from '../rules/verdict.ts';
import { lastStop } from './bring-back.ts';
import { stopArgs } from './quiesce.ts';
import { holdersOf } from './still.ts';

/** Nobody may write to a volume that is worked on: an earlier action of the remedy stops them, or nobody does now. */
export async function writersStopped(
  context: ActionContext,
  { namespace, claim, volume }: { namespace: string; claim: string; volume: string },
): Promise<Verdict> {
  const stops = lastStop(context.earlier) ?? [];
  if (stops.some(({ args }) => stopArgs.parse(args).claims.includes(claim))) return FINE;
  const holders = await holdersOf(context, { namespace, claims: [claim], volumes: [volume] });
  if (holders.length === 0) return FINE;
  return refuse('in-use', `claim ${claim} is in use, \`scale: {to: 0}\` must come before: ${holders.join(', ')}`);
}
