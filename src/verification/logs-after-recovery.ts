import type { V1Pod } from '@kubernetes/client-node';
import { cleanLine, levelOf } from '../diagnosis/log-text.ts';
import { readLog } from '../diagnosis/log-verdict.ts';
import { KintsugiError, messageOf } from '../errors.ts';
import type { Kubernetes } from '../kubernetes/client.ts';
import { callOptions } from '../kubernetes/transport.ts';
import type { Answer } from './metrics-after-recovery.ts';

const MOST_BYTES = 1024 * 1024;
const MOST_LINES = 5000;
const MOST_QUOTED = 3;
const LONGEST_QUOTE = 200;

/** The kubelet says so with status 200, as if it were a log line. */
const NO_LOG = /^unable to retrieve container logs for /;

export interface LogsContext {
  kubernetes: Kubernetes;
  redact(text: string): string;
  signal: AbortSignal;
}

interface Read {
  who: string;
  log: { text: string } | { unreadable: string };
}

/** What the containers of these pods have logged since then: a crash by the diagnosis's own signatures, and lines of an error. */
export async function judgeLogs(context: LogsContext, pods: readonly V1Pod[], since: Date): Promise<Answer> {
  if (pods.length === 0) return { state: 'not-possible', saw: 'there is no pod to read the log of' };
  const seconds = Math.max(1, Math.ceil((Date.now() - since.getTime()) / 1000));
  const read: Read[] = [];
  for (const pod of pods) {
    for (const { name } of pod.spec?.containers ?? []) read.push(await readSince(context, pod, name, seconds));
  }
  return judgeRead(read, seconds, context.redact);
}

async function readSince(
  { kubernetes, signal }: LogsContext,
  { metadata }: V1Pod,
  container: string,
  sinceSeconds: number,
): Promise<Read> {
  const { namespace = '', name = '' } = metadata ?? {};
  const who = `${container} of ${name}`;
  try {
    const text = await kubernetes.core.readNamespacedPodLog(
      { namespace, name, container, sinceSeconds, tailLines: MOST_LINES, limitBytes: MOST_BYTES },
      callOptions({ signal }),
    );
    return { who, log: NO_LOG.test(text) ? { unreadable: 'the kubelet has none' } : { text } };
  } catch (thrown) {
    signal.throwIfAborted();
    if (!(thrown instanceof KintsugiError)) throw thrown;
    return { who, log: { unreadable: messageOf(thrown) } };
  }
}

/** A crash or an error outweighs a log that could not be read. Quotes are redacted before anything else is done with them. */
export function judgeRead(read: readonly Read[], seconds: number, redact: (text: string) => string): Answer {
  const bad: string[] = [];
  const unreadable: string[] = [];
  let lines = 0;
  for (const { who, log } of read) {
    if ('unreadable' in log) {
      unreadable.push(`the log of ${who} could not be read: ${log.unreadable}`);
      continue;
    }
    const written = log.text.split('\n').filter((line) => line.trim() !== '');
    lines += written.length;
    bad.push(...troubleIn(who, log.text, written, redact));
  }
  if (bad.length > 0) return { state: 'found', saw: [...bad, ...unreadable].join('; ') };
  if (unreadable.length > 0) return { state: 'not-possible', saw: unreadable.join('; ') };
  return { state: 'done', saw: `${lines} lines in ${seconds} s, no crash and no error among them` };
}

function troubleIn(who: string, text: string, lines: string[], redact: (text: string) => string): string[] {
  const verdict = readLog(text);
  const crash = verdict?.terminal === true ? [`${who} tells ${verdict.cause}`] : [];
  const errors = lines.map(cleanLine).filter((line) => ['error', 'fatal'].includes(levelOf(line)));
  if (errors.length === 0) return crash;
  const quotes = errors.slice(-MOST_QUOTED).map((line) => `"${redact(line).slice(0, LONGEST_QUOTE)}"`);
  const last = errors.length > quotes.length ? ', the last' : '';
  return [
    ...crash,
    `${who} logged ${errors.length} error line${errors.length === 1 ? '' : 's'}${last}: ${quotes.join(', ')}`,
  ];
}
