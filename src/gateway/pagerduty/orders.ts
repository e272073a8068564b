import type { OrderFields } from '../../orders/give-order.ts';
import type { IncidentEvent } from './payload.ts';

/** What an alert of ours is about: a page, or the question for approval of an attempt. */
export interface About {
  recoveryId: string;
  attempt: number | null;
}

/** An order for what somebody did in PagerDuty. */
export interface IncidentOrder {
  order: 'acknowledge' | 'note';
  fields: Omit<OrderFields, 'actor'>;
}

/** The longest note; the rest of a longer one stays in PagerDuty. */
const MOST_NOTE = 1900;

/** What a key of an alert is about (`<recovery id>/<page>`, `<recovery id>/approval/<attempt>`); null if it is none of ours. */
export function aboutIn(key: string): About | null {
  const [, recoveryId, attempt] = /^(recovery\/.+@[0-9a-f]{8})\/(?:\d+|approval\/(\d+)(?:\/\d+)?)$/.exec(key) ?? [];
  if (recoveryId === undefined) return null;
  return { recoveryId, attempt: attempt === undefined ? null : Number(attempt) };
}

/**
 * What is ordered by it. To acknowledge is to have the page in hand. Nothing else that is done in PagerDuty steers: that somebody
 * resolves an incident is no proof that its target is healthy, and an alert of a question has no button for yes or no.
 */
export function orderFor({ what, text = '' }: IncidentEvent, { attempt }: About, notifier: string): IncidentOrder {
  const noted = (note: string): IncidentOrder => ({ order: 'note', fields: { text: note, through: notifier } });
  const over = (note: string): IncidentOrder => ({
    order: 'note',
    fields: { text: note, through: notifier, over: true },
  });
  const asked = `the question whether attempt ${attempt} may go on`;
  switch (what) {
    case 'acknowledged':
      if (attempt !== null) return noted(`Has seen ${asked} in PagerDuty: it still waits for its answer.`);
      return { order: 'acknowledge', fields: { reason: 'acknowledged in PagerDuty', through: notifier } };
    case 'unacknowledged':
      return noted('The acknowledgement in PagerDuty is over: PagerDuty calls by its own policy again.');
    case 'resolved':
      if (attempt !== null) return noted(`Resolved ${asked} in PagerDuty, which is no answer: it still waits.`);
      return over('Resolved the incident in PagerDuty. The page is over when the target has verified healthy.');
    case 'merged':
      return over('Merged the incident into another one in PagerDuty.');
    case 'annotated':
      return noted(text.trim() === '' ? 'An empty note in PagerDuty.' : cut(text.trim()));
  }
}

function cut(text: string): string {
  return text.length <= MOST_NOTE ? text : `${text.slice(0, MOST_NOTE).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
