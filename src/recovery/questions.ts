import type { Clock } from './clock.ts';
import type { ApprovalAnswer } from './escalation.ts';
import type { RecoveryEvent } from './events.ts';
import type { RecoveryRecord } from './record.ts';
import type { PeopleStep } from './steps.ts';

/**
 * Questions for approval, as those know them who were asked: each is told when it is answered or not asked any more, so that
 * nothing is left to press, and nobody is called for it again. A question that nobody has taken has nobody to be told.
 */

/** One question, known by its attempt and the digest of exactly its plans: a plan made anew is another question. */
export interface Question {
  n: number;
  digest: string;
  /** What providers know the question by. */
  key: string;
  /** Who has it, or may have it, and does not know the answer yet. */
  carriers: Carrier[];
  answer: ApprovalAnswer | null;
}

/** A notifier with a question; `lost`: no answer came from there, so it may have it. */
export interface Carrier {
  notifier: string;
  providerId?: string;
  lost?: true;
  failure?: { count: number; at: string };
}

/** A notifier that does not take an answer is tried again after this. */
const AGAIN_MS = 30_000;
/** So often an answer is said to a notifier that took the question: ten minutes; to one that may have it once. */
const MOST_ANSWERS = 20;

/** Whom to tell an answer next. */
export function nextAnswer({ questions = [] }: RecoveryRecord, clock: Clock): PeopleStep | null {
  for (const { n, digest, carriers, answer } of questions) {
    if (answer === null) continue;
    const ready = carriers.find(({ failure }) => failure === undefined || clock.passed(failure.at, AGAIN_MS));
    if (ready !== undefined) return { name: 'tell-answer', n, digest, notifier: ready.notifier };
  }
  return null;
}

/** Whether somebody is still to be told an answer. */
export function owesAnswers({ questions = [] }: RecoveryRecord): boolean {
  return questions.some(({ carriers, answer }) => answer !== null && carriers.length > 0);
}

/** A question that somebody has, and that nobody has answered. */
export function unanswered({ questions = [] }: RecoveryRecord): { n: number; digest: string } | null {
  const open = questions.find(({ carriers, answer }) => answer === null && carriers.length > 0);
  return open === undefined ? null : { n: open.n, digest: open.digest };
}

/** The question with its answer and the notifier that is told, as long as it is to be told. */
export function answerFor(
  { questions = [] }: RecoveryRecord,
  { n, digest, notifier }: PeopleStep & { name: 'tell-answer' },
): { question: Question; answer: ApprovalAnswer; carrier: Carrier } | null {
  const question = questions.find((one) => one.n === n && one.digest === digest);
  const carrier = question?.carriers.find((one) => one.notifier === notifier);
  if (question?.answer == null || carrier === undefined) return null;
  return { question, answer: question.answer, carrier };
}

/** The key of an attempt's question; one about a plan made anew has its own, or its answer would close another. */
export function questionKey({ recoveryId, attempts }: RecoveryRecord, n: number): string {
  const replans = attempts.find((attempt) => attempt.n === n)?.replans ?? 0;
  return `${recoveryId}/approval/${n}${replans === 0 ? '' : `/${replans}`}`;
}

/** The questions' part of the fold: it comes last, when the event has done everything else. */
export function foldQuestions(record: RecoveryRecord, event: RecoveryEvent): RecoveryRecord {
  const { questions: before, ...rest } = record;
  const asked = before ?? [];
  if (asked.length === 0 && event.kind !== 'approval-asked') return record;
  const isAsking = record.inFlight.people?.step === 'ask';
  const questions = carried(record, asked, event)
    .map((question) => answered(record, question, event))
    // While one is being asked, somebody may come to have it.
    .filter(({ answer, carriers }) => answer === null || carriers.length > 0 || isAsking);
  return questions.length === 0 ? rest : { ...rest, questions };
}

