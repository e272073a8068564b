import type { Cause } from '../runbook/schema/causes.ts';
import type { LogVerdict } from './log-verdict.ts';

/** One sentence for what a log said: what is wrong, with the concrete name in it, and what mends it where that is obvious. */
export function logSentence(verdict: LogVerdict, container: string): string {
  return sentences[verdict.cause]?.(verdict, container) ?? unknownSentence(verdict, container);
}

type Sentence = (verdict: LogVerdict, container: string) => string;

const on = (verdict: LogVerdict, word: string): string =>
  verdict.subject === undefined ? '' : ` ${word} ${verdict.subject}`;

const reach =
  (service: string): Sentence =>
  (verdict, container) => {
    const how = howOf(verdict);
    const itself = /^(?:localhost|127\.0\.0\.1|\[?::1\]?)(?::|$)/.test(verdict.subject ?? '');
    const hint = itself ? '; that is the pod itself, so its address may not be set' : '';
    return `${container} cannot use ${service}${on(verdict, 'at')}${how === undefined ? '' : ` (${how})`}${hint}.`;
  };

const FAILURES: [words: RegExp, how: string][] = [
  [/refused|ECONNREFUSED|Error 111|Errno 111/i, 'refused'],
  [
    /Name or service not known|name resolution|ENOTFOUND|EAI_AGAIN|no such host|does not exist|UnknownHost/i,
    'name not found',
  ],
  [/\[SSL|SSL handshake|TLS|certificate/i, 'TLS failed'],
  [/ReplicaSetNoPrimary|No primary|NotPrimary|not master/i, 'no primary'],
  [/loading the dataset/i, 'still loading its data'],
  [/max number of clients/i, 'its limit of clients is reached'],
  [/unreachable|no route to host|EHOSTUNREACH|ENETUNREACH/i, 'unreachable'],
  [/reset by peer|closed|EOF|ECONNRESET|hang up/i, 'closed the connection'],
  [/time ?out|timed out|deadline exceeded|ETIMEDOUT/i, 'timed out'],
];

/** How a connection failed, by its wording or by the words of the line. */
function howOf({ connection, line }: LogVerdict): string | undefined {
  if (connection !== undefined && connection.how !== 'failed') return connection.how;
  return FAILURES.find(([words]) => words.test(line))?.[1];
}

const sentences: Partial<Record<Cause, Sentence>> = {
  'redis-connection-failure': reach('Redis'),
  'mongodb-connection-failure': reach('MongoDB'),
  'ollama-timeout': reach('Ollama'),
  'dependency-unavailable': reach('what it depends on'),
  'redis-full': (_, container) =>
    `Redis refuses writes of ${container}: its own maxmemory is reached. Raise it or evict keys; more memory for the pod would not help.`,
  'redis-read-only': (_, container) =>
    `Redis refuses writes of ${container}: it is a read-only replica or cannot save.`,
  'application-startup-failure': (verdict, container) => `${container} cannot start as it was built: ${said(verdict)}`,
  'configuration-error': (verdict, container) =>
    `${container} is configured wrongly: ${injected(verdict) ?? said(verdict)}`,
  'permission-denied': (verdict, container) => `${container} may not do what it tries: ${refused(verdict)}`,
  'port-in-use': (verdict, container) =>
    `${container} cannot listen${on(verdict, 'on')}: the address is already in use, by another process of its pod or, with a host port, of its node.`,
  'memory-error': (_, container) =>
    `${container} ran out of memory by its own limit (heap or allocator), not the container's.`,
  'segmentation-fault': (_, container) => `${container} was ended by a fault in native code.`,
  'command-not-found': ({ subject }, container) =>
    `${container} calls ${subject ?? 'a command'}, which is not in its image.`,
  'dns-failure': ({ subject }, container) => `${container} cannot resolve ${subject ?? 'a name'}.`,
  'api-permission-denied': (verdict, container) =>
    `The Kubernetes API refuses ${container}'s service account${on(verdict, 'to')}; bind a role that permits it.`,
  'oom-killed': (_, container) => `${container} was killed by the kernel at its memory limit.`,
  'image-pull-failure': ({ subject }, container) => `The image ${subject ?? `of ${container}`} cannot be pulled.`,
};

/** The wording's own words, or the subject with the line that was quoted, or that line alone. */
function said(verdict: LogVerdict): string {
  const { says, subject } = verdict;
  if (says !== undefined && (subject !== undefined || !says.includes('$')))
    return `${says.replaceAll('$', () => subject ?? '')}.`;
  const line = message(verdict.line);
  if (subject === undefined) return line === undefined ? 'its log shows where.' : line;
  if (line === undefined) return `${subject}.`;
  return `${line.includes(subject) ? line : `${subject} (${line})`}`.replace(/\.?$/, '.');
}

/** Kubernetes injects the addresses of Services as variables: `REDIS_PORT=tcp://10.0.0.1:6379` for a Service named redis. */
function injected({ line, subject }: LogVerdict): string | undefined {
  const address = /tcp:\/\/[\d.]+:\d+/.exec(line)?.[0];
  if (address === undefined) return undefined;
  const variable = subject === undefined || subject.includes('://') ? 'a variable' : subject;
  return `${variable} holds the address of a Service, ${address}, which Kubernetes injects; rename the variable or set enableServiceLinks: false.`;
}

function refused(verdict: LogVerdict): string {
  const { says, subject, line } = verdict;
  if (says !== undefined) return said(verdict);
  if (/\b(?:listen|bind)\b/i.test(line))
    return `it may not listen${on(verdict, 'on')}; ports below 1024 need the capability NET_BIND_SERVICE, sockets a directory that its user may write.`;
  if (/read-only file ?system|EROFS|\[Errno 30\]/i.test(line))
    return `${subject ?? 'what it writes'} is on a read-only file system; mount a volume there.`;
  return subject === undefined
    ? said(verdict)
    : `its user has no permission for ${subject}; see runAsUser and fsGroup of its securityContext, or the image's ownership.`;
}

const LONGEST_MESSAGE = 200;

/** A line without its time, level and brackets; undefined for what is no text for people. */
function message(line: string): string | undefined {
  const text = line
    .replace(/^Exception in thread "[^"]{1,80}" |^Caused by: /, '')
    .replace(/^[\d\-T:.,Z/ +[\]]{10,40}/, '')
    .replace(/\s+/g, ' ')
    .trim();
  if (text.startsWith('{') || text.length < 8) return undefined;
  return text.length <= LONGEST_MESSAGE ? text : `${text.slice(0, LONGEST_MESSAGE)}…`;
}

function unknownSentence(verdict: LogVerdict, container: string): string {
  if (verdict.connection === undefined) return `${container} ended with: ${verdict.line.trim()}`;
  const to = verdict.connection.address ?? 'an address that its log does not name';
  return `${container} cannot reach ${to} (${verdict.connection.how}); no cause of the runbook stands for it.`;
}

/** Quotes around a name in the port wordings of asyncio and gunicorn: `0.0.0.0', 8080` becomes `0.0.0.0:8080`. */
export function tidySubject(subject: string | undefined): string | undefined {
  return subject?.replace(/', ?(\d+)$/, ':$1').replace(/[.,;:]+$/, '');
}
