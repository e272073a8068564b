import type { ChecklistItem, Finding } from '../recovery/values.ts';
import { shortened } from '../recovery/words.ts';
import type { RunbookSpec } from '../runbook/schema.ts';
import { describeDependency, isWell } from './dependency-state.ts';
import { describeChanges, describeContainer, describeEvents, describeProbes } from './describe.ts';
import type { ContainerTemplate } from './evidence/workload.ts';
import type { Evidence } from './evidence.ts';
import { describeVariable } from './facts/variables.ts';

type Answer = Pick<ChecklistItem, 'state' | 'saw'>;
/** What of a runbook the checklist asks for. */
export type ChecklistBasis = Pick<RunbookSpec, 'checklist' | 'variables' | 'dependencies' | 'target'>;
interface Question {
  evidence: Evidence;
  findings: readonly Finding[];
  spec: ChecklistBasis;
}

const LONGEST = 400;

/** Fills the runbook's checklist: done and well, found something, or not possible because its source is absent (safety 22). */
export function fillChecklist(evidence: Evidence, findings: readonly Finding[], spec: ChecklistBasis): ChecklistItem[] {
  const question = { evidence, findings, spec };
  return spec.checklist.map(({ id, text }) => {
    const dependency = spec.dependencies.some(({ name }) => name === id);
    const ask = dependency ? (asked: Question) => dependencyAnswer(asked, id) : ANSWERS[id];
    const { state, saw } = ask?.(question) ?? notPossible('no source that Kintsugi reads stands for this point');
    return { id, text, state, saw: shortened(saw, LONGEST) };
  });
}

const ANSWERS: Record<string, ((question: Question) => Answer) | undefined> = {
  'previous-logs': previousLogs,
  environment,
  redis: (question) => dependencyAnswer(question, 'redis'),
  mongodb: (question) => dependencyAnswer(question, 'mongodb'),
  ollama: (question) => dependencyAnswer(question, 'ollama'),
  resources,
  image,
  probes,
  'recent-changes': recentChanges,
  'cluster-events': clusterEvents,
  references,
  services,
};

const done = (saw: string): Answer => ({ state: 'done', saw });
const found = (saw: string): Answer => ({ state: 'found', saw });
const notPossible = (saw: string): Answer => ({ state: 'not-possible', saw });

function previousLogs({ evidence, findings }: Question): Answer {
  const quote = findings.flatMap(({ quotes }) => quotes).find(({ source }) => /\blog$/.test(source));
  if (quote !== undefined) return found(`${quote.source}: ${quote.text}`);
  const read = evidence.pods
    .flatMap((pod) => pod.containers)
    .filter(({ logs }) => logs.previous !== undefined || logs.current !== undefined);
  if (read.length > 0)
    return done(`logs of ${read.map(({ name }) => name).join(', ')} read; no known cause stands in them`);
  const unreadable = evidence.missing.find((entry) => entry.startsWith('log'));
  return notPossible(unreadable ?? 'no container has written a log');
}

function environment({ evidence, spec }: Question): Answer {
  const container = mainContainer(evidence, spec);
  if (container === undefined) return notPossible('the workload could not be read');
  const faults = (evidence.variables === undefined ? spec.variables : []).flatMap(({ name, pattern }) => {
    const variable = container.env.find((entry) => entry.name === name);
    if (variable === undefined) return hasImport(container) ? [] : [`${name} is not set`];
    return pattern !== undefined && isVisible(variable.value) && !new RegExp(pattern).test(variable.value)
      ? [`${name} does not match ${pattern}`]
      : [];
  });
  const judged = (evidence.variables ?? []).filter(({ state }) => state !== 'right' && state !== 'unknown');
  const missing = missingReferences(evidence);
  const all = [...faults, ...judged.map(describeVariable), ...missing];
  if (all.length > 0) return found(all.join('; '));
  return done(
    `${spec.variables.length} declared variables are set${hasImport(container) ? ' or may come from what is imported whole' : ''}`,
  );
}

/** What the template refers to, where no runbook declares variables. */
function references({ evidence }: Question): Answer {
  const missing = missingReferences(evidence);
  if (missing.length > 0) return found(missing.join('; '));
  const unread = evidence.missing.find((entry) => /^(?:references|Secret|ConfigMap)/.test(entry));
  if (unread !== undefined) return notPossible(unread);
  const read = evidence.references.filter(({ found: there }) => there === true);
  if (read.length === 0) return done('it refers to no ConfigMap, Secret or claim');
  return done(`there, with all keys asked for: ${read.map(({ kind, name }) => `${kind} ${name}`).join(', ')}`);
}

function missingReferences(evidence: Evidence): string[] {
  return evidence.references
    .filter(({ optional, found: there, missingKeys }) => !optional && (there === false || missingKeys.length > 0))
    .map(({ kind, name, missingKeys }) =>
      missingKeys.length > 0 ? `${kind} ${name} has no key ${missingKeys.join(', ')}` : `${kind} ${name} is missing`,
    );
}

function services({ evidence, findings }: Question): Answer {
  const bad = findings.find(({ cause }) => cause === 'service-without-endpoints');
  if (bad !== undefined) return found(bad.summary);
  const all = [...(evidence.service === null ? [] : [evidence.service]), ...evidence.services];
  if (all.length === 0) return done('no Service selects its pods');
  return done(all.map(({ name, endpointsReady }) => `Service ${name}: ${endpointsReady} ready endpoints`).join('; '));
}

