import { findGitOpsOwner } from '../../kubernetes/gitops.ts';
import { objectText } from '../../kubernetes/objects.ts';
import { controllerOf } from '../../kubernetes/owner.ts';
import type { Workload } from '../../kubernetes/workloads.ts';
import type { ActionContext } from '../action.ts';
import { ask, FINE, refuse, type Verdict } from './verdict.ts';

/**
 * Whether a change to this object would stand (safety 11): what Flux, Helm drift detection or Argo CD would write over is
 * refused with the reason, unless an earlier action of the remedy holds it; what an operator made is asked about.
 * @param onlyNotes whether nothing but bookkeeping annotations changes, which no GitOps tool takes away
 */
export async function ownership(context: ActionContext, workload: Workload, onlyNotes = false): Promise<Verdict> {
  const gitOps = onlyNotes ? null : await findGitOpsOwner(context.kubernetes, workload, context.signal);
  if (gitOps !== null)
    return refuse(
      'gitops-owned',
      `${gitOps.reason}, unless hold-gitops comes before; change ${objectText(workload.ref)} in Git`,
    );
  const owner = controllerOf(workload.raw.metadata.ownerReferences);
  if (owner === undefined) return FINE;
  return ask(`${owner.kind} ${owner.name} made ${objectText(workload.ref)} and may write over the change`);
}
