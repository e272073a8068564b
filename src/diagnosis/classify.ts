import type { Finding } from '../recovery/values.ts';
import { isLongWell, isStarting } from './age.ts';
import { clusterFacts } from './cluster-facts.ts';
import { weighDependencies } from './dependency-root.ts';
import type { ContainerEvidence, PodEvidence } from './evidence/pod.ts';
import type { ContainerTemplate } from './evidence/workload.ts';
import type { Evidence } from './evidence.ts';
import { withDegradation } from './facts/degradation.ts';
import { commandFacts, withOtherDigest } from './facts/image-drift.ts';
import { withMissingName } from './facts/names.ts';
import { silentWhileReady, strayServiceFacts, unresponsiveFact } from './facts/unresponsive.ts';
import { withVariables } from './facts/variables.ts';
import { finding, ranked } from './finding.ts';
import { kubeletFacts } from './kubelet-facts.ts';
import { lastWords } from './log-text.ts';
import { type LogVerdict, readLog } from './log-verdict.ts';
import { portOwner } from './port-owner.ts';
import { endedFromOutside, failingLivenessFact, livenessFact, readinessFact } from './probe-facts.ts';
import { refusedPermission } from './refused-permission.ts';
import { logSentence, tidySubject } from './sentences.ts';
import { describeEnd, eventsOf, lastEnd } from './states.ts';
import { configurationSubject } from './subjects.ts';

/** From this score on a fact leaves no room for what the log of the same container says. */
const DECIDED = 85;
/** A wording must be this strong to explain the end of a process that was ended from outside or that ended well. */
const STRONG = 6;

/**
 * Finds why a workload does not run: ranked findings, best first. Deterministic; never throws on any evidence; bounded in time.
 * The kubelet's facts outrank log lines; a dependency that is down is the root of its dependents; `unknown` where nothing decides.
 * What ended long ago and runs well since explains nothing while something is wrong now; what only starts is no illness.
 * An empty list means that nothing is wrong with what was seen.
 */
export function classify(evidence: Evidence): Finding[] {
  const now = presentFindings(evidence);
  if (now.length > 0) return now;
  return findingsOf(evidence).map((past) => ({ ...past, score: Math.min(past.score, PAST) }));
}

/** The same without what ended long ago and has run well since. */
export function presentFindings(evidence: Evidence): Finding[] {
  return findingsOf({ ...evidence, pods: presentTrouble(evidence) });
}

/** What ended long ago, where nothing is wrong now: worth telling, but no more. */
const PAST = 25;

/** The pods without those containers that have long been well again. */
function presentTrouble(evidence: Evidence): PodEvidence[] {
  const isPast = (pod: PodEvidence, container: ContainerEvidence): boolean =>
    lastEnd(container) !== undefined && isLongWell(evidence, pod, container);
  if (!evidence.pods.some((pod) => pod.containers.some((container) => isPast(pod, container)))) return evidence.pods;
  return evidence.pods.map((pod) => ({
    ...pod,
    containers: pod.containers.filter((container) => !isPast(pod, container)),
  }));
}

function findingsOf(evidence: Evidence): Finding[] {
  const facts = [...clusterFacts(evidence), ...kubeletFacts(evidence)];
  const containers = evidence.pods.flatMap((pod) => pod.containers.map((container) => ({ pod, container })));
  const told = containers.flatMap(({ pod, container }) => containerFindings(evidence, pod, container, facts));
  const weighed = withVariables(evidence, weighDependencies(evidence, [...facts, ...told]));
  const found = ranked([...weighed, ...commandFacts(evidence), ...strayServiceFacts(evidence)]).map((entry) =>
    withDegradation(evidence, withMissingName(evidence, withOtherDigest(evidence, entry))),
  );
  const named = found.filter((entry) => entry.cause !== 'unknown');
  // What nobody can name is worth saying only where nothing else is said.
  return named.length > 0 ? named : found.slice(0, 3);
}

