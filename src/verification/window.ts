import type { V1Container, V1PodTemplateSpec, V1Probe } from '@kubernetes/client-node';
import { milliseconds, spanText } from '../recovery/durations.ts';
import type { RunbookSpec } from '../runbook/schema.ts';

/** How long a container instance must be ready before it counts as stable, and what decided it. */
export interface StabilityWindow {
  seconds: number;
  why: string;
}

/** What the window is made from. */
export interface WindowBasis {
  settings: RunbookSpec['verify']['window'];
  /** The longest life before a crash, in seconds; 0 when nothing crashed. */
  longestLifeSeconds: number;
  template: V1PodTemplateSpec;
}

/**
 * The stability window (safety 19): the longest of crashes x the longest life before a crash, the full startup and liveness
 * budget, and the runbook's minimum; at most the runbook's maximum.
 */
export function stabilityWindow({ settings, longestLifeSeconds, template }: WindowBasis): StabilityWindow {
  const candidates: StabilityWindow[] = [
    { seconds: milliseconds(settings.min) / 1000, why: "the runbook's minimum" },
    {
      seconds: settings.crashes * longestLifeSeconds,
      why: `${settings.crashes} x the longest life before a crash (${spanText(longestLifeSeconds * 1000)})`,
    },
    { seconds: probeBudgetSeconds(template), why: 'the full startup and liveness budget' },
  ];
  const longest = candidates.reduce((best, candidate) => (candidate.seconds > best.seconds ? candidate : best));
  const maximum = milliseconds(settings.max) / 1000;
  return longest.seconds > maximum ? { seconds: maximum, why: `${longest.why}, at most ${settings.max}` } : longest;
}

/**
 * Seconds until the kubelet would have killed the slowest container for its startup probe and then its liveness probe, each
 * failing from the start. Defaults: https://kubernetes.io/docs/concepts/workloads/pods/probes/ (period 10, timeout 1, three failures)
 */
export function probeBudgetSeconds(template: V1PodTemplateSpec): number {
  const sidecars = (template.spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  return Math.max(0, ...[...(template.spec?.containers ?? []), ...sidecars].map(containerBudget));
}

function containerBudget({ startupProbe, livenessProbe }: V1Container): number {
  return probeBudget(startupProbe) + probeBudget(livenessProbe);
}

function probeBudget(probe: V1Probe | undefined): number {
  if (probe === undefined) return 0;
  const { initialDelaySeconds = 0, periodSeconds = 10, failureThreshold = 3, timeoutSeconds = 1 } = probe;
  return initialDelaySeconds + periodSeconds * failureThreshold + timeoutSeconds;
}
