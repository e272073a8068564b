import type { V1Pod } from '@kubernetes/client-node';
import { createSecrets } from '../../actions/write/secrets.ts';
import type { Baseline, Baselines } from '../../activities/baseline.ts';
import { KintsugiError, messageOf } from '../../errors.ts';
import type { Kubernetes } from '../../kubernetes/client.ts';
import { findGitOpsOwner } from '../../kubernetes/gitops.ts';
import { type Forward, forwardPort } from '../../kubernetes/port-forward.ts';
import { currentRevision, readOwned } from '../../kubernetes/revisions.ts';
import { WORKLOAD_PLURALS } from '../../kubernetes/workloads.ts';
import type { Logger } from '../../log.ts';
import type { RunbookContent } from '../../recovery/activities.ts';
import type { Target } from '../../recovery/values.ts';
import { type TargetState, targetStateOf } from '../../verification/target-state.ts';
import type { Evidence } from '../evidence.ts';
import { redactDeep } from '../redact-evidence.ts';
import { createRedactor, type Redactor } from '../redaction.ts';
import { type AutoscalerReading, readAutoscaler } from './autoscaler.ts';
import { readBudgets, readVerticalAutoscaler } from './budgets.ts';
import { readBuilds } from './builds.ts';
import { readCluster } from './cluster.ts';
import { readDelivery } from './delivery.ts';
import { readDependencies } from './dependencies.ts';
import { templateDifference } from './difference.ts';
import { readEvents } from './events.ts';
import { readImageCommands } from './image-command.ts';
import { readLogs, troubledPods } from './logs.ts';
import { readMeasurements } from './measurements.ts';
import { readNames } from './names.ts';
import { readNodes } from './nodes.ts';
import { podEvidence } from './pods.ts';
import { readReach } from './reach.ts';
import { allReferences, knownSecrets, readReferences } from './references.ts';
import { readRegistry } from './registry.ts';
import { revisionEvidence } from './revisions.ts';
import { readService, readServices } from './service.ts';
import type { Subject } from './subject.ts';
import { judgeVariables } from './variables.ts';
import { containerTemplates, workloadEvidence } from './workload.ts';

/** What collecting needs. */
export interface Collector {
  kubernetes: Kubernetes;
  baselines: Pick<Baselines, 'read'>;
  /** KINTSUGI_REDACTION_KEY */
  redactionKey: string;
  /** The configuration's registry mirrors, host to address; without them images are asked for where they say. */
  mirrors?: Readonly<Record<string, string>>;
  log: Logger;
  /** How a dependency's pod is reached; through the API server if not given. */
  forward?: Forward;
}

/** Whose evidence is collected. */
export interface CollectionRequest {
  target: Target;
  runbook: RunbookContent | null;
  signal: AbortSignal;
  /** Says what is being read; throws when the activity was cancelled. */
  heartbeat(detail: string): void;
}

/** The evidence of anything that has pods, redacted. */
export interface CollectedSubject {
  evidence: Evidence;
  subject: Subject;
  baseline: Baseline | null;
  autoscaler: AutoscalerReading;
  /** Knows the secrets that were read: for what else is made of the target. */
  redactor: Redactor;
}

/** The evidence, redacted, and the target as the checks judge it. */
export interface Collected {
  evidence: Evidence;
  state: TargetState;
  /** All pods of the workload, ended ones too. */
  pods: V1Pod[];
  baseline: Baseline | null;
}

/** Reads one source; what fails is noted in `missing` and replaced by a default, so that one source never costs the others. */
export type Attempt = <T>(source: string, read: () => Promise<T>, otherwise: T) => Promise<T>;

/**
 * Collects everything that is known of a workload that Kintsugi mends: about thirty calls, each bounded. Nothing is written.
 * @throws KintsugiError only where the workload, its revisions or its pods cannot be read
 */