function containerFindings(
  evidence: Evidence,
  pod: PodEvidence,
  container: ContainerEvidence,
  facts: Finding[],
): Finding[] {
  const template = templateOf(evidence, container);
  if (isStarting(evidence, pod, container, template)) return [];
  if (!hasTrouble(pod, container)) {
    const seen = { events: eventsOf(evidence, pod, container), template };
    const failing =
      silentWhileReady(evidence, pod, container, seen) ?? failingLivenessFact(evidence, pod, container, seen);
    return failing === null ? [] : [failing];
  }
  const own = facts.filter(
    (fact) => fact.pod === pod.name && (fact.container === undefined || fact.container === container.name),
  );
  if (own.some((fact) => fact.score >= DECIDED)) return [];
  const seen = { events: eventsOf(evidence, pod, container), template };
  const probe =
    unresponsiveFact(evidence, pod, container, seen) ??
    livenessFact(pod, container, seen) ??
    readinessFact(pod, container, seen);
  const log = logFinding(evidence, pod, container, probe);
  const end = endFacts(evidence, pod, container, log);
  const found = [probe, ...end, log].filter((entry) => entry !== null);
  if (found.length > 0) return found;
  return own.length > 0 ? [] : [unknownFinding(pod, container)];
}

/** Whether a container's state or history is worth an explanation. */
function hasTrouble(pod: PodEvidence, container: ContainerEvidence): boolean {
  if (container.role === 'init' && lastEnd(container)?.exitCode === 0) return false;
  // A Job's pod, or one that was told to end, is done.
  if (pod.phase === 'Succeeded' || (pod.deleting && container.state.kind === 'terminated')) return false;
  if (container.state.kind === 'waiting')
    return !/^(?:PodInitializing|ContainerCreating)$/.test(container.state.reason ?? '');
  if (lastEnd(container) !== undefined) return true;
  if (container.logs.previous !== undefined || container.restarts > 0) return true;
  return container.state.kind === 'running' ? !container.ready && !pod.ready : container.logs.current !== undefined;
}

/** What the bare end of a container says: an init container that failed or does not end, a program that simply ended. */
function endFacts(evidence: Evidence, pod: PodEvidence, container: ContainerEvidence, log: Finding | null): Finding[] {
  if (container.role === 'init') return initFacts(pod, container, log);
  const end = lastEnd(container);
  if (end?.exitCode === 0 && container.role === 'main' && !isExpectedToEnd(evidence)) {
    return [
      finding({
        pod: pod.name,
        container: container.name,
        cause: 'completed',
        score: 65,
        summary: `${container.name} ends by itself with exit code 0: a program that should stay was given nothing to do.`,
        mend: 'Give it a command that stays; work that ends belongs in a Job.',
        quotes: [lastState(pod, container)],
      }),
    ];
  }
  return [];
}

function initFacts(pod: PodEvidence, container: ContainerEvidence, log: Finding | null): Finding[] {
  const end = lastEnd(container);
  const said = log === null || log.cause === 'unknown' ? '' : ` ${log.summary}`;
  const quotes = log?.quotes ?? lastLine(pod, container);
  const fails = (parts: Pick<Finding, 'summary' | 'quotes'> & { mend?: string | undefined }) =>
    finding({
      pod: pod.name,
      container: container.name,
      cause: 'init-container-failure',
      subject: container.name,
      score: 82,
      ...parts,
    });
  if (end?.exitCode !== undefined && end.exitCode !== 0) {
    return [
      fails({
        summary: `Init container ${container.name} fails (${describeEnd(end)}), so the pod's other containers never start.${said}`,
        quotes: [lastState(pod, container), ...quotes],
      }),
    ];
  }
  if (container.state.kind === 'running') {
    return [
      fails({
        summary: `Init container ${container.name} runs since ${container.state.startedAt ?? 'its start'} and does not end, so the pod's other containers wait.${said}`,
        mend: said === '' ? 'Find what it waits for.' : undefined,
        quotes,
      }),
    ];
  }
  return [];
}

function lastState(pod: PodEvidence, container: ContainerEvidence): Finding['quotes'][number] {
  return { source: `${pod.name} ${container.name} last state`, text: describeEnd(lastEnd(container)) };
}

/** A Job's containers are to end. */
function isExpectedToEnd({ workload }: Evidence): boolean {
  return workload?.job !== undefined;
}

/** The last that the container said, as a quote. */
function lastLine(pod: PodEvidence, container: ContainerEvidence): Finding['quotes'] {
  const log = decidingLog(container);
  const last = log === null ? undefined : lastWords(log.text);
  if (log === null || last === undefined) return [];
  return [{ source: `${pod.name} ${container.name} ${log.which}`, text: last.trim() }];
}