function mainContainer({ workload }: Evidence, spec: ChecklistBasis): ContainerTemplate | undefined {
  const main = workload?.containers.filter(({ role }) => role === 'main') ?? [];
  return main.find(({ name }) => name === spec.target.container) ?? main[0];
}

const hasImport = (container: ContainerTemplate): boolean => container.env.some(({ name }) => name.endsWith('*'));

/** A value that redaction cut whole cannot be compared with a pattern. */
function isVisible(value: string | undefined): value is string {
  return value !== undefined && !value.startsWith('[cut:');
}

function dependencyAnswer({ evidence }: Question, name: string): Answer {
  const dependency = evidence.dependencies.find((entry) => entry.name === name);
  if (dependency === undefined) return notPossible(`the runbook names no dependency ${name}`);
  if (dependency.absent === true) return notPossible(describeDependency(dependency));
  if (!dependency.known)
    return notPossible(
      evidence.missing.find((entry) => entry.startsWith(`dependency ${name}`)) ??
        `the pods of ${name} could not be read`,
    );
  const saw = `${describeDependency(dependency)} (seen through the API server)`;
  return isWell(dependency) ? done(saw) : found(saw);
}

function resources({ evidence, findings, spec }: Question): Answer {
  const oom = findings.find(({ cause }) => cause === 'oom-killed' || cause === 'memory-error');
  const container = mainContainer(evidence, spec);
  if (container === undefined) return notPossible('the workload could not be read');
  const throttled = throttlingOf(evidence, container.name);
  const saw = `${describeContainer(container)}${throttled === null ? '' : `; ${throttled.saw}`}`;
  if (oom !== undefined) return found(`${oom.summary} ${saw}`);
  if (throttled?.often === true) return found(saw);
  return container.resources.limits.memory === undefined ? found(`no memory limit is set; ${saw}`) : done(saw);
}

/** From this part of its CPU periods on a container is slow for want of CPU. */
const OFTEN = 0.25;

/** CPU throttling of the container's most throttled instance; null where the kubelet's figures could not be read. */
function throttlingOf({ pods }: Evidence, name: string): { saw: string; often: boolean } | null {
  const part = ({ periods, throttled }: { periods: number; throttled: number }) =>
    periods === 0 ? 0 : throttled / periods;
  const measured = pods
    .flatMap((pod) => pod.containers)
    .filter((container) => container.name === name)
    .flatMap(({ throttling }) => throttling ?? []);
  const [worst] = measured.toSorted((a, b) => part(b) - part(a));
  if (worst === undefined) return null;
  const { periods, throttled } = worst;
  return {
    saw: `CPU throttled in ${throttled} of ${periods} periods (${Math.round(100 * part(worst))} %)`,
    often: part(worst) >= OFTEN,
  };
}

function image({ evidence, findings, spec }: Question): Answer {
  const pull = findings.find(({ cause }) => cause === 'image-pull-failure');
  if (pull !== undefined) return found(pull.summary);
  const moved = evidence.difference?.changes.find(({ what }) => what === 'image' || what === 'image digest');
  if (moved !== undefined)
    return found(`${moved.what} of ${moved.container} changed from ${moved.before} to ${moved.after}`);
  const running = evidence.pods.flatMap((pod) => pod.containers).filter(({ digest }) => digest !== '');
  const first = running[0];
  if (first === undefined) return notPossible('no container has an image yet');
  const images = new Set(running.map((container) => `${container.image} (${container.digest.slice(0, 19)})`));
  return done(`${[...images].join(', ')}; ${registryText(mainContainer(evidence, spec))}`);
}

/** Its configuration was read from the registry: so it exists there, and can be pulled. */
function registryText(container: ContainerTemplate | undefined): string {
  if (container?.imageCommand === undefined) return 'its registry was not asked, or gave no answer';
  return 'its registry has it and gives its configuration';
}

/** What probes tell. */
const PROBED: ReadonlySet<string> = new Set(['liveness-probe-failure', 'readiness-probe-failure', 'unresponsive']);

function probes({ evidence, findings, spec }: Question): Answer {
  const failing = findings.find(({ cause }) => PROBED.has(cause));
  if (failing !== undefined) return found(failing.summary);
  const container = mainContainer(evidence, spec);
  if (container === undefined) return notPossible('the workload could not be read');
  const saw = describeProbes(container);
  return container.probes.liveness === undefined || container.probes.readiness === undefined ? found(saw) : done(saw);
}

function recentChanges({ evidence }: Question): Answer {
  const { difference, revisions } = evidence;
  if (difference === null)
    return notPossible('there is neither a healthy baseline nor an earlier revision to compare with');
  const latest = revisions.find(({ current }) => current);
  const since = latest === undefined ? '' : `; revision ${latest.revision} is of ${latest.createdAt}`;
  if (difference.changes.length === 0) return done(`nothing differs from ${difference.against}${since}`);
  return found(`since ${difference.against}: ${describeChanges(difference.changes)}${since}`);
}

function clusterEvents({ evidence }: Question): Answer {
  const unreadable = evidence.missing.find((entry) => entry.startsWith('events'));
  if (unreadable !== undefined) return notPossible(unreadable);
  const warnings = evidence.events.filter(({ type }) => type === 'Warning');
  return warnings.length === 0 ? done('no warning stands in the last hour') : found(describeEvents(warnings));
}
