import type { Finding } from '../../recovery/values.ts';
import { causeOfDependency } from '../attribution.ts';
import { isDown } from '../dependency-state.ts';
import type { VariableEvidence } from '../evidence/workload.ts';
import type { Evidence } from '../evidence.ts';
import { finding } from '../finding.ts';

/** "REDIS_URL is not set, and the runbook needs it" */
export function describeVariable(variable: VariableEvidence): string {
  return `${variable.name} ${whatIsWrong(variable)}`;
}

/** Where a variable alone speaks: nothing that the program said names it. */
export const TEMPLATE_ONLY = 'container’s environment';

/** A variable that is wrong explains these, where nothing else does. */
const MAY_EXPLAIN = new Set(['unknown', 'completed', 'readiness-probe-failure', 'unresponsive', 'dns-failure']);

/**
 * What is wrong with the variables of a workload that is in trouble, said also where the log is silent: it joins the finding
 * that the log gives of it, replaces that of a connection that its address leads astray, and else stands by itself.
 */
export function withVariables(evidence: Evidence, findings: Finding[]): Finding[] {
  if (findings.length === 0) return findings;
  const faulty = (evidence.variables ?? []).filter(({ state }) => state !== 'right' && state !== 'unknown');
  return faulty.reduce((found, variable) => withVariable(evidence, variable, found), findings.map(withServiceLink));
}

function withVariable(evidence: Evidence, variable: VariableEvidence, findings: Finding[]): Finding[] {
  const own = findings.find(
    ({ cause, subject, container = variable.container }) =>
      cause === 'configuration-error' && subject === variable.name && container === variable.container,
  );
  const quote = { source: TEMPLATE_ONLY, text: `${variable.name}: ${whatIsWrong(variable)}` };
  const summary = `${variable.name} of container ${variable.container} ${whatIsWrong(variable)}${mend(variable)}.`;
  if (own !== undefined)
    return findings.map((entry) =>
      entry === own
        ? finding({ ...entry, cause: 'configuration-error', summary, quotes: [...entry.quotes, quote] })
        : entry,
    );
  const astray = connectionOf(evidence, variable, findings);
  const strongest = findings.toSorted((a, b) => b.score - a.score)[0];
  const explains = astray !== undefined || strongest === undefined || MAY_EXPLAIN.has(strongest.cause);
  const made = finding({
    cause: 'configuration-error',
    subject: variable.name,
    container: variable.container,
    pod: (astray ?? strongest)?.pod,
    score: astray !== undefined ? Math.min(92, astray.score + 10) : explains ? 60 : 30,
    summary,
    quotes: [quote, ...(astray?.quotes ?? [])],
  });
  const rest = findings.map((entry) =>
    entry === astray || (explains && MAY_EXPLAIN.has(entry.cause)) ? { ...entry, root: false } : entry,
  );
  return [made, ...rest];
}

/** The failed connection to the dependency whose address the variable holds, where that dependency is up. */
function connectionOf(
  { dependencies }: Evidence,
  { name }: VariableEvidence,
  findings: readonly Finding[],
): Finding | undefined {
  const dependency = dependencies.find(({ env }) => env === name);
  if (dependency === undefined || isDown(dependency)) return undefined;
  const cause = causeOfDependency(dependency);
  return findings.find((entry) => entry.cause === cause || entry.cause === 'dns-failure');
}

function whatIsWrong({ state, source, pattern }: VariableEvidence): string {
  const from = source === undefined || source === 'literal' ? '' : ` (from ${source})`;
  switch (state) {
    case 'missing':
      return 'is not set, and the runbook needs it';
    case 'empty':
      return `is empty${from}`;
    case 'unescaped':
      return `holds an address whose password is not percent-encoded${from}: clients read another host out of it, or refuse it`;
    case 'service-link':
      return `holds a Service's address${from} where a port is meant`;
    default:
      return `does not match ${pattern}${from}`;
  }
}

function mend({ state }: VariableEvidence): string {
  if (state === 'unescaped') return '; write / ? # [ ] @ : and % in it as %2F and so on (RFC 3986)';
  if (state === 'service-link') return '; set it, or set enableServiceLinks: false in the pod template';
  return '';
}

/** A program that reads `tcp://10.96.0.7:6379` as a number read a variable that the kubelet made for a Service. */
const INJECTED = /(?:tcp|udp):\/\/\d{1,3}(?:\.\d{1,3}){3}:\d+/;

function withServiceLink(entry: Finding): Finding {
  if (entry.cause !== 'configuration-error' || !entry.quotes.some(({ text }) => INJECTED.test(text))) return entry;
  if (/enableServiceLinks/.test(entry.summary)) return entry;
  const which =
    entry.subject !== undefined && /^[A-Z0-9_]+$/.test(entry.subject) ? entry.subject : 'a variable NAME_PORT';
  return finding({
    ...entry,
    cause: entry.cause,
    summary: `${entry.container ?? 'The program'} reads a port from ${which}, into which Kubernetes injects a Service's address (tcp://...): set that variable in the template, or enableServiceLinks: false.`,
  });
}
