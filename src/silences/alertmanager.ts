import { RE2JS } from 're2js';
import { z } from 'zod';
import { KintsugiError, messageOf } from '../errors.ts';
import { fetchFailure } from '../fetch-failure.ts';
import type { Silence } from '../recovery/values.ts';

/**
 * Alertmanager's silences, by its API v2 (https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml): one holds for
 * a recovery if its matchers match one of the recovery's trigger alerts, also when it was made after that alert had come.
 */
const matcher = z.object({
  name: z.string(),
  value: z.string(),
  isRegex: z.boolean(),
  isEqual: z.boolean().default(true),
});
export type Matcher = z.infer<typeof matcher>;

const silences = z.array(
  z.object({
    id: z.string(),
    status: z.object({ state: z.string() }),
    matchers: z.array(matcher),
    startsAt: z.string(),
    endsAt: z.string(),
    createdBy: z.string(),
    comment: z.string(),
  }),
);
type Listed = z.infer<typeof silences>[number];

/** An answer as large as this is no list of silences that people have made. */
const MOST_BYTES = 4 * 1024 * 1024;

/**
 * The silences that hold for one of these alerts. Of several Alertmanagers (they share their silences) the answers of all count,
 * and one is enough.
 * @throws KintsugiError `unavailable` when none answers
 */
export async function alertmanagerSilences(
  urls: readonly string[],
  alerts: readonly Record<string, string>[],
  signal: AbortSignal,
): Promise<Silence[]> {
  const answers = await Promise.allSettled(urls.map((url) => activeSilences(url, signal)));
  const heard = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  const failed = answers.flatMap((answer) => (answer.status === 'rejected' ? [messageOf(answer.reason)] : []));
  if (heard.length === 0 && failed.length > 0) throw unavailable(failed.join('; '));
  return heard
    .flat()
    .filter(({ matchers }) => alerts.some((labels) => isMatched(matchers, labels)))
    .map(silenceOf);
}

/** Whether all matchers hold for an alert's labels; a label that is not there is the empty text, as Alertmanager has it. */
export function isMatched(matchers: readonly Matcher[], labels: Record<string, string>): boolean {
  return matchers.length > 0 && matchers.every((one) => holds(one, labels[one.name] ?? '') === one.isEqual);
}

/** Regular expressions are Go's (RE2), and match the whole value. */
function holds({ value, isRegex }: Matcher, label: string): boolean {
  return isRegex ? RE2JS.compile(value).matches(label) : value === label;
}

async function activeSilences(url: string, signal: AbortSignal): Promise<Listed[]> {
  const address = `${url.replace(/\/$/, '')}/api/v2/silences`;
  const response = await fetch(address, { redirect: 'manual', signal }).catch((thrown: unknown) => {
    throw unavailable(`${url}: ${fetchFailure(thrown).reason}`);
  });
  const text = await response.text();
  if (response.status !== 200 || text.length > MOST_BYTES) throw unavailable(`${url} answered ${response.status}`);
  const listed = silences.safeParse(parsed(text));
  if (!listed.success) throw unavailable(`what answers at ${url} is no Alertmanager`);
  return listed.data.filter(({ status }) => status.state === 'active');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function silenceOf({ id, createdBy, comment, startsAt, endsAt }: Listed): Silence {
  return { id, source: 'alertmanager', by: createdBy, why: comment.slice(0, 500), since: startsAt, until: endsAt };
}

function unavailable(message: string): KintsugiError {
  return new KintsugiError('unavailable', `no Alertmanager says which silences hold: ${message}`, {
    where: 'KINTSUGI_ALERTMANAGER_URL',
    fix: 'Check that it is there and lets this worker ask.',
  });
}
