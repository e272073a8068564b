import type { Finding, Json } from '../recovery/values.ts';
import { shortened } from '../recovery/words.ts';
import type { RunbookSpec } from '../runbook/schema.ts';
import { describeDependency } from './dependency-state.ts';
import { describeContainer, describeProbes } from './describe.ts';
import type { ContainerTemplate } from './evidence/workload.ts';
import type { Evidence } from './evidence.ts';

/** What of a runbook prevention is told from. */
type Basis = Pick<RunbookSpec, 'causes' | 'dependencies' | 'target' | 'alerts' | 'variables'>;

interface Seen {
  evidence: Evidence;
  finding: Finding;
  /** The container that the finding is about, else the target's. */
  container: ContainerTemplate | undefined;
  spec: Basis;
}

const LONGEST = 260;
const CANNOT_SEE = 'not to be seen from outside of the program';

/**
 * The runbook's points of prevention for the leading cause, each with what the machine sees of it: "Use init containers to
 * wait for dependencies: the pod has none". What it cannot see is said.
 */
export function takePrevention(evidence: Evidence, findings: readonly Finding[], spec: Basis): string[] {
  const [finding] = findings;
  const points = spec.causes.find(({ cause }) => cause === finding?.cause)?.prevention ?? [];
  if (finding === undefined) return [];
  const main = evidence.workload?.containers.filter(({ role }) => role === 'main') ?? [];
  const container =
    main.find(({ name }) => name === (finding.container ?? spec.target.container)) ??
    main.find(({ name }) => name === spec.target.container) ??
    main[0];
  const seen: Seen = { evidence, finding, container, spec };
  return points.map((point) => {
    const saw = SIGHTS.find(([about]) => about.test(point))?.[1](seen) ?? CANNOT_SEE;
    return shortened(`${point}: ${saw}`, LONGEST);
  });
}

/** What is looked at for a point, by the words that the written runbooks use. The first that fits answers. */
const SIGHTS: readonly [about: RegExp, see: (seen: Seen) => string][] = [
  [/retr(?:y|ies)|back-?off/i, retries],
  [/init container/i, initContainers],
  [/non-?blocking/i, blocking],
  [/separate liveness/i, separateProbes],
  [/slow operations?/i, slowProbes],
  [/probe/i, (seen) => withContainer(seen, describeProbes)],
  [/realistic resource/i, (seen) => withContainer(seen, (one) => `production has ${describeContainer(one)}`)],
  [/resource usage|usage trends/i, usage],
  [/memory limit/i, memoryLimit],
  [/\bHPA\b|autoscal/i, autoscaler],
  [/validation library/i, validationLibrary],
  [/validate .*variables?/i, validatesVariables],
  [/clear error messages?/i, clearMessage],
  [/dependencies are available/i, ({ evidence }) => dependencyStates(evidence)],
  [/alert on/i, alerts],
];

function withContainer({ container }: Seen, tell: (container: ContainerTemplate) => string): string {
  return container === undefined ? 'not possible to see: the workload could not be read' : tell(container);
}

/** Of what ended, the log that decides. */
function decidingLog({ evidence, container }: Seen): string {
  const logs = evidence.pods
    .flatMap((pod) => pod.containers)
    .filter(({ name }) => container === undefined || name === container.name)
    .flatMap((one) => [one.logs.previous?.text, one.logs.current?.text]);
  return logs.find((text) => text !== undefined && text !== '') ?? '';
}

function retries(seen: Seen): string {
  const log = decidingLog(seen);
  if (log === '') return 'not possible to see: there is no log';
  const told = log.match(/^.*\b(?:retry(?:ing)?|attempt \d|back-?off|reconnect(?:ing)?)\b.*$/im)?.[0];
  const life = shortestLife(seen);
  if (told !== undefined) return `the log tells of it: "${told.trim().slice(0, 100)}"`;
  return `no retry is seen in the log${life === null ? '' : `; it ended ${life} s after its start`}`;
}

/** Seconds that the shortest ended instance of the container lived. */
function shortestLife({ evidence, container }: Seen): number | null {
  const ends = evidence.pods
    .flatMap((pod) => pod.containers)
    .filter(({ name }) => container === undefined || name === container.name)
    .flatMap(({ state, lastState }) => [state, lastState])
    .filter((state) => state?.kind === 'terminated')
    .map((state) => (Date.parse(state?.finishedAt ?? '') - Date.parse(state?.startedAt ?? '')) / 1000)
    .filter((seconds) => seconds >= 0);
  return ends.length === 0 ? null : Math.round(Math.min(...ends));
}

