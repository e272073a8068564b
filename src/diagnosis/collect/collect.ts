import type { V1Pod } from '@kubernetes/client-node';
import { createSecrets } from '../../actions/write/secrets.ts';
import type { Baseline, Baselines } from '../../activities/baseline.ts';
import { KintsugiError, messageOf } from '../../errors.ts';
import type { Kubernetes } from '../../kubernetes/client.ts';
import { findGitOpsOwner } from '../../kubernetes/gitops.ts';
import { type Forward, forwardPort } from '../../kubernetes/port-forward.ts';
import { currentRevision, type OwnedWorkload, readOwned } from '../../kubernetes/revisions.ts';
import type { Logger } from '../../log.ts';
import type { RunbookContent } from '../../recovery/activities.ts';
import type { Target } from '../../recovery/values.ts';
import { type TargetState, targetStateOf } from '../../verification/target-state.ts';
import type { Evidence } from '../evidence.ts';
import { redactDeep } from '../redact-evidence.ts';
import { createRedactor, type Redactor } from '../redaction.ts';
import { type AutoscalerReading, readAutoscaler } from './autoscaler.ts';
import { readDependencies } from './dependencies.ts';
import { templateDifference } from './difference.ts';
import { readEvents } from './events.ts';
import { readLogs, troubledPods } from './logs.ts';
import { readNodes } from './nodes.ts';
import { podEvidence } from './pods.ts';
import { knownSecrets, readReferences } from './references.ts';
import { revisionEvidence } from './revisions.ts';
import { readService } from './service.ts';
import { containerTemplates, workloadEvidence } from './workload.ts';

/** What collecting needs. */
export interface Collector {
  kubernetes: Kubernetes;
  baselines: Baselines;
  /** KINTSUGI_REDACTION_KEY */
  redactionKey: string;
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
 * Collects everything that is known of a target: about twenty calls, each bounded. Nothing is written.
 * @throws KintsugiError only where the workload, its revisions or its pods cannot be read
 */
export async function collect(collector: Collector, request: CollectionRequest): Promise<Collected> {
  const { kubernetes, baselines } = collector;
  const { target, runbook, signal } = request;
  const missing: string[] = [];
  const attempt = attemptWith(missing, signal, collector.log);
  request.heartbeat(`reading ${target.kind} ${target.namespace}/${target.name}`);
  const owned = await readOwned(kubernetes, target, signal);
  const [autoscaler, baseline] = await Promise.all([
    attempt<AutoscalerReading>('autoscaler', () => readAutoscaler(kubernetes, target, signal), 'unknown'),
    attempt<Baseline | null>('baseline', () => baselines.read(target), null),
  ]);
  const state = targetStateOf(owned, autoscaler === 'unknown' || autoscaler === null ? autoscaler : autoscaler.bounds);
  request.heartbeat('reading configuration, events and dependencies');
  const around = await readAround({ collector, request, owned, baseline, attempt });
  request.heartbeat('reading logs');
  const chosen = troubledPods(state, owned.pods);
  const logs = await attempt('logs', () => readLogs({ kubernetes, pods: chosen, attempt, signal }), new Map());
  const { pods, revisions, workload } = owned;
  const redactor = createRedactor({ key: collector.redactionKey, known: around.secrets });
  const evidence: Evidence = {
    v: 1,
    takenAt: state.at.toISOString(),
    target,
    workload: workloadEvidence(owned, autoscaler, around.gitops, redactor),
    pods: pods.map((pod) => podEvidence({ pod, owned, logs })),
    events: around.events,
    revisions: revisionEvidence(owned, baseline),
    difference: templateDifference({
      owned,
      baseline,
      references: around.references,
      tell: tellWith(redactor),
      hmac: around.hmac,
    }),
    references: around.references.map((reference) => reference.evidence),
    claims: around.claims,
    nodes: around.nodes,
    dependencies: runbook === null ? [] : around.dependencies,
    service: around.service,
    missing,
  };
  if (currentRevision(workload, revisions) === undefined)
    missing.push('revisions: the controller has not made the current one yet');
  return { evidence: redactDeep(evidence, redactor), state, pods, baseline };
}

interface Around {
  collector: Collector;
  request: CollectionRequest;
  owned: OwnedWorkload;
  baseline: Baseline | null;
  attempt: Attempt;
}

/** What stands around the workload: read side by side. */
async function readAround({ collector, request, owned, attempt }: Around) {
  const { kubernetes, redactionKey, forward = (to, options) => forwardPort(kubernetes, to, options) } = collector;
  const { runbook, signal } = request;
  const { workload, pods } = owned;
  const spec = runbook?.spec;
  // Names of secrets are not asked here: only the keyed hash is used, the same as the baselines'.
  const { hmac } = createSecrets(redactionKey, (text) => text);
  const reading = attempt('references', () => readReferences({ kubernetes, workload, hmac, attempt, signal }), {
    objects: [],
    claims: [],
  });
  // A dependency's address may stand in a Secret.
  const readOthers = async () => {
    const { objects } = await reading;
    return readDependencies({ kubernetes, forward, runbook, workload, objects, attempt, signal });
  };
  const [references, events, dependencies, service, nodes, gitops] = await Promise.all([
    reading,
    attempt('events', () => readEvents(kubernetes, owned, signal), []),
    attempt('dependencies', readOthers, []),
    attempt('service', () => readService(kubernetes, request.target.namespace, spec?.target.service, signal), null),
    attempt('nodes', () => readNodes({ kubernetes, pods, attempt, signal }), []),
    attempt('gitops', async () => (await findGitOpsOwner(kubernetes, workload, signal))?.owner ?? null, null),
  ]);
  return {
    references: references.objects,
    claims: references.claims,
    events,
    dependencies,
    service,
    nodes,
    gitops,
    hmac,
    secrets: knownSecrets(references.objects, containerTemplates(workload)),
  };
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
