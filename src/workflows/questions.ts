import type { EventBody } from '../recovery/events.ts';
import { approvalRequest, pageOf } from '../recovery/page.ts';
import { answerFor, questionKey } from '../recovery/questions.ts';
import type { RecoveryRecord } from '../recovery/record.ts';
import { answerFailed } from '../recovery/step-failures.ts';
import type { PeopleStep } from '../recovery/steps.ts';
import { activities } from './activities.ts';

/** The steps by which people are asked for approval, and told that it was given, refused or is not asked any more. */

export async function ask(record: RecoveryRecord, step: PeopleStep & { name: 'ask' }): Promise<EventBody[]> {
  const { n, digest, notifier } = step;
  const approval = approvalRequest(record, n);
  const failed = { kind: 'approval-failed' as const, n, digest, notifier };
  if (approval === null) return [{ ...failed, error: 'it no longer waits for approval' }];
  const key = questionKey(record, n);
  const { taken, providerId, error, lost } = await activities
    .notifying(`ask ${notifier} to approve ${approval.remedy}`)
    .escalate({
      notifier,
      event: 'approval',
      page: pageOf(record, key),
      messageKey: `${key}/${approval.digest}`,
      approval,
    });
  return taken
    ? [{ kind: 'approval-sent', n, digest, notifier, ...(providerId === undefined ? {} : { providerId }) }]
    : [{ ...failed, error: error ?? 'not taken', ...(lost === true ? { lost } : {}) }];
}

export async function tellAnswer(
  record: RecoveryRecord,
  step: PeopleStep & { name: 'tell-answer' },
): Promise<EventBody[]> {
  const { n, digest, notifier } = step;
  const told = answerFor(record, step);
  const approval = approvalRequest(record, n);
  if (told === null || approval === null) return [answerFailed(step, 'there is no such question')];
  const { question, answer, carrier } = told;
  const { taken, error } = await activities
    .notifying(`tell ${notifier} that ${approval.remedy} is ${answer.outcome}`)
    .escalate({
      notifier,
      event: 'answered',
      page: pageOf(record, question.key),
      messageKey: `${question.key}/${digest}/answered`,
      // A plan made anew since is another question's.
      approval: { ...approval, digest },
      answer,
      ...(carrier.providerId === undefined ? {} : { providerId: carrier.providerId }),
    });
  // With an error some of those whom the notifier stands for do not know it yet.
  const isTold = taken && error === undefined;
  return [isTold ? { kind: 'answer-told', n, digest, notifier } : answerFailed(step, error ?? 'not taken')];
}
