import { z } from 'zod';
import { KintsugiError } from '../../errors.ts';
import type { NotedExecution, SavedState } from '../../executions/notes.ts';
import type { ContainerShell } from '../../kubernetes/container-files.ts';
import { removeFiles } from '../../kubernetes/container-files.ts';
import type { ExecInPod } from '../../kubernetes/exec.ts';
import type { Plan } from '../../recovery/values.ts';
import type { ApplyOutcome, WriteContext } from '../action.ts';
import { guardTarget } from '../write/created.ts';
import { beginExecution, type Claim, claimOf, failure, forGood, stepOf } from './claim.ts';
import { findContainer, shellIn } from './container.ts';
import { bringIn, bringOut, runTool, type ToolRun } from './tool.ts';

export const IMPORT_STATE = 'import-state';

/** What a plan of `import-state` holds: whose state, and both programs: what is there is exported first, as the undo. */
export const importArgs = z.object({
  key: z.string(),
  pod: z.string().optional(),
  container: z.string(),
  /** An artifact's digest, or the key of the export whose result it is. */
  from: z.union([z.object({ artifact: z.string() }), z.object({ exported: z.string() })]),
  importer: z.object({ command: z.array(z.string()), input: z.string(), timeoutMs: z.number() }),
  exporter: z.object({
    command: z.array(z.string()),
    output: z.string(),
    timeoutMs: z.number(),
    maxBytes: z.number(),
  }),
});
export type ImportArgs = z.infer<typeof importArgs>;

/**
 * Imports a state once. Each step is noted before it is done, against the note before it: what is there is exported as the undo,
 * the file is brought in and compared, and only then the program is run, in the note first.
 */
export async function applyImport(context: WriteContext, plan: Plan, exec: ExecInPod): Promise<ApplyOutcome> {
  const args = importArgs.parse(plan.args);
  const known = await context.executions.read(args.key);
  if (known !== null) return answerOf(context, args, known);
  await guardTarget(context);
  const wanted = await stateToImport(context, args);
  const place = await findContainer(context, args);
  const claim = await beginExecution(context, args.key, { action: IMPORT_STATE, container: place });
  const shell = shellIn(context, place, exec);
  const begun = performance.now();
  const former = await prepared(context, claim, shell, { args, wanted });
  await claim.advance({ startedAt: new Date().toISOString() });
  const run = agreed(await runTool(context, shell, args.importer), wanted);
  const left = await removeFiles(shell, [args.importer.input]);
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  const saw = [
    `imported into ${shell.where}: artifact ${wanted.sha256}, ${wanted.bytes} bytes, in ${seconds} s`,
    run.saw,
    `what was there before: artifact ${former.sha256}, ${former.bytes} bytes`,
    ...(left === null ? [] : [left]),
  ];
  if (run.result === 'done') {
    await claim.advance({ ended: { result: 'done', saw } });
    return { outcome: 'applied', saw };
  }
  await claim.advance({ ended: { result: run.result, saw: [run.saw] } });
  throw failure(run.saw, shell.where, `The state of before is artifact ${former.sha256}.`);
}

/** What is to be imported, by its name and size. */
async function stateToImport({ artifacts, executions }: WriteContext, { from }: ImportArgs): Promise<SavedState> {
  const exported = 'exported' in from ? (await executions.read(from.exported))?.note.saved : undefined;
  const sha256 = 'artifact' in from ? from.artifact : exported?.sha256;
  if (sha256 === undefined)
    throw failure('the export before it has kept no state', 'import-state', 'Look why the export failed.');
  const stored = await artifacts.open(sha256);
  if (stored === null)
    throw failure(
      `artifact ${sha256} is not on this machine`,
      'KINTSUGI_HOME/artifacts',
      'Let the workers share the folder of artifacts.',
    );
  // Nothing of it was read: only whether it is there.
  await stored.content.return(undefined);
  return exported ?? { sha256, bytes: stored.bytes };
}

/** Everything before the program itself: as long as that fails, the state is as it was. */
async function prepared(
  context: WriteContext,
  claim: Claim,
  shell: ContainerShell,
  { args, wanted }: { args: ImportArgs; wanted: SavedState },
): Promise<SavedState> {
  const { input } = args.importer;
  try {
    const { saved } = await bringOut(context, shell, args.exporter);
    await claim.advance({ saved });
    await bringIn(context, shell, { sha256: wanted.sha256, input });
    return saved;
  } catch (error) {
    if (!(error instanceof KintsugiError)) throw error;
    await removeFiles(shell, [input, `${input}.part`]).catch(() => null);
    const saw = `nothing was imported: ${error.message}`;
    await claim.advance({ ended: { result: 'failed', saw: [saw] } });
    throw forGood(new KintsugiError(error.code, saw, { where: error.where, fix: error.fix, cause: error }));
  }
}

/** A program that says which state it has read must have read the one that was exported. */
function agreed(run: ToolRun, wanted: SavedState): ToolRun {
  const differs = run.state !== undefined && wanted.state !== undefined && run.state !== wanted.state;
  if (run.result !== 'done' || !differs) return run;
  return { ...run, result: 'failed', saw: `${run.saw}, which is not the state ${wanted.state} that was exported` };
}

/** Whether the program was started for this step: before that nothing was changed. */
export async function hasImported(context: WriteContext, plan: Plan): Promise<boolean> {
  const known = await context.executions.read(importArgs.parse(plan.args).key);
  return known !== null && known.note.by.step === stepOf(context) && known.note.startedAt !== undefined;
}

/** What a try finds that comes after another one. */
async function answerOf(context: WriteContext, args: ImportArgs, known: NotedExecution): Promise<ApplyOutcome> {
  const { note } = known;
  const where = `ConfigMap execution-${args.key}`;
  if (note.takenBack !== undefined) throw failure('it was taken back before it was begun', where, 'Order it again.');
  if (note.ended?.result === 'done') return { outcome: 'applied', saw: note.ended.saw };
  if (note.ended !== undefined) throw failure(note.ended.saw.join('; '), where, 'Look at what its undo found.');
  if (note.startedAt === undefined) {
    const saw = 'nothing was imported: its worker ended before the program was started';
    // Whoever else still held it cannot start the program any more.
    await claimOf(context, args.key, known).advance({ ended: { result: 'failed', saw: [saw] } });
    throw failure(saw, where, 'Order it again.');
  }
  throw failure(
    'the import was begun, and nobody knows what became of it: its worker ended',
    where,
    `Look at the state; that of before is artifact ${note.saved?.sha256 ?? 'unknown'}.`,
  );
}
