import type { Finding, Quote } from '../recovery/values.ts';
import { causeOfDependency } from './attribution.ts';
import type { DependencyEvidence, Evidence } from './evidence.ts';
import { finding } from './finding.ts';

/** Causes that may only follow from a dependency that is down. */
const MAY_FOLLOW = new Set([
  'unknown',
  'liveness-probe-failure',
  'readiness-probe-failure',
  'init-container-failure',
  'completed',
  'dns-failure',
  'application-startup-failure',
]);

/**
 * Weighs findings against the dependencies' own state: one that is down is the root of what depends on it; a connection that
 * fails though its dependency is ready, after the variable with its address was changed, is a matter of configuration.
 */
export function weighDependencies(evidence: Evidence, findings: Finding[]): Finding[] {
  let weighed = findings;
  for (const dependency of evidence.dependencies) {
    if (!dependency.known) continue;
    weighed = isDown(dependency) ? withRoot(dependency, weighed) : withReady(evidence, dependency, weighed);
  }
  return weighed;
}

/** A dependency is down only if its own pods or endpoints say so (safety 21). */
export function isDown(dependency: DependencyEvidence): boolean {
  return dependency.known && (dependency.podsReady === 0 || dependency.endpointsReady === 0);
}

export function describeDependency(dependency: DependencyEvidence): string {
  if (!dependency.known) return `${dependency.name}: its pods could not be read`;
  const pods = `${dependency.podsReady} of ${dependency.podsFound} pods ready`;
  const endpoints = dependency.endpointsReady === null ? '' : `, ${dependency.endpointsReady} ready endpoints`;
  const broken = dependency.notReady.length === 0 ? '' : ` (${dependency.notReady.join('; ')})`;
  return `${dependency.name} in ${dependency.namespace}: ${pods}${endpoints}${broken}`;
}

function quoteOf(dependency: DependencyEvidence): Quote {
  return { source: `pods ${dependency.selector} in ${dependency.namespace}`, text: describeDependency(dependency) };
}

function withRoot(dependency: DependencyEvidence, findings: Finding[]): Finding[] {
  const cause = causeOfDependency(dependency);
  if (cause === null) return findings;
  const dependents = findings.filter((entry) => entry.cause === cause);
  const others = findings.filter((entry) => entry.cause !== cause);
  const strongest = others.toSorted((a, b) => b.score - a.score)[0];
  const explains = dependents.length > 0 || strongest === undefined || MAY_FOLLOW.has(strongest.cause);
  const dependent = dependents[0] ?? strongest;
  const root = finding({
    cause,
    subject: dependency.name,
    container: dependent?.container,
    pod: dependent?.pod,
    score: explains ? 96 : 30,
    summary: `${dependency.name} is down: ${describeDependency(dependency)}.`,
    quotes: [quoteOf(dependency), ...dependents.flatMap((entry) => entry.quotes)],
  });
  return [
    root,
    ...others.map((entry) => (explains && MAY_FOLLOW.has(entry.cause) ? { ...entry, root: false } : entry)),
  ];
}

function withReady(evidence: Evidence, dependency: DependencyEvidence, findings: Finding[]): Finding[] {
  const cause = causeOfDependency(dependency);
  return findings.flatMap((entry) => {
    if (cause === null || entry.cause !== cause) return [entry];
    const change = evidence.difference?.changes.find(
      (candidate) =>
        candidate.what === `env ${dependency.env}` && (candidate.container ?? entry.container) === entry.container,
    );
    const quotes = [quoteOf(dependency), ...entry.quotes];
    if (change === undefined || dependency.env === undefined) {
      const summary = `${entry.summary.replace(/\.$/, '')}, though ${describeDependency(dependency)}.`;
      const named = finding({ ...entry, cause, subject: dependency.name, summary, quotes });
      return [named];
    }
    const changed = finding({
      cause: 'configuration-error',
      container: entry.container,
      pod: entry.pod,
      subject: dependency.env,
      score: Math.min(90, entry.score + 10),
      summary: `${entry.container ?? 'The workload'} cannot use ${dependency.name}, which is ready: ${dependency.env} was changed since ${evidence.difference?.against}.`,
      quotes: [{ source: 'template', text: `${change.what}: ${change.before} -> ${change.after}` }, ...quotes],
    });
    return [changed, { ...entry, root: false }];
  });
}
