import { z } from 'zod';
import type { Plan } from '../../recovery/values.ts';

export const EXPORT_STATE = 'export-state';

/** What a plan of `export-state` holds: where the program is run, what it writes, and the key by which its result is noted. */
export const exportArgs = z.object({
  key: z.string(),
  pod: z.string().optional(),
  container: z.string(),
  command: z.array(z.string()),
  output: z.string(),
  timeoutMs: z.number(),
  maxBytes: z.number(),
});

/** The export that an earlier action of the remedy makes. */
export function plannedExport(earlier: readonly Plan[]): z.infer<typeof exportArgs> | undefined {
  return earlier
    .flatMap((plan) => (plan.action === EXPORT_STATE ? (exportArgs.safeParse(plan.args).data ?? []) : []))
    .at(-1);
}
