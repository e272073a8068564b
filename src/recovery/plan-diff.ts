import type { Change, ObjectRef, Plan, Value } from './values.ts';

/** What a plan would change, as a diff: what people approve is what they see. Pure. */

/** A value longer than this is cut; whoever wants it all has the record. */
const MOST_VALUE = 200;
export const MOST_DIFF_LINES = 40;

/** The lines of a plan's changes, as many as a person reads at once. */
export function planDiff(plan: Pick<Plan, 'changes'>): string[] {
  const lines = wholeDiff(plan);
  const cut = lines.length - MOST_DIFF_LINES;
  return cut <= 1 ? lines : [...lines.slice(0, MOST_DIFF_LINES), `… and ${cut} lines more`];
}

/**
 * All lines of a plan's changes: below each object `- path: before` and `+ path: after`; `+` what is made, `-` what is deleted, `!` what no
 * object shows. A secret's value is never among them.
 */
export function wholeDiff({ changes }: Pick<Plan, 'changes'>): string[] {
  const lines: string[] = [];
  let last = '';
  for (const change of changes) {
    const name = change.type === 'field' ? objectText(change.object) : '';
    if (name !== '' && name !== last) lines.push(name);
    last = name;
    lines.push(...changeLines(change));
  }
  return lines;
}

function changeLines(change: Change): string[] {
  switch (change.type) {
    case 'field': {
      const { path, before, after } = change;
      return [
        ...('absent' in before ? [] : [`- ${path}: ${valueText(before)}`]),
        ...('absent' in after ? [] : [`+ ${path}: ${valueText(after)}`]),
      ];
    }
    case 'create':
      return [`+ ${objectText(change.object)}`];
    case 'delete':
      return [`- ${objectText(change.object)}`];
    case 'exec':
      return [`! in container ${change.container} of ${objectText(change.object)}: ${change.what}`];
    case 'effect':
      return [`! ${change.what}`];
  }
}

function objectText({ kind, namespace, name }: ObjectRef): string {
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
}

function valueText(value: Value): string {
  if ('secret' in value) return `(a value of ${objectText(value.secret.from)} that is not shown)`;
  if ('later' in value) return `(${value.later})`;
  if ('absent' in value) return '(not set)';
  const text = JSON.stringify(value.value);
  return text.length <= MOST_VALUE ? text : `${text.slice(0, MOST_VALUE)}…`;
}
