import type { Cause } from '../runbook/schema/causes.ts';
import { backingServices, otherMark, otherPorts } from './connections.ts';
import type { DependencyEvidence } from './evidence/connection.ts';
import type { LogContext } from './log-context.ts';
import type { Hit } from './log-scan.ts';

/** What a failed connection was to. `cause` is null for a service that no cause stands for. */
export interface Attribution {
  cause: Cause | null;
  /** Host and port as far as they are known: "redis-master.redis:6379". */
  address?: string;
  /** Set when a service is named that no cause stands for. */
  service?: 'other';
  /** How certain: 1 when the line itself names it, less the farther away the name stands. */
  certainty: number;
}

const typeCauses: Record<string, Cause> = {
  redis: 'redis-connection-failure',
  mongodb: 'mongodb-connection-failure',
};

/** The cause that stands for a dependency of the runbook. */
export function causeOfDependency(dependency: Pick<DependencyEvidence, 'type' | 'name' | 'hosts'>): Cause | null {
  const { type, name, hosts } = dependency;
  if (type !== 'http') return typeCauses[type] ?? null;
  return /ollama|\bllm\b|llama/i.test([name, ...hosts].join(' ')) ? 'ollama-timeout' : 'dependency-unavailable';
}

/**
 * Finds what a failed connection was to: by the runbook's dependencies, by host and port, by the line's own words, by the
 * library frames and source lines of the traceback, by what was said before it; for an HTTP client that names nobody the one
 * HTTP dependency is meant.
 */
export function attribute(hit: Hit, context: LogContext, dependencies: readonly DependencyEvidence[]): Attribution {
  if (hit.matched.kind !== 'connection') throw new TypeError('only connection wordings are attributed');
  const { host, port, wording } = hit.matched;
  const address = host === undefined ? undefined : port === undefined ? host : `${host}:${port}`;
  const named = (cause: Cause | null, certainty: number, other = cause === null): Attribution => ({
    cause,
    certainty,
    ...(address === undefined ? {} : { address }),
    ...(other ? { service: 'other' as const } : {}),
  });

  const declared = dependencies.find((dependency) => mentions(hit.line, dependency));
  if (declared !== undefined) return named(causeOfDependency(declared), 1);
  const byAddress = serviceOfAddress(host, port);
  if (byAddress !== undefined) return named(byAddress, 1);
  const byLine = lastMark(hit.line);
  if (byLine !== undefined) return named(byLine, 1);
  const byBlock = context.nearestMark(hit.start, allMarks);
  if (byBlock !== undefined) return named(meanings.get(byBlock) ?? null, 0.95);
  if (host !== undefined && !isAddressLiteral(host)) return named(null, 0.9, false);
  const byEarlier = context.earlierMark(hit.start, allMarks);
  if (byEarlier !== undefined) return named(meanings.get(byEarlier) ?? null, 0.8);
  if (wording.http === true && address === undefined) return named('ollama-timeout', 0.7);
  return named(null, 0.6, false);
}

function mentions(line: string, dependency: DependencyEvidence): boolean {
  return dependency.hosts.some((host) => host.length > 2 && line.includes(host));
}

const isAddressLiteral = (host: string): boolean => /^[\d.]+$|^\[|^localhost$|^::1$/.test(host);

function serviceOfAddress(host: string | undefined, port: number | undefined): Cause | null | undefined {
  const byHost = backingServices.find((service) => host !== undefined && service.mark.test(host));
  if (byHost !== undefined) return byHost.cause;
  if (host !== undefined && otherMark.test(host)) return null;
  const byPort = backingServices.find((service) => port !== undefined && service.ports.has(port));
  if (byPort !== undefined) return byPort.cause;
  return port !== undefined && otherPorts.has(port) ? null : undefined;
}

const global = (mark: RegExp): RegExp => new RegExp(mark.source, 'gi');

/** What each mark stands for; null for services that no cause stands for. */
const meanings = new Map<RegExp, Cause | null>([
  ...backingServices.map((service): [RegExp, Cause] => [global(service.mark), service.cause]),
  [global(otherMark), null],
]);
const allMarks = [...meanings.keys()];

/** The service whose mark stands last in a line; undefined when there is none. */
export function lastMark(line: string): Cause | null | undefined {
  let best: { cause: Cause | null; at: number } | undefined;
  for (const [mark, cause] of meanings) {
    const at = Array.from(line.matchAll(mark)).at(-1)?.index;
    if (at !== undefined && (best === undefined || at > best.at)) best = { cause, at };
  }
  return best?.cause;
}
