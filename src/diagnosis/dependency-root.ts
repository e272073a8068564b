import type { Finding, Quote } from '../recovery/values.ts';
import type { Cause } from '../runbook/schema/causes.ts';
import { causeOfDependency } from './attribution.ts';
import { answerOf, describeDependency, isDown } from './dependency-state.ts';
import type { TemplateChange } from './evidence/change.ts';
import type { DependencyEvidence } from './evidence/connection.ts';
import type { Evidence } from './evidence.ts';
import { finding } from './finding.ts';

/** Causes that may only follow from a dependency that is down. */
const MAY_FOLLOW = new Set([
  'unknown',
  'liveness-probe-failure',
  'readiness-probe-failure',
  'unresponsive',
  'init-container-failure',
  'completed',
  'dns-failure',
  'application-startup-failure',
]);

/** A module or symbol that is not in the image is nobody else's fault. */
function mayFollow({ cause, subject }: Finding): boolean {
  return MAY_FOLLOW.has(cause) && !(cause === 'application-startup-failure' && subject !== undefined);
}

/**
 * Weighs findings against the dependencies' own state: one that is down is the root of what depends on it; one that is up and
 * refuses the login, or is full or read-only, is named as that; a connection that fails though its dependency is ready, after
 * the variable with its address was changed, is a matter of configuration.
 */
export function weighDependencies(evidence: Evidence, findings: Finding[]): Finding[] {
  let weighed = findings;
  for (const dependency of evidence.dependencies) {
    if (!dependency.known) continue;
    weighed = isDown(dependency)
      ? withRoot(dependency, weighed)
      : (withAnswer(evidence, dependency, weighed) ?? withReady(evidence, dependency, weighed));
  }
  return weighed;
}

/** Words of clients and servers about a login that is not accepted. */
const ABOUT_LOGIN = /auth|password|WRONGPASS|NOAUTH|NOPERM|credential/i;

/** Findings for what a dependency that is up said itself, or null where it said nothing that explains a broken target. */
function withAnswer(evidence: Evidence, dependency: DependencyEvidence, findings: Finding[]): Finding[] | null {
  const cause = causeOfDependency(dependency);
  const told = toldBy(evidence, dependency);
  if (told === null || findings.length === 0) return null;
  const dependents = findings.filter((entry) => entry.cause === cause || isSameTrouble(entry, told));
  const others = findings.filter((entry) => !dependents.includes(entry));
  const strongest = others.toSorted((a, b) => b.score - a.score)[0];
  const explains = dependents.length > 0 || strongest === undefined || mayFollow(strongest);
  const dependent = dependents[0] ?? strongest;
  const root = finding({
    ...told,
    container: dependent?.container,
    pod: dependent?.pod,
    score: explains ? 95 : 30,
    quotes: [quoteOf(dependency), ...dependents.flatMap((entry) => entry.quotes)],
  });
  const rest = others.map((entry) => (explains && mayFollow(entry) ? { ...entry, root: false } : entry));
  const replaced = dependents.filter((entry) => entry.cause !== root.cause);
  return [root, ...replaced.map((entry) => ({ ...entry, root: false })), ...rest];
}

interface Told {
  cause: Cause;
  subject: string;
  summary: string;
}

/** The log's own word for the same: of configuration only what is about this variable, or about logging in. */
function isSameTrouble(entry: Finding, told: Told): boolean {
  if (entry.cause !== told.cause) return false;
  if (told.cause !== 'configuration-error') return true;
  return (
    entry.subject === undefined ||
    entry.subject === told.subject ||
    entry.quotes.some(({ text }) => ABOUT_LOGIN.test(text))
  );
}

/** What the dependency itself says is wrong, with the mend where it is obvious. */
function toldBy(evidence: Evidence, dependency: DependencyEvidence): Told | null {
  const { name, env = 'its address', missingService } = dependency;
  if (missingService !== undefined)
    return {
      cause: 'configuration-error',
      subject: env,
      summary: `${env} leads to Service ${missingService}, which is not there, though ${name} is up.`,
    };
  const answer = answerOf(dependency);
  if (answer === null) return null;
  const told = `${name} answers (${answer.from})`;
  switch (answer.state) {
    case 'denied':
      return {
        cause: 'configuration-error',
        subject: env,
        summary: `${told} and does not accept the login in ${env}${sourceOf(evidence, env)}: ${answer.saw}. It is up: correct the user and password.`,
      };
    case 'full':
      return dependency.type !== 'redis'
        ? null
        : {
            cause: 'redis-full',
            subject: name,
            summary: `${told} and refuses every write for lack of memory: ${answer.saw}.`,
          };
    case 'read-only':
      return dependency.type !== 'redis'
        ? null
        : {
            cause: 'redis-read-only',
            subject: name,
            summary: `${told} and takes no writes, being a replica: ${answer.saw}.`,
          };
    default:
      return null;
  }
}

/** Where the variable comes from, if that is not the template itself. */
function sourceOf({ workload }: Evidence, variable: string): string {
  const from = workload?.containers.flatMap(({ env }) => env).find(({ name }) => name === variable)?.from;
  return from === undefined ? '' : ` (from ${from})`;
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
  const explains = dependents.length > 0 || strongest === undefined || mayFollow(strongest);
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
  return [root, ...others.map((entry) => (explains && mayFollow(entry) ? { ...entry, root: false } : entry))];
}

function withReady(evidence: Evidence, dependency: DependencyEvidence, findings: Finding[]): Finding[] {
  const cause = causeOfDependency(dependency);
  return findings.flatMap((entry) => {
    if (cause === null || entry.cause !== cause) return [entry];
    const change = changeOf(evidence, dependency.env, entry.container);
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

/** How the variable changed: itself, or the key of the ConfigMap or Secret that it comes from. */
function changeOf(
  { difference, workload }: Evidence,
  variable: string | undefined,
  container: string | undefined,
): TemplateChange | undefined {
  const from = workload?.containers
    .filter(({ name }) => container === undefined || name === container)
    .flatMap(({ env }) => env)
    .find(({ name }) => name === variable)?.from;
  return difference?.changes.find(
    (candidate) =>
      (candidate.what === `env ${variable}` && (candidate.container ?? container) === container) ||
      (from !== undefined && candidate.what === from),
  );
}
