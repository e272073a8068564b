import { fieldChanges } from '../actions/write/fields.ts';
import { isValue, type Secrets } from '../actions/write/secrets.ts';
import { KintsugiError } from '../errors.ts';
import { objectInGit } from '../gitops/in-git.ts';
import type { Kubernetes } from '../kubernetes/client.ts';
import { atPointer, isBookkeepingPath } from '../kubernetes/template.ts';
import type { LookInput } from '../recovery/activities.ts';
import type { GitComparison } from '../recovery/values.ts';

/** Milliseconds that a comparison may take beside a look. */
const WITHIN_MS = 8_000;

/**
 * Whether Git has the changes that stand under a hold by now. Nothing but a value that was read says `equal`: whatever cannot
 * be read is `unknown`, and ends no hold.
 */
export async function compareWithGit(
  { kubernetes, secrets }: { kubernetes: Kubernetes; secrets: Secrets },
  { plan, changes }: NonNullable<LookInput['hold']>,
  signal: AbortSignal,
): Promise<GitComparison> {
  if (plan.hold === undefined) return { git: 'unknown', saw: 'the plan holds nothing' };
  const wanted = changes.flatMap((change) => fieldChanges(change)).filter(({ path }) => !isBookkeepingPath(path));
  // The last change of a field is the one that stands.
  const fields = [...new Map(wanted.map((field) => [field.path, field])).values()];
  try {
    const bound = AbortSignal.any([signal, AbortSignal.timeout(WITHIN_MS)]);
    const built = await objectInGit(kubernetes, plan.hold, bound);
    if ('unknown' in built) return { git: 'unknown', saw: built.unknown };
    const lacking = fields.filter(({ path, after }) => !isValue(secrets, after, atPointer(built.document, path), path));
    if (lacking.length === 0)
      return { git: 'equal', saw: `${plan.hold.owner} has ${fields.length} of ${fields.length} fields` };
    return { git: 'differs', saw: `${plan.hold.owner} lacks ${lacking.map(({ path }) => path).join(', ')}` };
  } catch (error) {
    if (signal.aborted) throw error;
    return { git: 'unknown', saw: error instanceof KintsugiError ? error.message : 'Git was not read in time' };
  }
}
