import type { V1CronJob, V1Job } from '@kubernetes/client-node';
import type { Kubernetes } from '../../kubernetes/client.ts';
import { controllerOf } from '../../kubernetes/owner.ts';
import { callOptions } from '../../kubernetes/transport.ts';
import type { JobEvidence } from '../evidence/workload.ts';

/** What a Job's controller makes of it where the manifest says nothing (batch/v1 JobSpec). */
const DEFAULT_BACKOFF_LIMIT = 6;

/** The Job as its controller reports it; with the CronJob whose latest it is. */
export function jobEvidence({ metadata, spec, status }: V1Job, cron?: V1CronJob): JobEvidence {
  const schedule = cron?.spec;
  const lastAt = cron?.status?.lastScheduleTime?.toISOString();
  return {
    name: metadata?.name ?? '',
    active: status?.active ?? 0,
    succeeded: status?.succeeded ?? 0,
    failed: status?.failed ?? 0,
    completions: spec?.completions ?? 1,
    backoffLimit: spec?.backoffLimit ?? DEFAULT_BACKOFF_LIMIT,
    suspended: spec?.suspend ?? false,
    ...(spec?.activeDeadlineSeconds === undefined ? {} : { deadlineSeconds: spec.activeDeadlineSeconds }),
    ...(status?.startTime === undefined ? {} : { startedAt: status.startTime.toISOString() }),
    ...(schedule === undefined
      ? {}
      : {
          schedule: {
            cron: schedule.schedule,
            suspended: schedule.suspend ?? false,
            ...(lastAt === undefined ? {} : { lastAt }),
          },
        }),
  };
}

/** The newest Job that the CronJob made; undefined while there is none. */
export async function latestJob(
  kubernetes: Kubernetes,
  { metadata }: V1CronJob,
  signal: AbortSignal,
): Promise<V1Job | undefined> {
  const list = await kubernetes.batch.listNamespacedJob(
    { namespace: metadata?.namespace ?? '' },
    callOptions({ signal }),
  );
  return list.items
    .filter((job) => controllerOf(job.metadata?.ownerReferences)?.uid === metadata?.uid)
    .toSorted((a, b) => createdAt(b) - createdAt(a))[0];
}

function createdAt(job: V1Job): number {
  return job.metadata?.creationTimestamp?.getTime() ?? 0;
}
