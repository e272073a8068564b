import type { Change, Plan } from './values.ts';

/**
 * Whether a plan that was made again only puts a value where the recorded one said that an earlier action of the remedy would
 * give it (`later`), and asks nothing new: that is what was planned and approved, not another plan.
 */
export function isSettledBy(recorded: Plan, fresh: Plan): boolean {
  if (fresh.refusal !== undefined || recorded.changes.length !== fresh.changes.length) return false;
  if (fresh.ask !== undefined && fresh.ask !== recorded.ask) return false;
  if (!recorded.changes.some(isOpen)) return false;
  return recorded.changes.every((change, at) => {
    const now = fresh.changes[at];
    if (now === undefined) return false;
    if (!isOpen(change) || now.type !== 'field') return JSON.stringify(change) === JSON.stringify(now);
    const same = { ...now, after: change.after };
    return 'value' in now.after && JSON.stringify(change) === JSON.stringify(same);
  });
}

function isOpen(change: Change): change is Extract<Change, { type: 'field' }> {
  return change.type === 'field' && 'later' in change.after;
}
