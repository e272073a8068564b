import type { EscalateResult } from '../recovery/escalation.ts';
import type { EventBody } from '../recovery/events.ts';
import { openPage, providerIdOf } from '../recovery/fold-pages.ts';
import { noteOf } from '../recovery/notes.ts';
import { pageOf } from '../recovery/page.ts';
import type { PageRecord } from '../recovery/page-record.ts';
import type { RecoveryRecord } from '../recovery/record.ts';
import { silenceEvents, silencesInput } from '../recovery/silences.ts';
import { messageFailed, rungOf } from '../recovery/step-failures.ts';
import type { PeopleStep } from '../recovery/steps.ts';
import { legible, legibleAll } from '../recovery/words.ts';
import { activities, soon } from './activities.ts';
import { ask, tellAnswer } from './questions.ts';

/** Runs one step of the lane that speaks to people: its activity, and the events that come of it. */
export async function runPeopleStep(started: RecoveryRecord, step: PeopleStep): Promise<EventBody[]> {
  switch (step.name) {
    case 'read-silences':
      return silenceEvents(
        started,
        await soon(() => activities.asking('is it silenced?').readSilences(silencesInput(started))),
      );
    case 'page': {
      const page = openPage(started);
      const key = page?.key ?? '';
      const sending = { event: 'trigger' as const, notifier: step.notifier, step: ladderStep(step) };
      const { taken, providerId, error, lost } = await escalate(started, page, sending);
      return taken
        ? [{ kind: 'page-sent', ...rungOf(step), key, providerId: providerId ?? '' }]
        : [{ kind: 'page-failed', ...rungOf(step), error: error ?? 'not taken', ...(lost ? { lost } : {}) }];
    }
    case 'ask':
      return ask(started, step);
    case 'tell-answer':
      return tellAnswer(started, step);
    case 'update-page': {
      const { page, notifier, upTo } = step;
      const result = await escalate(started, numbered(started, page), { event: 'update', notifier });
      return told(step, result, { kind: 'page-updated', page, notifier, upTo });
    }
    case 'acknowledge-page': {
      const { page, notifier, by } = step;
      const given = { event: 'acknowledge' as const, notifier, actor: by };
      const result = await escalate(started, numbered(started, page), given);
      return told(step, result, { kind: 'page-acknowledged', page, notifier, by });
    }
    case 'resolve-page': {
      const { page, notifier, reason } = step;
      const result = await escalate(started, numbered(started, page), { event: 'resolve', notifier, reason });
      const over: EventBody = { kind: 'page-resolved', page, notifier, reason };
      return isPartly(result) ? [{ ...over, partly: true }, ...told(step, result, over)] : told(step, result, over);
    }
    case 'note': {
      const { notifier } = step;
      const key = `${started.recoveryId}/note/${started.recovered?.at ?? ''}`;
      const result = await activities.notifying(`note by ${notifier}`).escalate({
        notifier,
        event: 'note',
        page: pageOf(started, key),
        messageKey: key,
        text: legible(noteOf(started)),
      });
      return told(step, result, { kind: 'note-sent', notifier });
    }
  }
}

/** Whether some of those whom the notifier stands for took it, and others are still to be told. */
function isPartly({ taken, error }: EscalateResult): boolean {
  return taken && error !== undefined;
}

/** The event of a message that was taken by all it was for, or that it was not. */
function told(step: Parameters<typeof messageFailed>[0], result: EscalateResult, event: EventBody): EventBody[] {
  const { taken, error = 'not taken' } = result;
  return [taken && !isPartly(result) ? event : messageFailed(step, error)];
}

function numbered(record: RecoveryRecord, number: number): PageRecord | null {
  return record.pages.find((page) => page.number === number) ?? null;
}

/** What tells one trigger of a page from another. */
function ladderStep({ rung, repeat }: PeopleStep & { name: 'page' }): string {
  return repeat === undefined ? `${rung}/trigger` : `${rung}/trigger/${repeat}`;
}

interface Sending {
  event: 'trigger' | 'update' | 'acknowledge' | 'resolve';
  notifier: string;
  /** Of a trigger: its rung. A repeated trigger of the same rung is the same message to the provider. */
  step?: string;
  reason?: string;
  actor?: string;
}

function escalate(record: RecoveryRecord, page: PageRecord | null, { step, ...sending }: Sending) {
  const { event, notifier } = sending;
  const key = page?.key ?? '';
  const providerId = page === null ? undefined : providerIdOf(page, notifier);
  return activities.notifying(`${event} page ${key} by ${notifier}`).escalate({
    ...legibleAll(sending),
    page: pageOf(record, key),
    messageKey: `${key}/${step ?? `0/${event}/${record.seq}`}`,
    ...(providerId === undefined ? {} : { providerId }),
  });
}
