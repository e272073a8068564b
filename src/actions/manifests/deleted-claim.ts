import type { Plan } from '../../recovery/values.ts';
import { type ReplaceArgs, replaceArgs } from '../volume/replace.ts';

/** What an earlier action of the remedy does to a claim that it deletes; undefined where none deletes it. */
export function deletedClaim(earlier: readonly Plan[], name: string): ReplaceArgs | undefined {
  return earlier
    .filter(({ action }) => action === 'delete-claim')
    .flatMap(({ args }) => replaceArgs.safeParse(args).data ?? [])
    .find(({ claim }) => claim.name === name);
}
