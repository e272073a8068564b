import { KintsugiError } from '../../errors.ts';
import type { Execution, SavedState } from '../../executions/notes.ts';
import { type ContainerShell, removeFiles } from '../../kubernetes/container-files.ts';
import type { ExecInPod } from '../../kubernetes/exec.ts';
import type { Plan } from '../../recovery/values.ts';
import type { RevertResult, WriteContext } from '../action.ts';
import { guardTarget } from '../write/created.ts';
import { type Claim, claimOf, runnerOf, stepOf } from './claim.ts';
import { findContainer, shellIn } from './container.ts';
import { IMPORT_STATE, type ImportArgs, importArgs } from './import.ts';
import { bringIn, bringOut, runTool } from './tool.ts';

/** Two that take it back at once, or an apply that goes on meanwhile: read and decide anew this often. */
const TRIES = 5;

/**
 * Puts the state back that an import found. An import that never began is only kept from beginning. Where nobody knows what became
 * of the import, or of its undo, nothing is run: a program may still be at it, and a person decides (safety 23). Ordered once
 * more, that is the decision.
 */
export async function revertImport(context: WriteContext, plan: Plan, exec: ExecInPod): Promise<RevertResult> {
  const args = importArgs.parse(plan.args);
  try {
    await guardTarget(context);
    for (let tried = 1; ; tried += 1) {
      try {
        return await decide(context, args, exec);
      } catch (error) {
        if (!isOvertaken(error) || tried === TRIES) throw error;
      }
    }
  } catch (error) {
    if (error instanceof KintsugiError && !error.retryable) return { outcome: 'refused', saw: error.message };
    throw error;
  }
}

function isOvertaken(error: unknown): boolean {
  return error instanceof KintsugiError && error.code === 'refused' && error.where.startsWith('ConfigMap execution-');
}

async function decide(context: WriteContext, args: ImportArgs, exec: ExecInPod): Promise<RevertResult> {
  const step = stepOf(context);
  const known = await context.executions.read(args.key);
  if (known === null) return neverBegun(context, args);
  const { note } = known;
  const claim = claimOf(context, args.key, known);
  if (note.undo?.ended?.result === 'done')
    return note.undo.by.step === step
      ? { outcome: 'undone', saw: note.undo.ended.saw.join('; ') }
      : { outcome: 'not-needed' };
  if (note.startedAt === undefined || note.saved === undefined) {
    if (note.takenBack === undefined) await claim.advance({ takenBack: step });
    return { outcome: 'not-needed', saw: note.ended?.saw.join('; ') ?? 'nothing was imported' };
  }
  const question = openQuestion(note);
  if (question !== null && (note.asked === undefined || note.asked === step)) {
    await claim.advance({ asked: step });
    return { outcome: 'refused', saw: `${question}. ${whatToDo(note, note.saved)}` };
  }
  return putBack(context, claim, { args, former: note.saved, exec });
}

/** A note that nobody can begin after. */
async function neverBegun(context: WriteContext, { key, container }: ImportArgs): Promise<RevertResult> {
  const place = { namespace: context.target.namespace, pod: '', container, id: '' };
  const by = runnerOf(context);
  await context.executions.write(key, { action: IMPORT_STATE, by, container: place, takenBack: by.step }, null);
  return { outcome: 'not-needed' };
}

/** What nobody knows; null where what was done is known. */
function openQuestion({ undo, ended, container }: Execution): string | null {
  const place = `pod ${container.namespace}/${container.pod}`;
  if (undo !== undefined) {
    if (undo.ended === undefined) return `putting the former state back was begun, and its outcome is not known`;
    return undo.ended.result === 'unknown' ? undo.ended.saw.join('; ') : null;
  }
  if (ended === undefined) return `the import was begun in ${place}, and its outcome is not known`;
  return ended.result === 'unknown' ? ended.saw.join('; ') : null;
}

function whatToDo({ container }: Execution, { sha256 }: SavedState): string {
  return `Look whether the program still runs in pod ${container.namespace}/${container.pod}, and at the state; ordered once more, the undo imports the former state, artifact ${sha256}`;
}

interface PuttingBack {
  args: ImportArgs;
  former: SavedState;
  exec: ExecInPod;
}

async function putBack(
  context: WriteContext,
  claim: Claim,
  { args, former, exec }: PuttingBack,
): Promise<RevertResult> {
  const place = await findContainer(context, args);
  const by = runnerOf(context);
  const isDone = claim.note.ended?.result === 'done' && claim.note.undo === undefined;
  await claim.advance({ undo: { by } });
  const ended = await importedFormer(context, shellIn(context, place, exec), { args, former, isDone });
  await claim.advance({ undo: { by, ended } });
  const saw = ended.saw.join('; ');
  if (ended.result === 'done') return { outcome: 'undone', saw };
  return { outcome: 'refused', saw: `${saw}. The former state is artifact ${former.sha256}` };
}

type Ended = NonNullable<Execution['ended']>;

async function importedFormer(
  context: WriteContext,
  shell: ContainerShell,
  { args, former, isDone }: { args: ImportArgs; former: SavedState; isDone: boolean },
): Promise<Ended> {
  const { importer, exporter } = args;
  try {
    // An import that failed may have left everything as it was.
    const there = isDone ? null : await bringOut(context, shell, exporter);
    if (there !== null && isSameState(there.saved, former))
      return { result: 'done', saw: [`the state is the former one (${former.state ?? former.sha256})`] };
    await bringIn(context, shell, { sha256: former.sha256, input: importer.input });
    const { result, saw } = await runTool(context, shell, importer);
    await removeFiles(shell, [importer.input]);
    return { result, saw: [`imported the former state, artifact ${former.sha256}, into ${shell.where}`, saw] };
  } catch (error) {
    if (!(error instanceof KintsugiError)) throw error;
    return { result: 'failed', saw: [error.message] };
  }
}

/** By what the program calls the state, else by the file: two files of one state may differ. */
function isSameState(a: SavedState, b: SavedState): boolean {
  return a.state !== undefined && b.state !== undefined ? a.state === b.state : a.sha256 === b.sha256;
}
