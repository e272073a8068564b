import type { Attempt } from './attempt.ts';
import type { RecoveryEvent } from './events.ts';
import { isSamePerson } from './people.ts';
import { mayStand } from './undoing.ts';

/** The part of the fold about questions for approval: asked, sent, answered, expired. */

type ApprovalEvent = RecoveryEvent & {
  kind: 'approval-asked' | 'approval-sent' | 'approval-failed' | 'approval-expired';
};

/** What became of the question about an attempt. */
export function foldApproval(attempt: Attempt, event: ApprovalEvent): Attempt {
  switch (event.kind) {
    case 'approval-asked': {
      const { quorum, expiresAt, digest, why, tellsAnswer } = event;
      const tells = tellsAnswer === undefined ? {} : { tellsAnswer };
      return {
        ...attempt,
        stage: 'asked',
        approval: { quorum, expiresAt, digest, why, by: [], ordered: false, ...tells, sentBy: null, tries: [] },
      };
    }
    case 'approval-sent':
      return isOfBefore(attempt, event) ? attempt : withApproval(attempt, { sentBy: event.notifier });
    case 'approval-failed': {
      if (isOfBefore(attempt, event)) return attempt;
      const tries = [...(attempt.approval?.tries ?? []), { notifier: event.notifier, at: event.at }];
      return withApproval(attempt, { tries });
    }
    case 'approval-expired':
      return endUnapproved(attempt, 'expired', 'nobody answered in time');
  }
}

/** What a person answers to the question about an attempt; `underPage`: people had been called before. */
export function foldAnswer(
  attempt: Attempt,
  event: RecoveryEvent & { kind: 'order' },
  { underPage }: { underPage: boolean },
): Attempt {
  if (event.name === 'reject') return endUnapproved(attempt, 'rejected', `rejected by ${event.actor}`);
  const approval = attempt.approval;
  if (approval === null) return attempt;
  const known = approval.by.some((name) => isSamePerson(name, event.actor));
  const by = known ? approval.by : [...approval.by, event.actor.trim()];
  const approved = { ...approval, by, ordered: underPage };
  return { ...attempt, approval: approved, stage: by.length >= approval.quorum ? 'approved' : 'asked' };
}

function withApproval(attempt: Attempt, change: Partial<NonNullable<Attempt['approval']>>): Attempt {
  return attempt.approval === null ? attempt : { ...attempt, approval: { ...attempt.approval, ...change } };
}

/** Whether what became of a question came only after the plan was made anew: the new question is still to be asked. */
function isOfBefore({ approval }: Attempt, { digest }: { digest?: string }): boolean {
  return approval?.tellsAnswer === true && digest !== undefined && digest !== approval.digest;
}

/** An attempt that people turned down or did not answer: what it has changed so far is taken back. */
function endUnapproved(attempt: Attempt, stage: 'rejected' | 'expired', why: string): Attempt {
  const standing = attempt.actions.some((action) => mayStand(action, attempt));
  const unanswered = standing && stage === 'expired' ? { unanswered: true as const } : {};
  return { ...attempt, ...unanswered, stage: standing ? 'undoing' : stage, why };
}