export async function collect(collector: Collector, request: CollectionRequest): Promise<Collected> {
  const { target, signal } = request;
  request.heartbeat(`reading ${target.kind} ${target.namespace}/${target.name}`);
  const owned = await readOwned(collector.kubernetes, target, signal);
  const { evidence, autoscaler, baseline } = await collectSubject(collector, request, { ...owned, between: [] });
  const bounds = autoscaler === 'unknown' || autoscaler === null ? autoscaler : autoscaler.bounds;
  return { evidence, state: targetStateOf(owned, bounds), pods: owned.pods, baseline };
}

/** The same of any kind that has pods. @throws only where a call was given up by the request's signal */
export async function collectSubject(
  collector: Collector,
  request: CollectionRequest,
  subject: Subject,
): Promise<CollectedSubject> {
  const { target, runbook, signal } = request;
  const missing: string[] = [];
  const attempt = attemptWith(missing, signal, collector.log);
  const reading: Reading = { collector, request, subject, troubled: troubledPods(subject), attempt };
  request.heartbeat('reading configuration, events, dependencies and logs');
  const [around, seen, baseline] = await Promise.all([
    readAround(reading),
    readPodsWithin(reading),
    attempt<Baseline | null>('baseline', () => collector.baselines.read(target), null),
  ]);
  const { kubernetes } = collector;
  const { workload } = subject;
  const names = await attempt(
    'names',
    () => readNames({ kubernetes, workload, objects: around.references, logs: seen.logs, signal }),
    [],
  );
  const redactor = createRedactor({ key: collector.redactionKey, known: around.secrets });
  const difference = templateDifference({
    owned: subject,
    baseline,
    references: around.references,
    tell: tellWith(redactor),
    hmac: around.hmac,
  });
  if (subject.workload.kind in WORKLOAD_PLURALS && currentRevision(subject.workload, subject.revisions) === undefined)
    missing.push('revisions: the controller has not made the current one yet');
  const revisions = revisionEvidence(subject, baseline);
  const { pods } = subject;
  const builds = await attempt(
    'builds',
    () => readBuilds({ kubernetes, mirrors: collector.mirrors ?? {}, pods, revisions, signal }),
    [],
  );
  const evidence: Evidence = {
    v: 1,
    takenAt: new Date().toISOString(),
    target,
    workload: workloadEvidence(subject, { ...around, imageCommands: seen.imageCommands }, redactor),
    pods: subject.pods.map((pod) => podEvidence(pod, subject, seen)),
    events: [...around.events, ...around.nodes.events],
    revisions,
    difference,
    references: around.references.map((reference) => reference.evidence),
    claims: around.claims,
    nodes: around.nodes.nodes,
    dependencies: runbook === null ? [] : around.dependencies,
    service: around.service,
    services: around.services.filter(({ name }) => name !== around.service?.name),
    budgets: around.budgets,
    variables: judgeVariables(subject.workload, runbook, around.references),
    names,
    missing,
    ...(around.reach.length === 0 ? {} : { reach: around.reach }),
    ...(seen.images.length === 0 ? {} : { images: seen.images }),
    ...(Object.keys(around.cluster).length === 0 ? {} : { cluster: around.cluster }),
    ...(around.delivery.length === 0 ? {} : { delivery: around.delivery }),
    ...(builds.length === 0 ? {} : { builds }),
  };
  return { evidence: redactDeep(evidence, redactor), subject, baseline, autoscaler: around.autoscaler, redactor };
}

interface Reading {
  collector: Collector;
  request: CollectionRequest;
  subject: Subject;
  /** The pods that tell most. */
  troubled: V1Pod[];
  attempt: Attempt;
}

/** What the troubled pods' containers wrote, used and were built to run. */
async function readPodsWithin({ collector, request, subject, troubled, attempt }: Reading) {
  const { kubernetes, mirrors = {} } = collector;
  const { signal } = request;
  const [logs, measured, imageCommands, images] = await Promise.all([
    attempt('logs', () => readLogs({ kubernetes, pods: troubled, attempt, signal }), new Map()),
    readMeasurements({ kubernetes, subject, pods: troubled, attempt, signal }),
    readImageCommands({ kubernetes, mirrors, pods: troubled, declared: declaredCommand(request), attempt, signal }),
    attempt('registry', () => readRegistry({ kubernetes, pods: troubled, mirrors, attempt, signal }), []),
  ]);
  return { logs, measured, imageCommands, images };
}

