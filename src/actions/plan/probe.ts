import type { V1Container, V1Probe } from '@kubernetes/client-node';
import type { Json } from '../../recovery/values.ts';

/** The three probes of a container, by the field that holds each. */
export const PROBE_FIELDS = {
  liveness: 'livenessProbe',
  readiness: 'readinessProbe',
  startup: 'startupProbe',
} as const;
export type ProbeKind = keyof typeof PROBE_FIELDS;

/** Seconds, and for `failureThreshold` a number of failures in a row. */
export interface ProbeTiming {
  initialDelaySeconds?: number | undefined;
  periodSeconds?: number | undefined;
  timeoutSeconds?: number | undefined;
  failureThreshold?: number | undefined;
}
export type TimingField = keyof ProbeTiming;

/** What Kubernetes takes where a probe says nothing. API: V1Probe, kubernetes pkg/apis/core/v1/defaults.go SetDefaults_Probe */
const DEFAULTS: Required<Record<TimingField, number>> = {
  initialDelaySeconds: 0,
  periodSeconds: 10,
  timeoutSeconds: 1,
  failureThreshold: 3,
};

/** A probe's value as it works, written or by default. */
export function timing(probe: V1Probe, field: TimingField): number {
  return probe[field] ?? DEFAULTS[field];
}

/**
 * The fields in which a probe becomes more patient: the larger of what is and what is written, and only where that is more
 * (safety 9). Where a startupProbe covers the start, the delay before the first try says nothing and stays.
 */
export function morePatient(
  probe: V1Probe,
  wanted: ProbeTiming,
  covered: boolean,
): { field: TimingField; before: number | undefined; after: number }[] {
  const fields: TimingField[] = ['initialDelaySeconds', 'periodSeconds', 'timeoutSeconds', 'failureThreshold'];
  return fields.flatMap((field) => {
    const after = wanted[field];
    if (after === undefined || after <= timing(probe, field)) return [];
    return covered && field === 'initialDelaySeconds' ? [] : [{ field, before: probe[field], after }];
  });
}

/** Seconds that a start may take before these probes end it: the startupProbe's, else the liveness probe's. */
export function startBudget({ startupProbe, livenessProbe }: V1Container): number {
  const probe = startupProbe ?? livenessProbe;
  if (probe === undefined) return Number.POSITIVE_INFINITY;
  return timing(probe, 'initialDelaySeconds') + timing(probe, 'periodSeconds') * timing(probe, 'failureThreshold');
}

/** A startupProbe that asks what the liveness probe asks, for as long as is written. */
export function startupLike(liveness: V1Probe, wanted: ProbeTiming): V1Probe {
  const { httpGet, tcpSocket, exec, grpc } = liveness;
  return {
    ...(httpGet === undefined ? {} : { httpGet }),
    ...(tcpSocket === undefined ? {} : { tcpSocket }),
    ...(exec === undefined ? {} : { exec }),
    ...(grpc === undefined ? {} : { grpc }),
    periodSeconds: wanted.periodSeconds ?? DEFAULTS.periodSeconds,
    timeoutSeconds: Math.max(wanted.timeoutSeconds ?? 0, timing(liveness, 'timeoutSeconds')),
    failureThreshold: wanted.failureThreshold ?? DEFAULTS.failureThreshold,
    // As the API server writes it: what is planned must be what is read afterwards.
    successThreshold: 1,
    ...(wanted.initialDelaySeconds === undefined ? {} : { initialDelaySeconds: wanted.initialDelaySeconds }),
  };
}

/** What a probe asks, without its timing: equal questions have equal texts. */
export function handlerOf({ httpGet, tcpSocket, exec, grpc }: V1Probe): Json {
  const handler: Json = JSON.parse(JSON.stringify({ httpGet, tcpSocket, exec, grpc }));
  return handler;
}

/** A probe's question in words: "GET :8080/health", "TCP :6379", "its command redis-cli", "gRPC :50051". */
export function handlerText({ httpGet, tcpSocket, exec, grpc }: V1Probe): string {
  if (httpGet !== undefined) return `GET :${httpGet.port}${httpGet.path ?? '/'}`;
  if (tcpSocket !== undefined) return `TCP :${tcpSocket.port}`;
  if (exec !== undefined) return `its command ${exec.command?.[0] ?? ''}`;
  return grpc === undefined ? 'nothing' : `gRPC :${grpc.port}`;
}

/** The number of a container port that a probe names. */
export function probePort(container: V1Container, port: number | string): number | undefined {
  if (typeof port === 'number') return port;
  const named = container.ports?.find(({ name }) => name === port);
  return named?.containerPort ?? (/^\d+$/.test(port) ? Number(port) : undefined);
}
