import type { V1Pod } from '@kubernetes/client-node';
import { currentRevision, type OwnedWorkload, revisionOfPod } from '../../kubernetes/revisions.ts';
import { isBelowPartition } from '../../kubernetes/update-strategy.ts';
import type { ActionContext } from '../action.ts';
import { isRolledOutBy } from '../plan/changes.ts';
import { changedSince, rolloutState } from './rollout.ts';
import { ask, FINE, together, type Verdict } from './verdict.ts';

/** What speaks against replacing pods by new ones of the same template. */

/**
 * Where a rollout is held, unseen, or came after the break, its new pods are somebody's mend (safety 5); the rollout that an
 * earlier action of this very remedy began is not.
 */
export function rolloutUnderWay({ earlier, brokenSince }: ActionContext, owned: OwnedWorkload): Verdict {
  if (isRolledOutBy(earlier, owned.workload)) return FINE;
  return together(rolloutState(owned), changedSince(owned, brokenSince));
}

/** A pod of an older template would come back with the present one: that is no replacement but a rollout (safety 13). */
export function comesBackTheSame({ workload, revisions }: OwnedWorkload, doomed: readonly V1Pod[]): Verdict {
  const current = currentRevision(workload, revisions);
  const changed = doomed.filter(
    (pod) => !isBelowPartition(workload, pod) && revisionOfPod(pod, revisions)?.uid !== current?.uid,
  );
  return ask(
    ...changed.map(({ metadata }) => `pod ${metadata?.name} would come back with another template than it has now`),
  );
}
