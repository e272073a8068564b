import { z } from 'zod';
import type { Plan } from '../../recovery/values.ts';
import type { StandIns } from '../../registry/pull-secrets.ts';

const place = z.object({ namespace: z.string(), name: z.string() });

/** What a plan of `copy-secret` holds: names, type and a keyed hash, never a value. */
export const copyArgs = z.object({
  from: place.extend({ uid: z.string() }),
  to: place,
  type: z.string(),
  /** Of the source's data; what is copied is what was planned. */
  hmac: z.string(),
});

export const COPY_SECRET = 'copy-secret';

/** By the name that pods will know it: where the content of a secret that the remedy is about to copy stands now. */
export function plannedCopies(earlier: readonly Plan[], namespace: string): StandIns {
  const copies = earlier.flatMap((plan) => {
    const args = plan.action === COPY_SECRET ? copyArgs.safeParse(plan.args).data : undefined;
    return args === undefined || args.to.namespace !== namespace ? [] : [args];
  });
  return new Map(copies.map(({ to, from }) => [to.name, { namespace: from.namespace, name: from.name }]));
}
