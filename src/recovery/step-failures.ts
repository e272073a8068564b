import type { EventBody, Lane } from './events.ts';
import type { PeopleStep, TargetStep } from './steps.ts';
import type { StepError } from './values.ts';

/** The events of a step that ended without a result: stopped on purpose, failed, or (a write) with its outcome unknown. */
export function failureEvents(
  lane: Lane,
  step: TargetStep | PeopleStep,
  error: StepError,
  stopped: boolean,
): EventBody[] {
  switch (step.name) {
    case 'apply':
      return [{ kind: 'action-finished', n: step.n, i: step.i, outcome: 'unknown', error }];
    case 'page':
      return [{ kind: 'page-failed', ...rungOf(step), error: error.message, lost: true }];
    case 'read-silences': {
      const sources = ['kintsugi', 'alertmanager', 'annotation'] as const;
      return [{ kind: 'silences-read', unread: sources.map((source) => ({ source, why: error.message })) }];
    }
    default:
      break;
  }
  if (stopped) return [{ kind: 'step-stopped', lane, step: step.name, ...questionOf(step) }];
  switch (step.name) {
    case 'ask': {
      const { n, digest, notifier } = step;
      return [{ kind: 'approval-failed', n, digest, notifier, error: error.message, lost: true }];
    }
    case 'tell-answer':
      return [answerFailed(step, error.message)];
    case 'update-page':
    case 'acknowledge-page':
    case 'resolve-page':
    case 'note':
      return [messageFailed(step, error.message)];
    case 'verify': {
      const checks = [{ name: 'verify', result: 'unknown' as const, saw: error.message }];
      return [{ kind: 'verified', n: step.n, result: 'unknown', checks, better: 'unknown' }];
    }
    case 'assess':
      return [{ kind: 'assessed', n: step.n, better: 'unknown', healthy: false, saw: error.message }];
    case 'plan':
      return isPassing(error)
        ? [{ kind: 'step-failed', lane, step: step.name, error }]
        : [refusedRemedy(step, error.code, error.message)];
    case 'release':
      // Temporal shows that this run has ended: the next holder may break the lease.
      return [{ kind: 'released' }];
    default:
      return [{ kind: 'step-failed', lane, step: step.name, error }];
  }
}

type Message = PeopleStep & { name: 'update-page' | 'acknowledge-page' | 'resolve-page' | 'note' };

/** The event of something that follows a page, or of a note, that was not taken. */
export function messageFailed(step: Message, error: string): EventBody {
  const { name, notifier } = step;
  const page = 'page' in step ? { page: step.page } : {};
  const upTo = 'upTo' in step ? { upTo: step.upTo } : {};
  return { kind: 'message-failed', step: name, notifier, ...page, ...upTo, error };
}

/** The question of a step that was stopped: its notifier may have it all the same. */
function questionOf(step: TargetStep | PeopleStep) {
  if (step.name !== 'ask') return {};
  const { n, digest, notifier } = step;
  return { question: { n, digest, notifier } };
}

/** The event of an answer that was not taken. */
export function answerFailed({ n, digest, notifier }: PeopleStep & { name: 'tell-answer' }, error: string): EventBody {
  return { kind: 'answer-failed', n, digest, notifier, error };
}

/** Which rung a page was sent on, as its events say it. */
export function rungOf({ rung, repeat, notifier }: PeopleStep & { name: 'page' }) {
  return { rung, ...(repeat === undefined ? {} : { repeat }), notifier };
}

const PASSING: ReadonlySet<string> = new Set(['unavailable', 'timeout', 'conflict']);

function isPassing(error: StepError): boolean {
  return PASSING.has(error.code);
}

/** The event of a remedy that must not, or cannot, be planned. */
export function refusedRemedy(step: TargetStep & { name: 'plan' }, code: string, reason: string): EventBody {
  const { n, cause, remedy, findingKey } = step;
  return { kind: 'remedy-refused', n, cause, remedy, findingKey, code, reason };
}
