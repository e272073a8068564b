import type { Finding } from '../../recovery/values.ts';
import { ageSeconds } from '../age.ts';
import type { JobEvidence } from '../evidence/workload.ts';
import type { Evidence } from '../evidence.ts';
import { finding } from '../finding.ts';
import { eventQuote } from '../states.ts';

/** What a Job's controller says: it gave up, its time is over, it is suspended; and why a CronJob starts none. */
export function jobFacts(evidence: Evidence): Finding[] {
  const job = evidence.workload?.job;
  if (job === undefined) return [];
  return [...scheduleFacts(evidence, job), ...endFacts(evidence, job), ...suspension(evidence, job)];
}

/** Whether the Job has done all its work. */
export function isComplete({ workload }: Evidence): boolean {
  return workload?.conditions.some(({ type, status }) => type === 'Complete' && status === 'True') === true;
}

function endFacts({ workload }: Evidence, job: JobEvidence): Finding[] {
  const failed = workload?.conditions.find(({ type, status }) => type === 'Failed' && status === 'True');
  if (failed === undefined) return [];
  const quotes = [{ source: `Job/${job.name} condition Failed`, text: `${failed.reason}: ${failed.message ?? ''}` }];
  if (failed.reason === 'DeadlineExceeded') {
    return [
      finding({
        cause: 'unresponsive',
        subject: 'activeDeadlineSeconds',
        score: 84,
        summary: `Job ${job.name} was ended after its activeDeadlineSeconds of ${job.deadlineSeconds ?? '?'} with ${job.succeeded} of ${job.completions} completions.`,
        mend: 'Find what it waits for, or give it more time.',
        quotes,
      }),
    ];
  }
  const gaveUp =
    failed.reason === 'BackoffLimitExceeded'
      ? `gave up after ${job.failed} failed ${job.failed === 1 ? 'pod' : 'pods'} (backoffLimit ${job.backoffLimit})`
      : `failed (${failed.reason ?? 'no reason'}): ${failed.message ?? ''}`;
  return [
    finding({
      cause: 'unknown',
      subject: failed.reason ?? 'Failed',
      score: 30,
      summary: `Job ${job.name} ${gaveUp}; it does not try again.`,
      mend: 'Mend the cause, then delete the Job and create it anew.',
      quotes,
    }),
  ];
}

function suspension({ target }: Evidence, job: JobEvidence): Finding[] {
  if (!job.suspended) return [];
  return [
    finding({
      cause: 'unknown',
      subject: 'suspend',
      score: 60,
      summary: `Job ${job.name} is suspended: it has no pods.`,
      mend: `To have it run: kubectl patch job/${job.name} -n ${target.namespace} --type=merge -p '{"spec":{"suspend":false}}'`,
      quotes: [{ source: `Job/${job.name}`, text: 'spec.suspend: true' }],
    }),
  ];
}

/** Seconds after which a Job without a pod, which is not suspended, is held up. */
const NO_POD_SECONDS = 60;

function scheduleFacts(evidence: Evidence, job: JobEvidence): Finding[] {
  const { schedule } = job;
  if (schedule === undefined) return [];
  const { target, events } = evidence;
  if (schedule.suspended) {
    return [
      finding({
        cause: 'unknown',
        subject: 'suspend',
        score: 60,
        summary: `CronJob ${target.name} is suspended: it starts no Jobs${schedule.lastAt === undefined ? '' : ` (the last at ${schedule.lastAt})`}.`,
        mend: `To have it run: kubectl patch cronjob/${target.name} -n ${target.namespace} --type=merge -p '{"spec":{"suspend":false}}'`,
        quotes: [{ source: `CronJob/${target.name}`, text: 'spec.suspend: true' }],
      }),
    ];
  }
  const latest = events.findLast(({ reason }) =>
    /^(?:UnparseableSchedule|TooManyMissedTimes|MissSchedule|FailedNeedsStart|UnknownTimeZone|FailedCreate|JobAlreadyActive)$/.test(
      reason,
    ),
  );
  if (latest === undefined || ageSeconds(evidence, latest.lastSeen) > NO_POD_SECONDS * 60) return [];
  return [
    finding({
      cause: latest.reason === 'FailedCreate' ? 'configuration-error' : 'unknown',
      subject: 'schedule',
      score: 60,
      summary: `CronJob ${target.name} (${schedule.cron}) starts no Job: ${latest.message}`,
      quotes: [eventQuote(latest)],
    }),
  ];
}
