import type { AlertMessage } from '../recovery/values.ts';
import type { AlertSignal } from './alerts.ts';

/** The most that one message to a recovery may hold, in bytes of JSON (durability 9). */
export const MOST_MESSAGE_BYTES = 8 * 1024;

/** Kept first when labels must be cut: what says which object it is about and how grave it is. */
const FIRST_LABELS = [
  'alertname',
  'namespace',
  'exported_namespace',
  'pod',
  'exported_pod',
  'container',
  'deployment',
  'statefulset',
  'severity',
  'component',
  'service',
  'cluster',
];

const MOST_LABEL_BYTES = 512;
const MOST_LINK_BYTES = 2_048;
const ELLIPSIS_BYTES = 3;

/** Alerts of one target as signals of at most 8 KiB, in order; an alert that is too large by itself loses labels. */
export function splitIntoSignals<T extends { message: AlertMessage }>(
  envelope: Omit<AlertSignal, 'alerts'>,
  alerts: T[],
): { signal: AlertSignal; alerts: T[] }[] {
  const room = MOST_MESSAGE_BYTES - bytesOf({ ...envelope, alerts: [] });
  const parts: { signal: AlertSignal; alerts: T[]; bytes: number }[] = [];
  for (const alert of alerts) {
    const message = fitted(alert.message, room);
    const bytes = bytesOf(message) + 1;
    const last = parts.at(-1);
    if (last !== undefined && last.bytes + bytes <= room) {
      last.signal.alerts.push(message);
      last.alerts.push(alert);
      last.bytes += bytes;
    } else {
      parts.push({ signal: { ...envelope, alerts: [message] }, alerts: [alert], bytes });
    }
  }
  return parts.map(({ signal, alerts: part }) => ({ signal, alerts: part }));
}

/** The alert within `room` bytes: long values are cut, long links left out, then labels dropped from the least needed on. */
function fitted(message: AlertMessage, room: number): AlertMessage {
  if (bytesOf(message) + 1 <= room) return message;
  const { generatorURL, groupKey, labels, ...rest } = message;
  const links = {
    ...(generatorURL !== undefined && bytesOf(generatorURL) <= MOST_LINK_BYTES ? { generatorURL } : {}),
    ...(groupKey !== undefined && bytesOf(groupKey) <= MOST_LABEL_BYTES ? { groupKey } : {}),
  };
  const smaller: AlertMessage = { ...rest, ...links, labels: {} };
  const rank = (label: string): number => FIRST_LABELS.indexOf(label) + 1 || FIRST_LABELS.length + 1;
  const ordered = Object.entries(labels).sort(([a], [b]) => rank(a) - rank(b));
  for (const [label, value] of ordered) {
    const next = { ...smaller.labels, [label]: cut(value, MOST_LABEL_BYTES) };
    if (bytesOf({ ...smaller, labels: next }) + 1 <= room) smaller.labels = next;
  }
  return smaller;
}

/** A text of at most `most` bytes, with an ellipsis where it was cut; never half a character. */
function cut(text: string, most: number): string {
  if (Buffer.byteLength(text) <= most) return text;
  const kept = Buffer.from(text.slice(0, most))
    .subarray(0, most - ELLIPSIS_BYTES)
    .toString();
  return `${kept.replace(/\uFFFD+$/, '')}…`;
}

function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
