import { z } from 'zod';
import type { Json } from '../recovery/values.ts';

/** What a trouble means for users, for the business and for data, in the words of its runbook. */
const level = z.object({ level: z.string(), text: z.string() });
const impact = z.object({ user: level, business: level, data: level });

/** `Impact: users HIGH, nobody gets an answer; data none.`, as far as it can be read. */
export function impactText(value: Json): string {
  const parsed = impact.safeParse(value);
  if (!parsed.success) return '';
  const { user, data } = parsed.data;
  const lost = GRAVE.has(data.level) ? `${data.level.toUpperCase()}, ${withoutStop(data.text)}` : data.level;
  return `Impact: users ${user.level.toUpperCase()}, ${withoutStop(user.text)}; data ${lost}.`;
}

/** The same in words of the levels alone. */
export function impactWords(value: Json): string[] {
  const parsed = impact.safeParse(value);
  return parsed.success ? [`Users ${parsed.data.user.level.toUpperCase()}, data ${parsed.data.data.level}.`] : [];
}

/** Levels of which the first line says more than the word. */
const GRAVE: ReadonlySet<string> = new Set(['high', 'severe']);

/** The impact in full, below the first line. */
export function impactLines(value: Json): string[] {
  const parsed = impact.safeParse(value);
  if (!parsed.success) return [];
  return Object.entries(parsed.data).map(([on, { level: much, text }]) => `- ${on}, ${much}: ${withoutStop(text)}.`);
}

/** Written sentences end with a full stop or without. */
export function withoutStop(text: string): string {
  return text.trim().replace(/\.+$/, '');
}
