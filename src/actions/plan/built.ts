import { z } from 'zod';
import type { Plan } from '../../recovery/values.ts';

export const REBUILD_IMAGE = 'rebuild-image';

/** What a plan of `rebuild-image` holds: what is built, by which hook, and the key by which its result is noted. */
export const buildArgs = z.object({
  hook: z.string(),
  key: z.string(),
  container: z.string(),
  /** The repository, without tag and digest. */
  image: z.string(),
  commit: z.string(),
});

/** The build that an earlier action of the remedy makes for a container. */
export function plannedBuild(earlier: readonly Plan[], container: string): z.infer<typeof buildArgs> | undefined {
  return earlier
    .flatMap((plan) => (plan.action === REBUILD_IMAGE ? (buildArgs.safeParse(plan.args).data ?? []) : []))
    .findLast((args) => args.container === container);
}
