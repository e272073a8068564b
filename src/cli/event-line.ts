import type { RecoveryEvent } from '../recovery/events.ts';
import { formatTarget } from '../recovery/ids.ts';
import { silenceText } from '../recovery/silences.ts';
import { legibleAll } from '../recovery/words.ts';
import {
  actionOutcomes,
  because,
  betterText,
  checksText,
  clockTime,
  counted,
  dataLossText,
  detail,
  errorText,
  findingsText,
  ofPeople,
  pagesAt,
  plansText,
  pointText,
  procedureOutcomes,
  recoveredBy,
  undoOutcomes,
  verificationResults,
} from './sentences.ts';

/** What happens in a recovery as people read it in a terminal. Pure: text without colour, times in UTC. */

/** One event as one sentence; null for what only moves the clock or the books on, and for kinds that a newer worker may send. */
export function eventLine(event: RecoveryEvent): string | null {
  const read = legibleAll(event);
  const line = courseLine(read) ?? attemptLine(read) ?? changeLine(read) ?? peopleLine(read);
  // Nobody's text begins a line that looks like the next event.
  return line === null ? null : line.replaceAll(/\n(?! {13})/g, `\n${MARGIN}`);
}

/** Below an event's time. */
const MARGIN = ' '.repeat(13);

/** How the recovery goes as a whole. */
function courseLine(event: RecoveryEvent): string | null {
  switch (event.kind) {
    case 'opened': {
      const what = event.target === null ? event.workflowId : formatTarget(event.target);
      const unsigned = event.actor !== undefined && event.signed === undefined ? ', not verified' : '';
      const who = event.actor ?? (event.startedBy === 'alert' ? 'an alert' : 'a person');
      const begun = event.procedure === undefined ? 'recovery' : `procedure ${event.procedure}`;
      return `${begun} of ${what}, started by ${who}${unsigned}${because(event.reason)}; ${pagesAt(event.deadline)}`;
    }
    case 'start-judged':
      return event.verified ? 'who started it is verified' : `who started it is not verified${because(event.doubt)}`;
    case 'owner-found':
      return `the pod belongs to ${formatTarget(event.target)}`;
    case 'owner-gone':
      return `the pod and its owner are gone (the rest is ${event.healthy ? 'healthy' : 'not healthy'}): ${event.saw}`;
    case 'forwarded':
      return `${counted(event.alerts, 'alert')} sent on to ${event.to}`;
    case 'alert-received':
      return event.status === 'firing'
        ? `alert ${event.name} (${event.role}${of(event.runbook)}) fires since ${clockTime(event.startsAt)}`
        : `alert ${event.name} has resolved`;
    case 'runbook-loaded':
      return `runbook ${event.name} ${event.version}; the worker's mode here is ${event.workerMode}`;
    case 'diagnosed':
      return `diagnosis ${event.round}: ${event.healthy ? 'healthy' : 'not healthy'}: ${event.saw}`;
    case 'adopted':
      return `recovery ${event.from} was cut short, what it changed is undone first: ${plansText(event.plans)}`;
    case 'classified':
      return findingsText(event.findings);
    case 'step-failed':
      return `${event.step} failed: ${errorText(event.error)}`;
    case 'step-stopped':
      return `${event.step} was stopped`;
    case 'watched':
      return event.healthy && !event.broken ? null : `a look: ${event.broken ? 'broken' : 'not healthy'}: ${event.saw}`;
    case 'relapsed':
      return `it broke again; ${pagesAt(event.deadline)}`;
    case 'runbook-changed': {
      const why = event.order === undefined ? 'its turn has come' : 'a procedure of it was ordered';
      return `on with runbook ${event.to}, ${why}; ${pagesAt(event.deadline)}`;
    }
    case 'procedure-ended':
      return `the procedure has ended, ${procedureOutcomes[event.outcome]}${asBefore(event)}: ${event.why}`;
    case 'recovered':
      return `RECOVERED ${recoveredBy[event.by]}; the recovery stays open until its alerts have resolved`;
    case 'post-recovery':
      return ['after the recovery:', ...event.items.map((item) => `${MARGIN}${pointText(item)}`)].join('\n');
    case 'closed': {
      const cause = event.rootCause === undefined ? '' : `; root cause: ${event.rootCause}`;
      return `CLOSED: ${event.outcome}${detail(event.why)}${cause}${standingText(event.standing)}`;
    }
    default:
      return null;
  }
}

/** What becomes of an attempt. */
function attemptLine(event: RecoveryEvent): string | null {
  switch (event.kind) {
    case 'planned':
      return `${dataLossText(event.plans)}attempt ${event.n}, ${event.remedy}${forCause(event.cause)}: ${plansText(event.plans)}`;
    case 'remedy-refused':
      return `${event.remedy}${forCause(event.cause)} is refused: ${event.reason}`;
    case 'replanned':
      return `attempt ${event.n}, action ${event.i + 1}, was planned anew: ${event.plan.summary}`;
    case 'approval-asked':
      return `attempt ${event.n} waits for approval${ofPeople(event.quorum)} until ${clockTime(event.expiresAt)}: ${event.why}`;
    case 'approval-expired':
      return `nobody approved attempt ${event.n} in time`;
    case 'silenced':
      return `${silenceText(event)}: nothing is written by itself, and a page that comes due is held`;
    case 'silence-ended':
      return `the silence is over: ${event.by === undefined ? event.why : `ended by ${event.by}`}`;
    case 'mode-said':
      return event.voice === null ? null : `${event.voice.source} says ${event.voice.mode}${detail(event.voice.fault)}`;
    case 'held-back':
      return `attempt ${event.n} is held back: ${event.why}`;
    case 'verified':
      return `attempt ${event.n} ${verificationResults[event.result]}${checksText(event.checks, event.result)}`;
    case 'assessed':
      return `after attempt ${event.n} ${betterText(event.better)}: ${event.saw}`;
    default:
      return null;
  }
}

