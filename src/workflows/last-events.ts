import type { RecoveryEvent } from '../recovery/events.ts';

/** What the query answers with at most besides the record (durability 9): Temporal refuses an answer of 2 MB. */
const MOST_EVENTS = 200;
const MOST_BYTES = 1024 * 1024;

/** The last events, as many as an answer can carry. */
export function lastEvents(events: readonly RecoveryEvent[]): RecoveryEvent[] {
  const text = new TextEncoder();
  let bytes = 0;
  let count = 0;
  for (const event of events.slice(-MOST_EVENTS).reverse()) {
    bytes += text.encode(JSON.stringify(event)).length;
    if (bytes > MOST_BYTES) break;
    count += 1;
  }
  return count === 0 ? [] : events.slice(-count);
}

/**
 * The events with one more. Of a row of ticks, and of the repeats of an alert, only the last says anything: they come by the
 * thousand and would push everything else out of an answer.
 */
export function remember(events: readonly RecoveryEvent[], event: RecoveryEvent): RecoveryEvent[] {
  const last = events.at(-1);
  if (event.kind === 'tick' && last?.kind === 'tick') return [...events.slice(0, -1), event];
  if (event.kind !== 'alert-repeated') return [...events, event];
  const others = events.filter((other) => other.kind !== 'alert-repeated' || other.fingerprint !== event.fingerprint);
  return [...others, event];
}
