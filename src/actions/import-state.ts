import { z } from 'zod';
import { KintsugiError } from '../errors.ts';
import { execInPod } from '../kubernetes/exec.ts';
import { objectText } from '../kubernetes/objects.ts';
import { toJson } from '../kubernetes/template.ts';
import type { Workload } from '../kubernetes/workloads.ts';
import { milliseconds } from '../recovery/durations.ts';
import type { Plan } from '../recovery/values.ts';
import type { Action, ActionContext } from './action.ts';
import { plannedExport } from './plan/exported.ts';
import { EXEC, PATCH_WORKLOAD, READ_WORKLOAD } from './plan/permissions.ts';
import { refusedPlan } from './plan/refused-plan.ts';
import { readTarget } from './plan/subject.ts';
import { chooseContainer } from './state/container.ts';
import { applyImport, hasImported, IMPORT_STATE, type ImportArgs } from './state/import.ts';
import {
  containerName,
  containerParameters,
  containerPath,
  exporterOf,
  limit,
  newKey,
  program,
  timeout,
} from './state/parameters.ts';
import { TRANSFER_MS } from './state/tool.ts';
import { revertImport } from './state/undo-import.ts';

const params = z.strictObject({
  ...containerParameters,
  from: z
    .union([z.literal('exported'), z.string().regex(/^(?:sha256:)?[0-9a-f]{64}$/, 'an artifact: its SHA-256')])
    .describe("An artifact's SHA-256, or what an earlier export-state of the remedy has brought out"),
  command: program.describe(
    'The program of the image that reads the state out of the file, with its arguments, without a shell',
  ),
  input: containerPath.describe('The file that it reads; it is brought in and removed there'),
  timeout: timeout.describe('How long each program may take; one that takes longer is left running, and said to be'),
  save: z
    .strictObject({ command: program, output: containerPath })
    .describe('How what is there is exported first: what the undo imports again'),
  limit,
});

/**
 * Puts a state in the place of the target's own, by a program of the target. What is there is exported first and is the undo; the
 * program is run at most once, and where nobody knows what became of it a person is asked (safety 23).
 */
const importState: Action<z.infer<typeof params>> = {
  name: IMPORT_STATE,
  summary: "Puts a state in the place of the target's own by the target's program; what was there is exported first",
  params,
  disruptive: false,
  harm: () => 'replaces-state',
  onlyFromRunbook: true,
  permissions: () => [...READ_WORKLOAD, ...PATCH_WORKLOAD, ...EXEC],
  async plan(context, given) {
    const owned = await readTarget(context);
    const source = await sourceOf(context, given.from);
    if ('refusal' in source)
      return refusedPlan(IMPORT_STATE, `Import a state into ${objectText(owned.workload.ref)}`, source.refusal);
    const container = containerName(context, given.container, owned.workload.template.spec?.containers ?? []);
    const args = argsOf(given, container, source.from);
    return { ...planOf(owned.workload, args, source.text), ...refusedNow(context, owned, args) };
  },
  apply: (context, plan) => applyImport(context, plan, execInPod),
  revert: (context, plan) => revertImport(context, plan, execInPod),
  hasWritten: hasImported,
};
export default importState;

function argsOf(given: z.infer<typeof params>, container: string, from: ImportArgs['from']): ImportArgs {
  const { pod, command, input, timeout: time, save, limit: most } = given;
  return {
    key: newKey(),
    ...(pod === undefined ? {} : { pod }),
    container,
    from,
    importer: { command, input, timeoutMs: milliseconds(time) },
    exporter: exporterOf({ ...save, timeout: time, limit: most }),
  };
}

/** Both programs, three files on their way: as much time as the undo may take too. */
function planOf({ ref }: Workload, args: ImportArgs, state: string): Plan {
  const { importer, exporter, container, pod } = args;
  const [runs, saves] = [importer.command.join(' '), exporter.command.join(' ')];
  const what = `${state} into container ${container} of ${pod === undefined ? objectText(ref) : `pod ${pod}`}`;
  const kept = `first runs ${saves} and keeps what is there as an artifact: the undo imports it again`;
  return {
    action: IMPORT_STATE,
    summary: `Import ${what}: run ${runs}`,
    risk: 'medium',
    undo: 'on-failure',
    changes: [
      { type: 'exec', object: ref, container, what: `runs ${runs} once with ${what}` },
      { type: 'effect', what: kept },
    ],
    args: toJson(args),
    waitSeconds: (importer.timeoutMs + exporter.timeoutMs + 3 * TRANSFER_MS) / 1000,
  };
}

type Source = { from: ImportArgs['from']; text: string } | { refusal: { code: string; reason: string } };

async function sourceOf({ earlier, artifacts }: ActionContext, from: string): Promise<Source> {
  if (from === 'exported') {
    const exported = plannedExport(earlier);
    if (exported !== undefined) return { from: { exported: exported.key }, text: 'the state exported before' };
    return refused('no-export', 'no earlier action of this remedy exports a state');
  }
  const sha256 = from.replace(/^sha256:/, '');
  try {
    const stored = await artifacts.open(sha256);
    if (stored === null) return refused('not-found', `artifact ${sha256} is not on this machine`);
    // What cannot be decrypted is known before anything is changed.
    await stored.content.next();
    await stored.content.return(undefined);
    return { from: { artifact: sha256 }, text: `artifact ${sha256} (${stored.bytes} bytes)` };
  } catch (error) {
    if (error instanceof KintsugiError && !error.retryable) return refused(error.code, error.message);
    throw error;
  }
}

/** After earlier actions other pods may be there: then it is only known when they are done. */
function refusedNow(
  { earlier }: ActionContext,
  owned: Parameters<typeof chooseContainer>[0],
  wanted: Parameters<typeof chooseContainer>[1],
): { refusal?: { code: string; reason: string } } {
  if (earlier.length > 0) return {};
  const chosen = chooseContainer(owned, wanted);
  return 'refusal' in chosen ? chosen : {};
}

function refused(code: string, reason: string): { refusal: { code: string; reason: string } } {
  return { refusal: { code, reason } };
}
