import type { ActionRecord, Attempt } from '../../recovery/attempt.ts';
import type { Change, ObjectRef, Plan, Value } from '../../recovery/values.ts';
import { aside, code, list, plain } from './markdown.ts';

/** What a recovery tried, as a post-mortem tells it: each change from what to what, who approved it, and what became of it. */
export function attemptsText(attempts: readonly Attempt[]): string {
  return attempts.length === 0 ? 'Nothing was tried.' : attempts.map(attemptText).join('\n\n');
}

function attemptText(attempt: Attempt): string {
  const { n, remedy, cause, stage, why, ordered } = attempt;
  const whose = ordered === undefined ? `for ${plain(cause)}` : `ordered by ${plain(ordered.by)}`;
  const heading = `### ${n}. ${plain(remedy)} ${whose}: ${stage}${aside(why)}`;
  const lines = [
    ...attempt.plans.map((plan, i) =>
      planText(
        plan,
        attempt.actions.find((action) => action.i === i),
      ),
    ),
  ];
  return [heading, list([...approvalLines(attempt), ...lines, ...verdictLines(attempt)], 'No plan was made.')].join(
    '\n\n',
  );
}

function approvalLines({ approval }: Attempt): string[] {
  if (approval === null) return [];
  const { by, quorum, why } = approval;
  const who = by.length === 0 ? 'nobody' : by.map(plain).join(', ');
  return [`Approval of ${quorum} asked for, because ${plain(why)}; given by ${who}`];
}

function planText(plan: Plan, action: ActionRecord | undefined): string {
  const changes = plan.changes.map((change) => `\n  - ${changeText(change)}`);
  const found = (action?.saw ?? []).map((line) => `\n  - found: ${code(line)}`);
  return [`${plain(plan.summary)}: **${outcomeOf(action, plan)}**`, ...changes, ...found].join('');
}

function outcomeOf(action: ActionRecord | undefined, { refusal }: Plan): string {
  if (refusal !== undefined) return `refused${aside(refusal.reason)}`;
  if (action === undefined) return 'not begun';
  const { outcome, error, undo } = action;
  const done = `${outcome}${error === undefined ? '' : aside(error.message)}`;
  if (undo === undefined) return done;
  const stays = undo.stands === undefined ? '' : `; ${plain(undo.stands)} stays`;
  return `${done}, undo: ${undo.outcome}${aside(undo.saw)}${stays}`;
}

function changeText(change: Change): string {
  switch (change.type) {
    case 'field':
      return `${objectText(change.object)} ${code(change.path)}: ${valueText(change.before)} → ${valueText(change.after)}`;
    case 'create':
    case 'delete':
      return `${change.type} ${objectText(change.object)}`;
    case 'exec':
      return `in container ${plain(change.container)} of ${objectText(change.object)}: ${plain(change.what)}`;
    case 'effect':
      return plain(change.what);
  }
}

function objectText({ kind, namespace, name }: ObjectRef): string {
  return plain(`${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`);
}

/** A secret stands in no record, but the object that holds it; so it does here. */
function valueText(value: Value): string {
  if ('value' in value) return code(JSON.stringify(value.value));
  if ('absent' in value) return 'not set';
  return 'later' in value ? plain(value.later) : `a value of ${objectText(value.secret.from)} that is not shown`;
}

function verdictLines({ verification, assessment }: Attempt): string[] {
  const checks = (verification?.checks ?? []).map(
    ({ name, result, saw }) => `\n  - ${plain(name)}: ${result}, ${plain(saw)}`,
  );
  return [
    ...(verification === null ? [] : [`Verification: **${verification.result}**${checks.join('')}`]),
    ...(assessment === null ? [] : [`Looked at again: ${plain(assessment.saw)}`]),
  ];
}
