import { z } from 'zod';
import { execInPod } from '../kubernetes/exec.ts';
import { objectText } from '../kubernetes/objects.ts';
import type { Workload } from '../kubernetes/workloads.ts';
import type { Plan } from '../recovery/values.ts';
import type { Action } from './action.ts';
import { EXPORT_STATE } from './plan/exported.ts';
import { EXEC, READ_WORKLOAD } from './plan/permissions.ts';
import { readTarget } from './plan/subject.ts';
import { declaredTarget } from './rules/runbook-target.ts';
import { FINE, judged, together } from './rules/verdict.ts';
import { chooseContainer } from './state/container.ts';
import { applyExport, hasExported } from './state/export.ts';
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

const params = z.strictObject({
  ...containerParameters,
  command: program.describe(
    'The program of the image that writes the state into the file, with its arguments, without a shell',
  ),
  output: containerPath.describe('The file that it writes; it is brought out and removed there'),
  need: z
    .enum(['required', 'if-possible', 'never'])
    .default('required')
    .describe(
      'required: refused where no container runs that could export; if-possible: such a target is asked about, to go on without export; never: without export, which asks too',
    ),
  timeout: timeout.describe('How long the program may take; one that takes longer is left running, and said to be'),
  limit,
});

/**
 * Lets a program of the target write its state into a file and keeps that as an artifact (safety 23, 24). Nothing of the target is
 * changed but a file of its own that is taken away again; the program is run at most once.
 */
const exportState: Action<z.infer<typeof params>> = {
  name: EXPORT_STATE,
  summary: "Lets the target's own program write its state into a file, and keeps that file as an artifact",
  params,
  disruptive: false,
  harm: () => null,
  onlyFromRunbook: true,
  permissions: () => [...READ_WORKLOAD, ...EXEC],
  async plan(context, { pod, container: named, need, ...given }) {
    const owned = await readTarget(context);
    const { workload } = owned;
    const exporter = exporterOf(given);
    const container = containerName(context, named, workload.template.spec?.containers ?? []);
    const chosen = chooseContainer(owned, { pod, container });
    if (need === 'never') return withoutExport(workload, 'nobody wants its state');
    if (need === 'if-possible' && 'refusal' in chosen) return withoutExport(workload, chosen.refusal.reason);
    const seen = 'refusal' in chosen ? objectText(workload.ref) : `pod ${chosen.pod} of ${objectText(workload.ref)}`;
    const where = pod === undefined ? 'its pod' : `pod ${pod}`;
    return {
      action: EXPORT_STATE,
      summary: `Export the state of container ${container} in ${seen}: run ${exporter.command.join(' ')}, keep ${exporter.output} as an artifact`,
      risk: 'low',
      undo: 'none',
      changes: [
        {
          type: 'effect',
          what: `runs ${exporter.command.join(' ')} once in container ${container} of ${where}, brings ${exporter.output} out (${given.limit} at most) and removes it there`,
        },
      ],
      args: { key: newKey(), ...(pod === undefined ? {} : { pod }), container, ...exporter },
      waitSeconds: (exporter.timeoutMs + TRANSFER_MS) / 1000 + 30,
      // An effect alone is not asked about by whoever plans: a program is run on nothing but the runbook's own target.
      ...judged(
        together('refusal' in chosen ? { ...chosen, asks: [] } : FINE, declaredTarget(context.runbook, workload)),
      ),
    };
  },
  apply: async (context, plan) => (isWithout(plan) ? 'unchanged' : applyExport(context, plan, execInPod)),
  revert: async () => ({ outcome: 'not-needed' }),
  hasWritten: async (context, plan) => !isWithout(plan) && (await hasExported(context, plan)),
};
export default exportState;

/** What follows may lose the state: a person says that it shall be done without (safety 23). */
function withoutExport({ ref }: Workload, why: string): Plan {
  return {
    action: EXPORT_STATE,
    summary: `Go on without an export of the state of ${objectText(ref)}: ${why}`,
    risk: 'low',
    undo: 'none',
    changes: [{ type: 'effect', what: 'the state is not exported' }],
    args: { without: true },
    waitSeconds: 0,
    ask: `without export: ${why}`,
  };
}

function isWithout({ args }: Plan): boolean {
  return z.object({ without: z.literal(true) }).safeParse(args).success;
}