/** What stands around the workload: read side by side. */
async function readAround({ collector, request, subject, attempt }: Reading) {
  const { kubernetes, redactionKey, forward = (to, options) => forwardPort(kubernetes, to, options) } = collector;
  const { target, runbook, signal } = request;
  const { workload, pods } = subject;
  const spec = runbook?.spec;
  // Names of secrets are not asked here: only the keyed hash is used, the same as the baselines'.
  const { hmac } = createSecrets(redactionKey, (text) => text);
  const autoscaling = attempt<AutoscalerReading>(
    'autoscaler',
    () => readAutoscaler(kubernetes, target, signal),
    'unknown',
  );
  const readOwnEvents = async () => {
    const scaled = await autoscaling;
    const autoscaler = scaled === null || scaled === 'unknown' ? undefined : scaled.bounds.name;
    const claims = new Set(
      allReferences(subject).flatMap(({ kind, name }) => (kind === 'PersistentVolumeClaim' ? [name] : [])),
    );
    return readEvents(kubernetes, subject, { autoscaler, claims }, signal);
  };
  const reading = attempt('references', () => readReferences({ kubernetes, subject, hmac, attempt, signal }), {
    objects: [],
    claims: [],
  });
  // A dependency's address may stand in a Secret.
  const readOthers = async () => {
    const { objects } = await reading;
    return readDependencies({ kubernetes, forward, runbook, workload, objects, attempt, signal });
  };
  const [
    references,
    events,
    dependencies,
    service,
    services,
    nodes,
    gitops,
    budgets,
    verticalAutoscaler,
    reach,
    cluster,
    delivery,
  ] = await Promise.all([
    reading,
    attempt('events', readOwnEvents, []),
    attempt('dependencies', readOthers, []),
    attempt('service', () => readService(kubernetes, target.namespace, spec?.target.service, signal), null),
    attempt('services', () => readServices(kubernetes, subject, signal), []),
    readNodes({ kubernetes, pods, attempt, signal }),
    attempt('gitops', async () => (await findGitOpsOwner(kubernetes, workload, signal))?.owner ?? null, null),
    attempt('disruption budgets', () => readBudgets(kubernetes, workload, signal), []),
    attempt('vertical autoscaler', () => readVerticalAutoscaler(kubernetes, target, signal), null),
    attempt('reach', () => readReach({ kubernetes, pods, runbook, signal }), []),
    readCluster({ kubernetes, target, attempt, signal }),
    attempt('delivery', () => readDelivery(kubernetes, subject, signal), []),
  ]);
  return {
    references: references.objects,
    claims: references.claims,
    events,
    dependencies,
    service,
    services,
    nodes,
    gitops,
    budgets,
    reach,
    cluster,
    delivery,
    autoscaler: await autoscaling,
    verticalAutoscaler,
    declared: declaredCommand(request),
    hmac,
    secrets: knownSecrets(references.objects, containerTemplates(workload)),
  };
}

/** The container and the command that the runbook declares for it. */
function declaredCommand({ runbook }: CollectionRequest): { container: string | undefined; command: string[] } | null {
  const { command, container } = runbook?.spec.target ?? {};
  return command === undefined ? null : { container, command };
}

function attemptWith(missing: string[], signal: AbortSignal, log: Logger): Attempt {
  return async (source, read, otherwise) => {
    try {
      return await read();
    } catch (thrown) {
      signal.throwIfAborted();
      const why = thrown instanceof KintsugiError ? `${thrown.code}: ${thrown.message}` : messageOf(thrown);
      missing.push(`${source}: ${why}`.slice(0, 300));
      log.debug({ source, why }, 'a source of evidence could not be read');
      return otherwise;
    }
  };
}

/** How a variable's value may be shown: redacted by its name as well. */
export type Tell = (name: string, value: string) => string;

function tellWith(redactor: Redactor): Tell {
  return (name, value) => redactor.redactNamed(name, value);
}