/** What is done to the cluster. */
function changeLine(event: RecoveryEvent): string | null {
  switch (event.kind) {
    case 'action-started':
      return `attempt ${event.n}, action ${event.i + 1}, begins`;
    case 'action-finished': {
      const error = event.error === undefined ? '' : `: ${errorText(event.error)}`;
      return [
        `attempt ${event.n}, action ${event.i + 1}: ${actionOutcomes[event.outcome]}${error}`,
        ...foundLines(event.saw),
      ].join('\n');
    }
    case 'undo-started':
      return `attempt ${event.n}, action ${event.i + 1}, is undone: ${event.why}`;
    case 'undo-finished':
      return `attempt ${event.n}, action ${event.i + 1}: ${undoOutcomes[event.outcome]}${detail(event.saw)}${stands(event.stands)}`;
    default:
      return null;
  }
}

/** What is said to people, and what they order. */
function peopleLine(event: RecoveryEvent): string | null {
  switch (event.kind) {
    case 'approval-sent':
      return `${event.notifier} took the request to approve attempt ${event.n}`;
    case 'approval-failed':
      return `${event.notifier} did not take the request to approve attempt ${event.n}: ${event.error}`;
    case 'question-over':
      return `attempt ${event.n} is not asked for any more: ${event.why}`;
    case 'answer-told':
      return `${event.notifier} knows the answer about attempt ${event.n}`;
    case 'answer-failed':
      return `${event.notifier} did not take the answer about attempt ${event.n}: ${event.error}`;
    case 'deadline-passed':
      return 'the deadline has passed';
    case 'page-held':
      return `a page is due and held by the silence: ${event.why}`;
    case 'rung-due':
      return `a person is to be paged: ${event.why}`;
    case 'page-sent':
      return `${event.notifier} took the page`;
    case 'page-failed':
      return `${event.notifier} did not take the page: ${event.error}`;
    case 'page-updated':
      return `${event.notifier} took the page's update`;
    case 'page-acknowledged':
      return `${event.notifier} knows that ${event.by} has the page`;
    case 'note-sent':
      return `${event.notifier} took a note of the recovery`;
    case 'message-failed':
      return `${event.notifier} did not take ${messages[event.step]}: ${event.error}`;
    case 'page-resolved':
      return `the page is resolved at ${event.notifier}${event.partly === true ? ', not yet by all it stands for' : ''}: ${event.reason}`;
    case 'order':
      return `order ${event.name} by ${event.actor} ${event.accepted ? `is taken${saidText(event)}` : `is refused${because(event.reason)}`}`;
    case 'message-refused':
      return `${refusedText(event)}: ${event.why}`;
    default:
      return null;
  }
}

const messages = {
  'update-page': "the page's update",
  'acknowledge-page': 'that the page is acknowledged',
  'resolve-page': 'that the page is resolved',
  note: 'the note of the recovery',
} as const;

function refusedText({ order }: RecoveryEvent & { kind: 'message-refused' }): string {
  if (order === undefined) return 'a message was refused';
  const { name, actor = 'nobody who is named', id } = order;
  return `${name === undefined ? 'an order' : `order ${name}`} by ${actor}${id === undefined ? '' : ` (${id})`} was refused`;
}

/** What an order says besides its name. */
function saidText({ args }: RecoveryEvent & { kind: 'order' }): string {
  const said = ['remedy', 'cause', 'by', 'outcome', 'text'].flatMap((key) => {
    const value = args[key];
    return typeof value === 'string' ? [key === 'text' ? value : `${key} ${value}`] : [];
  });
  return detail(said.join(', '));
}

/** What an action found out, each line below the one that tells how it ended. */
function foundLines(saw: string[] = []): string[] {
  return saw.map((line) => `${MARGIN}${line}`);
}

/** Of a finding that says nothing, as a healthy target's, there is nothing to say. */
function forCause(cause: string): string {
  return cause === 'unknown' ? '' : ` for ${cause}`;
}

function asBefore(event: RecoveryEvent & { kind: 'procedure-ended' }): string {
  return event.asBefore ? '' : ', and the target is not as it was before';
}

/** Of an alert of another runbook than the recovery's: which one. */
function of(runbook: string | undefined): string {
  return runbook === undefined ? '' : `, of runbook ${runbook}`;
}

/** What stays although the change was taken back. */
function stands(text: string | undefined): string {
  return text === undefined ? '' : `; what stands: ${text}`;
}

function standingText(standing: string[]): string {
  return standing.length === 0 ? '' : `; what stands: ${standing.join('; ')}`;
}
