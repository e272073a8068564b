import type { V1Container, V1EnvVarSource } from '@kubernetes/client-node';
import { currentRevision, type OwnedWorkload } from '../../kubernetes/revisions.ts';
import { KINTSUGI_PREFIX, toJson } from '../../kubernetes/template.ts';
import type { Workload } from '../../kubernetes/workloads.ts';
import type { ContainerRole, ContainerTemplate, EnvironmentEvidence, WorkloadEvidence } from '../evidence.ts';
import type { Redactor } from '../redaction.ts';
import type { AutoscalerReading } from './autoscaler.ts';

/** The workload with its template as far as people and the classifier ask; values of variables redacted by name. */
export function workloadEvidence(
  { workload, revisions }: OwnedWorkload,
  autoscaler: AutoscalerReading,
  gitops: string | null,
  redactor: Redactor,
): WorkloadEvidence {
  const { status } = workload;
  return {
    uid: workload.uid,
    generation: workload.generation,
    observedGeneration: workload.observedGeneration,
    desired: workload.replicas,
    ready: status.ready,
    updated: status.updated,
    unavailable: Math.max(0, workload.replicas - status.available),
    paused: workload.paused,
    revision: String(currentRevision(workload, revisions)?.revision ?? ''),
    serviceAccount: workload.template.spec?.serviceAccountName ?? 'default',
    conditions: status.conditions.map(({ type, status: state, reason, message }) => ({
      type,
      status: state,
      ...(reason === undefined ? {} : { reason }),
      ...(message === undefined ? {} : { message }),
    })),
    containers: containerTemplates(workload).map((container) => ({
      ...container,
      env: container.env.map((variable) => redactedVariable(variable, redactor)),
    })),
    gitops,
    autoscaler: autoscaler === null || autoscaler === 'unknown' ? null : autoscaler.evidence,
    annotations: Object.fromEntries(
      Object.entries(workload.annotations).filter(([key]) => key.startsWith(KINTSUGI_PREFIX)),
    ),
  };
}

function redactedVariable(variable: EnvironmentEvidence, redactor: Redactor): EnvironmentEvidence {
  return variable.value === undefined
    ? variable
    : { ...variable, value: redactor.redactNamed(variable.name, variable.value) };
}

/** The containers of the template, init containers first, with the variables' values as they are: never to leave the collector. */
export function containerTemplates({ template }: Workload): ContainerTemplate[] {
  const init = (template.spec?.initContainers ?? []).map((container) =>
    containerTemplate(container, container.restartPolicy === 'Always' ? 'sidecar' : 'init'),
  );
  return [...init, ...(template.spec?.containers ?? []).map((container) => containerTemplate(container, 'main'))];
}

function containerTemplate(container: V1Container, role: ContainerRole): ContainerTemplate {
  const { livenessProbe, readinessProbe, startupProbe } = container;
  return {
    name: container.name,
    role,
    image: container.image ?? '',
    command: container.command ?? [],
    args: container.args ?? [],
    env: environment(container),
    resources: { requests: container.resources?.requests ?? {}, limits: container.resources?.limits ?? {} },
    probes: {
      ...(livenessProbe === undefined ? {} : { liveness: toJson(livenessProbe) }),
      ...(readinessProbe === undefined ? {} : { readiness: toJson(readinessProbe) }),
      ...(startupProbe === undefined ? {} : { startup: toJson(startupProbe) }),
    },
    securityContext: toJson(container.securityContext ?? {}),
  };
}

function environment({ env = [], envFrom = [] }: V1Container): EnvironmentEvidence[] {
  const single = env.map(({ name, value, valueFrom }) =>
    valueFrom === undefined ? { name, value: value ?? '' } : { name, from: sourceText(valueFrom) },
  );
  const whole = envFrom.map(({ configMapRef, secretRef, prefix = '' }) => ({
    name: `${prefix}*`,
    from: secretRef === undefined ? `ConfigMap/${configMapRef?.name}` : `Secret/${secretRef.name}`,
  }));
  return [...single, ...whole];
}

/** `Secret/app:TOKEN`, `ConfigMap/app:LEVEL`, `field:status.podIP`. */
export function sourceText({ secretKeyRef, configMapKeyRef, fieldRef, resourceFieldRef }: V1EnvVarSource): string {
  if (secretKeyRef !== undefined) return `Secret/${secretKeyRef.name}:${secretKeyRef.key}`;
  if (configMapKeyRef !== undefined) return `ConfigMap/${configMapKeyRef.name}:${configMapKeyRef.key}`;
  if (fieldRef !== undefined) return `field:${fieldRef.fieldPath}`;
  return `resource:${resourceFieldRef?.resource ?? ''}`;
}
