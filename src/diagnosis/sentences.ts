import type { Cause } from '../runbook/schema.ts';
import type { LogVerdict } from './log-verdict.ts';

/** One sentence for what a log said: what is wrong, with the concrete name in it. */
export function logSentence(verdict: LogVerdict, container: string): string {
  const about = verdict.subject;
  const reach = (service: string): string => {
    const to = about === undefined ? '' : ` at ${about}`;
    const how = verdict.connection === undefined ? '' : ` (${verdict.connection.how})`;
    return `${container} cannot use ${service}${to}${how}.`;
  };
  const sentences: Partial<Record<Cause, string>> = {
    'redis-connection-failure': reach('Redis'),
    'mongodb-connection-failure': reach('MongoDB'),
    'ollama-timeout': reach('Ollama'),
    'redis-full': `Redis refuses writes of ${container}: its own maxmemory is reached.`,
    'redis-read-only': `Redis refuses writes of ${container}: it is a read-only replica or cannot save.`,
    'application-startup-failure': `${container} cannot start as it was built${about === undefined ? '' : `: ${about} is missing or does not fit`}.`,
    'configuration-error': `${container} is configured wrongly${about === undefined ? '' : `: ${about}`}.`,
    'permission-denied': `${container} may not do what it tries${about === undefined ? '' : `: ${about}`}.`,
    'port-in-use': `${container} cannot listen${about === undefined ? '' : ` on ${about}`}: the address is already in use.`,
    'memory-error': `${container} ran out of memory by its own limit, not the container's.`,
    'segmentation-fault': `${container} was ended by a fault in native code.`,
    'command-not-found': `${container} calls ${about ?? 'a command'}, which is not in its image.`,
    'dns-failure': `${container} cannot resolve ${about ?? 'a name'}.`,
    'api-permission-denied': `The Kubernetes API refuses ${container}'s service account${about === undefined ? '' : ` to ${about}`}.`,
    'oom-killed': `${container} was killed by the kernel at its memory limit.`,
    'image-pull-failure': `The image ${about ?? `of ${container}`} cannot be pulled.`,
  };
  return sentences[verdict.cause] ?? unknownSentence(verdict, container);
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
