import type { ApprovalRequest, Page } from '../recovery/escalation.ts';
import { MOST_DIFF_LINES, wholeDiff } from '../recovery/plan-diff.ts';
import { oneLine } from '../recovery/words.ts';

/** One step of a plan as a message has room for it. */
export interface PlanExcerpt {
  /** `1. agent-bruno goes back from revision 4 to revision 3 (risk medium)`. */
  summary: string;
  /** Its changes as a diff, from the first on. */
  diff: string[];
  /** How much of the diff is left out: `… and 12 lines more`. */
  cut?: string;
}

/** The steps of a question; `command` shows what is left out of them, in `words` what of the steps themselves. */
export interface PlanExcerpts {
  steps: PlanExcerpt[];
  rest?: { words: string; command: string };
}

/** What a message has room for: steps, and the text of all diffs together, by what `sizeOf` says of a line. */
export interface Room {
  steps: number;
  text: number;
  sizeOf(line: string): number;
}

/** The plans of a question with their diffs, cut from the end to what a message has room for. */
export function planExcerpts({ recoveryId }: Page, { plans }: ApprovalRequest, room: Room): PlanExcerpts {
  let left = room.text;
  const steps = plans.slice(0, room.steps).map((plan, index): PlanExcerpt => {
    const summary = `${index + 1}. ${oneLine(plan.summary)} (risk ${plan.risk})`;
    const all = wholeDiff(plan).map(oneLine);
    const diff: string[] = [];
    for (const line of all) {
      left -= room.sizeOf(line);
      if (left < 0) break;
      diff.push(line);
    }
    const missing = all.length - diff.length;
    return missing === 0 ? { summary, diff } : { summary, diff, cut: `… and ${missing} lines more` };
  });
  const missing = plans.length - steps.length;
  if (missing === 0 && steps.every(({ cut }) => cut === undefined)) return { steps };
  // Without --json it shows so many lines of a step.
  const isLong = plans.some((plan) => wholeDiff(plan).length > MOST_DIFF_LINES);
  const command = `kintsugi show ${recoveryId}${isLong ? ' --json' : ''}`;
  return { steps, rest: { words: missing === 0 ? 'All of it:' : `… and ${missing} steps more. All of it:`, command } };
}
