import { Context } from '@temporalio/activity';
import { messageOf } from '../errors.ts';
import type { Kubernetes } from '../kubernetes/client.ts';
import type { Logger } from '../log.ts';
import type { Activities } from '../recovery/activities.ts';
import type { SilencesInput, SilencesRead } from '../recovery/silence-answers.ts';
import type { ModeVoice, Silence, Unread } from '../recovery/values.ts';
import { alertmanagerSilences } from '../silences/alertmanager.ts';
import { type Entry, isAbout, isActive, silenceOf } from '../silences/entry.ts';
import { readSilences } from '../silences/store.ts';
import { withFailures } from './failure.ts';
import { readModeVoice } from './mode-annotation.ts';

/** What asking about silences needs. */
export interface SilenceDependencies {
  kubernetes: Kubernetes;
  /** KINTSUGI_NAMESPACE */
  namespace: string;
  /** KINTSUGI_ALERTMANAGER_URL */
  alertmanagerUrls?: readonly string[];
  log: Logger;
}

/** A page waits for this answer: what has not come by then is told as not read. */
const ANSWER_WITHIN_MS = 1_500;

/** The activity that asks what people say of a target without a word to its recovery. */
export function createSilences(dependencies: SilenceDependencies): Pick<Activities, 'readSilences'> {
  return {
    readSilences: withFailures((input) => askSilences(dependencies, input, Context.current().cancellationSignal)),
  };
}

/** Asks all sources at once, each for a second and a half; it never throws for one that does not answer. */
export async function askSilences(
  dependencies: SilenceDependencies,
  input: SilencesInput,
  given: AbortSignal,
): Promise<SilencesRead> {
  const signal = AbortSignal.any([given, AbortSignal.timeout(ANSWER_WITHIN_MS)]);
  const { known } = input;
  const [own, others, voice] = await Promise.all([
    ownSilences(dependencies, input, signal),
    heard('alertmanager', othersSilences(dependencies, input, signal)),
    heard('annotation', voiceOf(dependencies, input, signal)),
  ]);
  const unread = [own, others, voice].flatMap((answer) => ('unread' in answer ? [answer.unread] : []));
  for (const { source, why } of unread)
    dependencies.log.warn({ source, error: why }, 'not known whether it is silenced');
  const holding = [...('value' in own ? own.value.holding : []), ...('value' in others ? others.value : [])];
  const endedBy = 'value' in own ? own.value.entries.find(({ id }) => id === known)?.ended?.by : undefined;
  return {
    silence: longest(holding),
    unread,
    ...(endedBy === undefined ? {} : { endedBy }),
    voice: 'value' in voice ? voice.value : null,
  };
}

type Answer<T> = { value: T } | { unread: Unread };

function ownSilences(
  dependencies: SilenceDependencies,
  input: SilencesInput,
  signal: AbortSignal,
): Promise<Answer<{ entries: Entry[]; holding: Silence[] }>> {
  const reading = readSilences(dependencies, signal).then((entries) => {
    const holding = entries.filter((entry) => isAbout(entry, input) && isActive(entry, new Date()));
    return { entries, holding: holding.map(silenceOf) };
  });
  return heard('kintsugi', reading);
}

async function othersSilences(
  { alertmanagerUrls = [] }: SilenceDependencies,
  { alerts }: SilencesInput,
  signal: AbortSignal,
): Promise<Silence[]> {
  if (alertmanagerUrls.length === 0 || alerts.length === 0) return [];
  return alertmanagerSilences(alertmanagerUrls, alerts, signal);
}

async function voiceOf(
  { kubernetes }: SilenceDependencies,
  { target }: SilencesInput,
  signal: AbortSignal,
): Promise<ModeVoice | null> {
  return target === null || target.kind === 'Pod' ? null : readModeVoice(kubernetes, target, signal);
}

async function heard<T>(source: Unread['source'], reading: Promise<T>): Promise<Answer<T>> {
  try {
    return { value: await reading };
  } catch (error) {
    return { unread: { source, why: messageOf(error).slice(0, 300) } };
  }
}

/** Of several the one that lasts longest: when it is over, all are. */
function longest(silences: readonly Silence[]): Silence | null {
  return silences.toSorted((a, b) => Date.parse(b.until) - Date.parse(a.until))[0] ?? null;
}
