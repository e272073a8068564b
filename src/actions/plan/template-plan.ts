import { isReady, isTerminating } from '../../kubernetes/pods.ts';
import {
  currentRevision,
  type OwnedWorkload,
  type Revision,
  readOwned,
  revisionOfPod,
} from '../../kubernetes/revisions.ts';
import { isBookkeepingPath } from '../../kubernetes/template.ts';
import type { Workload } from '../../kubernetes/workloads.ts';
import type { Change, Json, Plan, Risk } from '../../recovery/values.ts';
import type { ActionContext, RevertResult, WriteContext } from '../action.ts';
import { withinBudgets } from '../rules/disruption.ts';
import { ownership } from '../rules/ownership.ts';
import { changedSince, reachesFailingPods, rolloutState } from '../rules/rollout.ts';
import { FINE, judged, together, type Verdict } from '../rules/verdict.ts';
import { applyFields, fieldChanges, revertFields } from '../write/fields.ts';
import { deletePods, podRef } from '../write/pods.ts';
import { templateChanges } from './changes.ts';

/** What an action that changes a pod template says about its change. */
export interface TemplateProposal {
  action: string;
  summary: string;
  risk: Risk;
  undo: Plan['undo'];
  template: Workload['template'];
  /** The revision that the template is taken from. */
  source?: Revision;
  /** Changes in place of those found by comparing (a restart's, which is bookkeeping). */
  changes?: Change[];
  args?: { [key: string]: Json };
  verdicts: Verdict[];
}

/**
 * The plan of a template change: the fields, the pods that must be deleted for it to take effect (safety 13), and what the
 * rules that hold for every change of a template say: GitOps, pause, an unseen change, another hand at work.
 */
export async function templatePlan(
  context: ActionContext,
  owned: OwnedWorkload,
  proposal: TemplateProposal,
): Promise<Plan> {
  const { workload } = owned;
  const fields = proposal.changes ?? templateChanges(context, owned, proposal.template, proposal.source);
  const general = together(
    await ownership(context, workload, fields.every(isNote)),
    rolloutState(owned),
    changedSince(owned, context.brokenSince),
    reachesFailingPods(owned),
    fields.length === 0 ? FINE : await withinBudgets(context, owned, proposal.template),
    ...proposal.verdicts,
  );
  return {
    action: proposal.action,
    summary: proposal.summary,
    risk: proposal.risk,
    undo: proposal.undo,
    changes: [...fields, ...(fields.length === 0 ? [] : stuckPods(owned))],
    args: { workload: { namespace: workload.namespace, kind: workload.kind, name: workload.name }, ...proposal.args },
    waitSeconds: 0,
    ...judged(general),
  };
}

/** A restart's time, which is left beside what Git has. */
function isNote(change: Change): boolean {
  return change.type === 'field' && isBookkeepingPath(change.path);
}

/** A plan that has nothing to do any more, with the reason. */
export function nothingToDo(action: string, summary: string): Plan {
  return { action, summary, risk: 'none', undo: 'none', changes: [], args: {}, waitSeconds: 0 };
}

/**
 * A StatefulSet that goes in order never replaces a pod that is not ready, and `OnDelete` none at all: those pods are
 * deleted, each by uid. https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback
 */
function stuckPods({ workload, pods }: OwnedWorkload): Change[] {
  const replacesByItself = workload.strategy !== 'OnDelete' && workload.kind !== 'StatefulSet';
  if (replacesByItself) return [];
  return pods
    .filter((pod) => !isReady(pod) && !isTerminating(pod))
    .map((pod): Change => ({ type: 'delete', object: podRef(pod) }));
}

/** Writes the fields, then deletes the plan's pods; repeatable. */
export async function applyTemplate(context: WriteContext, plan: Plan): Promise<'applied' | 'unchanged'> {
  if (fieldChanges(plan).length === 0) return 'unchanged';
  const outcome = await applyFields(context, plan);
  if (outcome === 'applied') await deletePods(context, plan);
  return outcome;
}

/**
 * Puts the fields back. Where the kind does not replace them by itself, the pods that the withdrawn template left not ready
 * are deleted.
 */
export async function revertTemplate(context: WriteContext, plan: Plan): Promise<RevertResult> {
  const [field] = fieldChanges(plan);
  if (field === undefined) return { outcome: 'not-needed' };
  const result = await revertFields(context, plan);
  if (result.outcome !== 'undone' || field.object.kind === 'Deployment') return result;
  const { namespace = '', kind, name } = field.object;
  const owned = await readOwned(context.kubernetes, { namespace, kind, name }, context.signal);
  const current = currentRevision(owned.workload, owned.revisions);
  const withdrawn = owned.pods.filter((pod) => revisionOfPod(pod, owned.revisions)?.uid !== current?.uid);
  await deletePods(context, { changes: stuckPods({ ...owned, pods: withdrawn }) });
  return result;
}
