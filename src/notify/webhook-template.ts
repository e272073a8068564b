import { z } from 'zod';
import { suggest } from '../faults/closest.ts';
import type { Json } from '../recovery/values.ts';
import { webhookBody } from './page.ts';
import type { PageMessage } from './page-message.ts';

/** The values that a webhook's `body` may name, each as `$name`. */
const VALUES: Readonly<Record<string, (message: PageMessage, told: { text: string; messageKey: string }) => string>> = {
  text: (_message, { text }) => text,
  headline: (_message, { text }) => text.split('\n')[0] ?? '',
  event: ({ event }) => event,
  key: ({ page }) => page.key,
  messageKey: (_message, { messageKey }) => messageKey,
  severity: ({ page }) => page.severity,
  title: ({ page }) => page.title,
  symptom: ({ page }) => page.symptom,
  target: ({ page: { target } }) => `${target.namespace}/${target.kind}/${target.name}`,
  recoveryId: ({ page }) => page.recoveryId,
  runbook: ({ page }) => page.runbook,
  component: ({ page }) => page.component,
  service: ({ page }) => page.service,
  team: ({ page }) => page.team,
};

/** The whole body as it is without a template; only as a value of its own. */
const WHOLE = '$page';

const names = [...Object.keys(VALUES), 'page'];
const NAME = /\$(\$|[A-Za-z]\w*)/g;

/** A body of one's own: any JSON, in whose texts `$name` stands for a value and `$$` for a dollar sign. */
export const bodyTemplate = z.record(z.string(), z.json()).superRefine((body, context) => {
  for (const { text, path } of textsIn(body, [])) {
    for (const [, name = ''] of text.matchAll(NAME)) {
      const isWhole = name === 'page' && text !== WHOLE;
      if (name === '$' || (Object.hasOwn(VALUES, name) && !isWhole) || text === WHOLE) continue;
      const message = isWhole ? '"$page" by itself: it is no text' : `a name that is known; ${suggest(name, names)}`;
      context.addIssue({ code: 'custom', path, message });
    }
  }
});

/** What the settings' page says of the names. */
export const templateNames = names.map((name) => `\`$${name}\``).join(', ');

function textsIn(value: Json, path: (string | number)[]): { text: string; path: (string | number)[] }[] {
  if (typeof value === 'string') return [{ text: value, path }];
  if (typeof value !== 'object' || value === null) return [];
  const members = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return members.flatMap(([key, inner]) => textsIn(inner, [...path, key]));
}

/** The body of a message by a template. */
export function filledBody(template: Json, message: PageMessage, messageKey: string): unknown {
  const whole = webhookBody(message, messageKey);
  const told = { text: String(whole.text), messageKey };
  const fill = (value: Json): unknown => {
    if (value === WHOLE) return whole;
    if (typeof value === 'string')
      return value.replace(NAME, (_found, name: string) =>
        name === '$' ? '$' : (VALUES[name]?.(message, told) ?? ''),
      );
    if (Array.isArray(value)) return value.map(fill);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, fill(inner)]));
  };
  return fill(template);
}