function initContainers({ evidence }: Seen): string {
  const init = evidence.workload?.containers.filter(({ role }) => role === 'init') ?? [];
  if (evidence.workload === null) return 'not possible to see: the workload could not be read';
  return init.length === 0 ? 'the pod has none' : `the pod has ${init.map(({ name }) => name).join(', ')}`;
}

function blocking(seen: Seen): string {
  const connection = seen.finding.quotes.find(({ source }) => /\blog$/.test(source));
  if (connection === undefined) return 'the log names no connection that blocked the start';
  const life = shortestLife(seen);
  return `the start ended${life === null ? '' : ` after ${life} s`} with "${connection.text.trim().slice(0, 100)}"`;
}

function separateProbes(seen: Seen): string {
  return withContainer(seen, ({ probes: { liveness, readiness } }) => {
    if (liveness === undefined || readiness === undefined)
      return `there is no ${liveness === undefined ? 'liveness' : 'readiness'} probe`;
    const paths = [pathOf(liveness), pathOf(readiness)];
    return paths[0] === paths[1] ? `both ask ${paths[0]}` : `liveness asks ${paths[0]}, readiness ${paths[1]}`;
  });
}

function pathOf(probe: Json): string {
  if (typeof probe !== 'object' || probe === null || Array.isArray(probe)) return 'a command';
  const { httpGet, tcpSocket } = probe;
  if (typeof httpGet === 'object' && httpGet !== null && !Array.isArray(httpGet))
    return `${httpGet.path ?? '/'} at ${httpGet.port}`;
  return tcpSocket === undefined ? 'a command' : 'a TCP port';
}

function slowProbes({ evidence }: Seen): string {
  const late = evidence.events.filter(
    ({ reason, message }) => reason === 'Unhealthy' && /deadline exceeded|timed? ?out|timeout/i.test(message),
  );
  const count = late.reduce((sum, event) => sum + (event.count ?? 1), 0);
  return count === 0
    ? 'no probe was answered late in the events that are left'
    : `${count} probes were answered too late`;
}

function usage({ evidence }: Seen): string {
  const vertical = evidence.workload?.verticalAutoscaler;
  return `its use over time is not read here${vertical == null ? '' : `; VerticalPodAutoscaler ${vertical} recommends`}`;
}

function memoryLimit(seen: Seen): string {
  return withContainer(seen, (one) =>
    one.resources.limits.memory === undefined
      ? `no memory limit is set; ${describeContainer(one)}`
      : describeContainer(one),
  );
}

function autoscaler({ evidence }: Seen): string {
  const { workload, missing } = evidence;
  if (workload === null || missing.some((entry) => entry.startsWith('autoscaler')))
    return 'not possible to see: autoscalers could not be read';
  const own = workload.autoscaler;
  return own === null ? 'there is no HPA for it' : `HPA ${own.name} scales it from ${own.min} to ${own.max}`;
}

const LIBRARIES = /pydantic|zod|envalid|joi|viper|envconfig|hibernate.validator|spring boot|cerberus|dynaconf|convict/i;

function validationLibrary(seen: Seen): string {
  const found = LIBRARIES.exec(decidingLog(seen))?.[0];
  return found === undefined ? 'none is seen in the log' : `the log shows ${found}`;
}

function validatesVariables({ evidence, finding, spec }: Seen): string {
  const named =
    finding.subject !== undefined && finding.quotes.some(({ text }) => text.includes(finding.subject ?? ''));
  const wrong = (evidence.variables ?? []).filter(({ state }) => state !== 'right' && state !== 'unknown');
  const checked = `${spec.variables.length} variables are checked by the runbook, ${wrong.length} of them wrong`;
  return `the log ${named ? 'names' : 'does not name'} what is wrong; ${checked}`;
}

function clearMessage({ finding }: Seen): string {
  const quote = finding.quotes.find(({ source }) => /\blog$/.test(source));
  if (quote === undefined) return 'the log says nothing of it';
  const names = finding.subject !== undefined && quote.text.includes(finding.subject);
  return `the log says "${quote.text.trim().slice(0, 120)}"${names || finding.subject === undefined ? '' : `, without the name ${finding.subject}`}`;
}

function dependencyStates({ dependencies }: Evidence): string {
  return dependencies.length === 0 ? 'the runbook names none' : dependencies.map(describeDependency).join('; ');
}

function alerts({ spec: { alerts: declared } }: Seen): string {
  const names = [...declared.trigger, ...declared.related].map((alert) =>
    typeof alert === 'string' ? alert : alert.name,
  );
  return `the runbook expects ${names.join(', ')}; whether Prometheus has these rules is not read here`;
}
