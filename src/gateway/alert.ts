import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { AlertMessage } from '../recovery/values.ts';

/**
 * The webhook's body: Alertmanager's version 4 (https://prometheus.io/docs/alerting/latest/configuration/#webhook_config) and
 * Grafana's, which has the same members. Only what is needed is asked for; an alert that cannot be read hides no other.
 */
export const postSchema = z.looseObject({
  alerts: z.array(z.unknown()),
  groupKey: z.string().optional().catch(undefined),
  truncatedAlerts: z.number().optional().catch(undefined),
});

export type AlertPost = z.infer<typeof postSchema>;

const alertSchema = z.looseObject({
  status: z.enum(['firing', 'resolved']),
  labels: z.record(z.string(), z.unknown()),
  startsAt: z.string().optional().catch(undefined),
  fingerprint: z.string().min(1).max(64).optional().catch(undefined),
  generatorURL: z.string().optional().catch(undefined),
});

/** An alert as it came, all of its labels; its role is known only with the runbook. */
export type IncomingAlert = Omit<AlertMessage, 'role'>;

/** Reads one alert of a post. `now` (RFC 3339) stands in for a missing time. Returns why if it cannot be read. */
export function readAlert(
  raw: unknown,
  groupKey: string | undefined,
  now: string,
): IncomingAlert | { unreadable: string } {
  const parsed = alertSchema.safeParse(raw);
  if (!parsed.success) return { unreadable: 'the alert has no status "firing" or "resolved", or no labels' };
  const { status, startsAt, fingerprint, generatorURL } = parsed.data;
  const labels = Object.fromEntries(
    Object.entries(parsed.data.labels).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
  const name = labels.alertname;
  if (name === undefined || name === '') return { unreadable: 'the alert has no label "alertname"' };
  return {
    fingerprint: fingerprint ?? fingerprintOf(labels),
    name,
    status,
    startsAt: startsAt !== undefined && !Number.isNaN(Date.parse(startsAt)) ? startsAt : now,
    labels,
    ...(generatorURL === undefined ? {} : { generatorURL }),
    ...(groupKey === undefined ? {} : { groupKey }),
  };
}

/** The same labels are the same alert, whoever sends it: what stands in for a fingerprint that the sender left out. */
function fingerprintOf(labels: Record<string, string>): string {
  const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex').slice(0, 16);
}

/** The fingerprint of an alert that could not be read, for its result: empty if it has none. */
export function fingerprintOfRaw(raw: unknown): string {
  return z.object({ fingerprint: z.string() }).safeParse(raw).data?.fingerprint ?? '';
}