/** The log of the instance that ended; for one that never ended the current one. */
function decidingLog(container: ContainerEvidence): { text: string; which: string } | null {
  const { current, previous } = container.logs;
  const crashed = container.state.kind !== 'running' || container.restarts > 0;
  const chosen = crashed ? (previous ?? current) : current;
  if (chosen === undefined || isKubeletsOwnFailure(chosen.text)) return null;
  return { text: chosen.text, which: chosen === previous ? 'previous log' : 'log' };
}

/** The kubelet answers a read of a log that is gone with status 200 and this text (kubernetes pkg/kubelet/kuberuntime). */
export function isKubeletsOwnFailure(text: string): boolean {
  return /^(?:unable to retrieve container logs for |failed to (?:try resolving symlinks|open log file|create fsnotify watcher))/.test(
    text,
  );
}

function logFinding(
  evidence: Evidence,
  pod: PodEvidence,
  container: ContainerEvidence,
  probe: Finding | null,
): Finding | null {
  const log = decidingLog(container);
  if (log === null) return null;
  const verdict = readLog(log.text, evidence.dependencies);
  if (verdict === null || !explainsEnd(verdict, container, probe)) return null;
  const refused = verdict.cause === 'api-permission-denied' ? refusedPermission(verdict.line) : null;
  if (refused !== null) {
    const quotes = [{ source: `${pod.name} ${container.name} ${log.which}`, text: verdict.line.trim() }];
    return finding({ ...refused, cause: verdict.cause, pod: pod.name, container: container.name, score: 80, quotes });
  }
  const subject = subjectOf(evidence, container, log.text, verdict);
  const named: LogVerdict = { ...verdict };
  if (subject === undefined) delete named.subject;
  else named.subject = subject;
  return finding({
    cause: verdict.cause,
    pod: pod.name,
    container: container.name,
    subject,
    score: Math.min(80, Math.round(20 + 4 * verdict.strength)),
    summary: logSentence(named, container.name) + detailOf(evidence, container, named),
    quotes: [{ source: `${pod.name} ${container.name} ${log.which}`, text: verdict.line.trim() }],
  });
}

/** What the template adds to the log's sentence. */
function detailOf(evidence: Evidence, container: ContainerEvidence, { cause, subject }: LogVerdict): string {
  return cause === 'port-in-use' ? portOwner(evidence, container.name, subject) : '';
}

/** A process that was ended from outside, or that ended well, was not ended by what its log complains of, unless that is strong. */
function explainsEnd(verdict: LogVerdict, container: ContainerEvidence, probe: Finding | null): boolean {
  if (probe !== null && probe.score >= DECIDED) return false;
  if (!endedFromOutside(container) && lastEnd(container)?.exitCode !== 0) return true;
  return verdict.terminal && verdict.strength >= STRONG;
}

function subjectOf(
  evidence: Evidence,
  container: ContainerEvidence,
  text: string,
  verdict: LogVerdict,
): string | undefined {
  if (verdict.cause !== 'configuration-error') return tidySubject(verdict.subject);
  const variables = new Map(
    (templateOf(evidence, container)?.env ?? []).map((entry) => [entry.name, entry.value] as const),
  );
  for (const change of evidence.difference?.changes ?? []) {
    const removed = /^env (\S+)$/.exec(change.what)?.[1];
    if (removed !== undefined && (change.container ?? container.name) === container.name && !variables.has(removed)) {
      variables.set(removed, undefined);
    }
  }
  return tidySubject(configurationSubject(text, verdict, variables));
}

function templateOf(evidence: Evidence, container: ContainerEvidence): ContainerTemplate | undefined {
  return evidence.workload?.containers.find((entry) => entry.name === container.name);
}

function unknownFinding(pod: PodEvidence, container: ContainerEvidence): Finding {
  const quotes = lastLine(pod, container);
  const last = quotes[0]?.text;
  const end = lastEnd(container);
  const ended = end === undefined ? 'does not become ready' : `ended (${describeEnd(end)})`;
  const said =
    last === undefined ? 'and left no log' : `and no known cause explains it; it said last: ${last.replace(/\.$/, '')}`;
  return finding({
    cause: 'unknown',
    pod: pod.name,
    container: container.name,
    score: 10,
    summary: `${container.name} ${ended} ${said}.`,
    quotes,
  });
}
