import type { z } from 'zod';
import { KintsugiError } from '../../errors.ts';
import type { NotedExecution } from '../../executions/notes.ts';
import type { ExecInPod } from '../../kubernetes/exec.ts';
import type { Plan } from '../../recovery/values.ts';
import type { ApplyOutcome, WriteContext } from '../action.ts';
import { EXPORT_STATE, exportArgs } from '../plan/exported.ts';
import { checkTarget } from '../write/created.ts';
import { beginExecution, type Claim, failure, forGood, stepOf } from './claim.ts';
import { findContainer, shellIn } from './container.ts';
import { bringOut } from './tool.ts';

/**
 * Runs the program at most once: its note is written before, and what became of it after. Whoever finds it begun and not ended
 * stops, for it may still run.
 */
export async function applyExport(context: WriteContext, plan: Plan, exec: ExecInPod): Promise<ApplyOutcome> {
  const args = exportArgs.parse(plan.args);
  const known = await context.executions.read(args.key);
  if (known !== null) return answerOf(args.key, known);
  await checkTarget(context);
  const place = await findContainer(context, args);
  const claim = await beginExecution(context, args.key, { action: EXPORT_STATE, container: place });
  const { saved, saw } = await exported(context, claim, args, exec);
  await claim.advance({ saved, ended: { result: 'done', saw } });
  return { outcome: 'applied', saw };
}

async function exported(
  context: WriteContext,
  claim: Claim,
  args: z.infer<typeof exportArgs>,
  exec: ExecInPod,
): ReturnType<typeof bringOut> {
  try {
    return await bringOut(context, shellIn(context, claim.note.container, exec), args);
  } catch (error) {
    if (!(error instanceof KintsugiError)) throw error;
    await claim.advance({ ended: { result: error.code === 'timeout' ? 'unknown' : 'failed', saw: [error.message] } });
    throw forGood(error);
  }
}

/** Whether this step has run it, with success or without anybody knowing: a failure that is known has changed nothing. */
export async function hasExported(context: WriteContext, plan: Plan): Promise<boolean> {
  const known = await context.executions.read(exportArgs.parse(plan.args).key);
  return known !== null && known.note.by.step === stepOf(context) && known.note.ended?.result !== 'failed';
}

function answerOf(key: string, { note }: NotedExecution): ApplyOutcome {
  const { ended, container } = note;
  const where = `ConfigMap execution-${key}`;
  const place = `pod ${container.namespace}/${container.pod}`;
  if (ended?.result === 'done') return { outcome: 'applied', saw: ended.saw };
  if (ended !== undefined) throw failure(ended.saw.join('; '), where, 'Order it again.');
  throw failure(
    `the export was begun in ${place}, and nobody knows what became of it: its worker ended`,
    where,
    `Look whether the program still runs in ${place}, then order it again.`,
  );
}
