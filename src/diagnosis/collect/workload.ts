import type { V1Container, V1EnvVarSource, V1PodSpec } from '@kubernetes/client-node';
import { currentRevision } from '../../kubernetes/revisions.ts';
import { KINTSUGI_PREFIX, toJson } from '../../kubernetes/template.ts';
import type {
  ContainerRole,
  ContainerTemplate,
  EnvironmentEvidence,
  PlacementEvidence,
  WorkloadEvidence,
} from '../evidence/workload.ts';
import type { Redactor } from '../redaction.ts';
import type { AutoscalerReading } from './autoscaler.ts';
import type { Subject, SubjectWorkload } from './subject.ts';

/** What was read around the workload that belongs to its own evidence. */
export interface WorkloadAround {
  autoscaler: AutoscalerReading;
  verticalAutoscaler: string | null;
  gitops: string | null;
  /** By container. */
  imageCommands: ReadonlyMap<string, NonNullable<ContainerTemplate['imageCommand']>>;
  /** The container and command that the runbook declares. */
  declared: { container: string | undefined; command: string[] } | null;
}

/** The workload with its template as far as people and the classifier ask; values of variables redacted by name. */
export function workloadEvidence(
  { workload, revisions, owner, job }: Subject,
  around: WorkloadAround,
  redactor: Redactor,
): WorkloadEvidence {
  const { status, template } = workload;
  const { autoscaler, verticalAutoscaler, gitops, imageCommands, declared } = around;
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
    serviceAccount: template.spec?.serviceAccountName ?? 'default',
    conditions: status.conditions.map(({ type, status: state, reason, message }) => ({
      type,
      status: state,
      ...(reason === undefined ? {} : { reason }),
      ...(message === undefined ? {} : { message }),
    })),
    containers: containerTemplates(workload).map((container, _, all) => {
      const imageCommand = imageCommands.get(container.name);
      const first = all.find(({ role }) => role === 'main')?.name;
      const isDeclared = declared !== null && container.name === (declared.container ?? first);
      return {
        ...container,
        env: container.env.map((variable) => redactedVariable(variable, redactor)),
        ...(imageCommand === undefined ? {} : { imageCommand }),
        ...(isDeclared ? { declaredCommand: declared.command } : {}),
      };
    }),
    gitops,
    autoscaler: autoscaler === null || autoscaler === 'unknown' ? null : autoscaler.evidence,
    verticalAutoscaler,
    annotations: Object.fromEntries(
      Object.entries(workload.annotations).filter(([key]) => key.startsWith(KINTSUGI_PREFIX)),
    ),
    placement: placement(template.spec),
    podLabels: template.metadata?.labels ?? {},
    ...(owner === undefined ? {} : { owner }),
    ...(job === undefined ? {} : { job }),
  };
}

function placement(spec: V1PodSpec | undefined): PlacementEvidence {
  return {
    nodeSelector: spec?.nodeSelector ?? {},
    affinity: spec?.affinity !== undefined,
    tolerations: (spec?.tolerations ?? []).map(({ key = '*', operator = 'Equal', value, effect }) =>
      [operator === 'Exists' || value === undefined ? key : `${key}=${value}`, effect].filter(Boolean).join(':'),
    ),
    hostPorts: (spec?.containers ?? []).flatMap(({ ports = [] }) => ports.flatMap(({ hostPort }) => hostPort ?? [])),
  };
}

function redactedVariable(variable: EnvironmentEvidence, redactor: Redactor): EnvironmentEvidence {
  return variable.value === undefined
    ? variable
    : { ...variable, value: redactor.redactNamed(variable.name, variable.value) };
}

/** The containers of the template, init containers first, with the variables' values as they are: never to leave the collector. */
export function containerTemplates({ template }: Pick<SubjectWorkload, 'template'>): ContainerTemplate[] {
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
    ports: (container.ports ?? []).map(({ name, containerPort, hostPort }) => ({
      ...(name === undefined ? {} : { name }),
      port: containerPort,
      ...(hostPort === undefined ? {} : { hostPort }),
    })),
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
