import { type Difference, differences } from '../../kubernetes/differences.ts';
import { currentRevision, type OwnedWorkload, type Revision } from '../../kubernetes/revisions.ts';
import { atPointer, toJson } from '../../kubernetes/template.ts';
import type { Workload } from '../../kubernetes/workloads.ts';
import type { Change, Plan, Value } from '../../recovery/values.ts';
import type { WriteContext } from '../action.ts';
import { type FieldChange, fieldChanges } from '../write/fields.ts';
import { type Assignment, withFields } from '../write/patch.ts';
import { fieldName, isValue, type Source, templateSource, toValue } from '../write/secrets.ts';

/**
 * Differences of a workload's document as a plan's changes. What redaction would alter is named by where it can be read
 * again: the value before in the revision that runs now, the value after in `source`.
 */
export function changesOf(
  context: WriteContext,
  owned: OwnedWorkload,
  found: readonly Difference[],
  source?: Revision,
): FieldChange[] {
  const { workload } = owned;
  const current = currentRevision(workload, owned.revisions);
  const document = toJson(workload.raw);
  return found.map(({ path, before, after }) => {
    const name = fieldName(document, path);
    const value = (json: Difference['before'], from: Source): Value => toValue(context.secrets, json, name, from);
    return {
      type: 'field',
      object: workload.ref,
      path,
      before: value(before, templateSource(workload, current, path)),
      after: value(after, templateSource(workload, source, path)),
    };
  });
}

/** The changes that lead from a workload to the same with another template. */
export function templateChanges(
  context: WriteContext,
  owned: OwnedWorkload,
  template: Workload['template'],
  source?: Revision,
): FieldChange[] {
  const found = differences(toJson(owned.workload.template), toJson(template), '/spec/template');
  return changesOf(context, owned, found, source);
}

/**
 * The workload as the remedy's earlier actions leave it: their fields set where they are not yet. (A secret among them is
 * left as it is: the later action cannot be about it.)
 */
export function afterEarlier(context: WriteContext, workload: Workload, earlier: readonly Plan[]): Workload {
  return earlier.reduce((before, plan) => {
    const document = toJson(before.raw);
    const fields = fieldChanges(plan).flatMap((change): Assignment[] => {
      if (change.object.uid !== before.uid || 'secret' in change.after || 'later' in change.after) return [];
      if (isValue(context.secrets, change.after, atPointer(document, change.path), change.path)) return [];
      return [{ path: change.path, value: 'value' in change.after ? change.after.value : undefined }];
    });
    return fields.length === 0 ? before : withFields(before, fields);
  }, workload);
}

/** Whether an earlier action of the remedy already rolls out a new template of this workload. */
export function isRolledOutBy(earlier: readonly Plan[], workload: Workload): boolean {
  const isTemplate = (change: Change) =>
    change.type === 'field' && change.object.uid === workload.uid && change.path.startsWith('/spec/template');
  return earlier.some((plan) => plan.changes.some(isTemplate));
}
