import type { Redactor } from './redaction.ts';

/** Redacts every text in plain data, however deep; keys and shape stay. The last wall before evidence leaves an activity. */
export function redactDeep<T>(data: T, redactor: Redactor): T;
export function redactDeep(data: unknown, redactor: Redactor): unknown {
  if (typeof data === 'string') return redactor.redact(data);
  if (Array.isArray(data)) return data.map((item) => redactDeep(item, redactor));
  if (typeof data !== 'object' || data === null) return data;
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, redactDeep(value, redactor)]));
}