/** Who has which question after this event. */
function carried(record: RecoveryRecord, questions: Question[], event: RecoveryEvent): Question[] {
  switch (event.kind) {
    case 'approval-asked': {
      const { n, digest } = event;
      if (event.tellsAnswer !== true) return questions;
      return [...questions, { n, digest, key: questionKey(record, n), carriers: [], answer: null }];
    }
    case 'approval-sent': {
      const { notifier, providerId = '' } = event;
      const own = providerId === '' ? {} : { providerId };
      return update(questions, event, (carriers) => [...without(carriers, notifier), { notifier, ...own }]);
    }
    case 'approval-failed': {
      const { notifier, lost } = event;
      return lost === undefined ? questions : mayHave(questions, event, notifier);
    }
    case 'step-stopped': {
      const { question } = event;
      return question === undefined ? questions : mayHave(questions, question, question.notifier);
    }
    case 'answer-told':
      return update(questions, event, (carriers) => without(carriers, event.notifier));
    case 'answer-failed':
      return update(questions, event, (carriers) => carriers.flatMap((one) => untold(one, event)));
    default:
      return questions;
  }
}

function update(
  questions: Question[],
  { n, digest }: { n: number; digest?: string },
  change: (carriers: Carrier[]) => Carrier[],
): Question[] {
  return questions.map((question) =>
    question.n === n && question.digest === digest ? { ...question, carriers: change(question.carriers) } : question,
  );
}

/** No answer came from there: it may have the question, unless it is known to. */
function mayHave(questions: Question[], which: { n: number; digest?: string }, notifier: string): Question[] {
  return update(questions, which, (carriers) =>
    carriers.some((one) => one.notifier === notifier) ? carriers : [...carriers, { notifier, lost: true }],
  );
}

function without(carriers: Carrier[], notifier: string): Carrier[] {
  return carriers.filter((one) => one.notifier !== notifier);
}

/** After a failure: the carrier as it is tried again, or nobody where it was tried often enough. */
function untold(carrier: Carrier, { notifier, at }: RecoveryEvent & { kind: 'answer-failed' }): Carrier[] {
  if (carrier.notifier !== notifier) return [carrier];
  const count = (carrier.failure?.count ?? 0) + 1;
  return count >= (carrier.lost === true ? 1 : MOST_ANSWERS) ? [] : [{ ...carrier, failure: { count, at } }];
}

/** The question with its answer, from the event on by which it is over. */
function answered(record: RecoveryRecord, question: Question, event: RecoveryEvent): Question {
  const attempt = record.attempts.find(({ n }) => n === question.n);
  const isOver = event.kind === 'question-over' && event.n === question.n && event.digest === question.digest;
  const waits =
    !isOver && attempt?.stage === 'asked' && attempt.approval?.digest === question.digest && record.closing === null;
  if (question.answer !== null || waits) return question;
  const by = attempt?.approval?.by ?? [];
  return { ...question, answer: { ...outcomeOf(record, event, by, attempt?.why), at: event.at } };
}

function outcomeOf(
  { closing, recovered }: RecoveryRecord,
  event: RecoveryEvent,
  approvedBy: string[],
  why: string | undefined,
): Omit<ApprovalAnswer, 'at'> {
  if (event.kind === 'approval-expired') return { outcome: 'expired', by: [], why: 'nobody answered in time' };
  if (event.kind === 'order' && event.name === 'approve')
    return { outcome: 'approved', by: approvedBy, why: `by ${approvedBy.join(', ')}` };
  if (event.kind === 'order' && event.name === 'reject')
    return { outcome: 'rejected', by: [event.actor.trim()], why: `by ${event.actor.trim()}` };
  const overtaken = (because: string) => ({ outcome: 'overtaken' as const, by: [], why: because });
  if (event.kind === 'question-over') return overtaken(event.why);
  if (closing !== null)
    return overtaken(`${closing.actor} ${closing.order === 'close' ? 'closed' : 'cancelled'} the recovery`);
  if (recovered !== null) return overtaken('the target has recovered');
  return overtaken(why ?? 'it is not asked any more');
}
