import type { Finding } from '../../recovery/values.ts';
import type { EventEvidence } from '../evidence/pod.ts';
import type { Evidence } from '../evidence.ts';
import { type FindingParts, finding } from '../finding.ts';
import { eventQuote } from '../states.ts';

/** The controller's own pods are refused: no pod exists that could say so. What was refused earlier and is there now is past. */
export function creationFacts(evidence: Evidence): Finding[] {
  const conditions = (evidence.workload?.conditions ?? [])
    .filter((condition) => condition.type === 'ReplicaFailure' && condition.status === 'True')
    .map((condition): EventEvidence => ({ type: 'Warning', reason: 'FailedCreate', message: condition.message ?? '' }));
  const events = evidence.events.filter((event) => event.reason === 'FailedCreate');
  if (conditions.length === 0 && !lacksPods(evidence)) return [];
  const latest = events.at(-1) ?? conditions.at(-1);
  if (latest === undefined) return [];
  const refusal =
    REFUSALS.map((read) => read(latest.message)).find((read) => read !== null) ?? refusedByServer(latest.message);
  return [finding({ score: 95, quotes: [eventQuote(latest)], ...refusal })];
}

function lacksPods({ workload, pods }: Evidence): boolean {
  if (workload === null) return true;
  const standing = pods.filter((pod) => !pod.deleting && pod.phase !== 'Failed' && pod.phase !== 'Succeeded');
  return standing.filter((pod) => pod.current).length < workload.desired;
}

type Refusal = Pick<FindingParts, 'cause' | 'summary'> & Partial<FindingParts>;

/** Each reads one kind of refusal in the API server's own words (kubernetes plugin/pkg/admission and apiserver admission). */
const REFUSALS: ((message: string) => Refusal | null)[] = [
  quotaExceeded,
  quotaWantsLimits,
  limitRange,
  serviceAccount,
  missingClass,
  podSecurity,
  webhookAway,
  webhookDenied,
  admissionPolicy,
  invalidPod,
];

function quotaExceeded(message: string): Refusal | null {
  const found =
    /(pods|persistentvolumeclaims)? ?.*exceeded quota: ([^,]+), requested: (.+?), used: (.+?), limited: (.+)$/.exec(
      message,
    );
  if (found === null) {
    const name = /exceeded quota: ([^,]+)/.exec(message)?.[1];
    return name === undefined
      ? null
      : { cause: 'quota-exceeded', subject: name, summary: `No pod can be made: the quota ${name} is exceeded.` };
  }
  const [, , quota = '', requested = '', used = '', limited = ''] = found;
  return {
    cause: 'quota-exceeded',
    subject: quota,
    summary: `No pod can be made: quota ${quota} is used up (asked ${requested}, used ${used}, hard ${limited}).`,
    mend: 'Ask for less, free what is used, or raise the quota.',
  };
}

function quotaWantsLimits(message: string): Refusal | null {
  const found = /failed quota: ([^:]+): must specify (.+)$/.exec(message);
  if (found === null) return null;
  return {
    cause: 'quota-exceeded',
    subject: found[1],
    summary: `No pod can be made: quota ${found[1]} asks for ${found[2]}, which the template does not set.`,
    mend: 'Set them in resources, or give defaults by a LimitRange.',
  };
}

function limitRange(message: string): Refusal | null {
  const found =
    /((?:maximum|minimum) [\w./-]+ usage per \w+ is [^,\]]+, but (?:request|limit) is [\w.]+)|([\w./-]+ max limit to request ratio per \w+ is [^\]]+)/i.exec(
      message,
    );
  if (found === null && !/LimitRange/.test(message)) return null;
  return {
    cause: 'quota-exceeded',
    subject: 'LimitRange',
    summary: `No pod can be made: a LimitRange forbids its resources: ${(found?.[0] ?? message).replace(/\.$/, '')}.`,
    mend: 'Change the resources, or the LimitRange.',
  };
}

function serviceAccount(message: string): Refusal | null {
  const name = /serviceaccount "([^"]+)" not found/i.exec(message)?.[1];
  if (name === undefined) return null;
  return {
    cause: 'missing-config-reference',
    subject: `ServiceAccount/${name}`,
    summary: `No pod can be made: ServiceAccount/${name} is not there.`,
    mend: `Create it (kubectl create serviceaccount ${name}), or correct serviceAccountName.`,
  };
}

function missingClass(message: string): Refusal | null {
  const priority = /no PriorityClass with name (\S+) was found/i.exec(message)?.[1];
  const runtime = /RuntimeClass "([^"]+)" not found/i.exec(message)?.[1];
  const subject =
    priority !== undefined ? `PriorityClass/${priority}` : runtime !== undefined ? `RuntimeClass/${runtime}` : null;
  if (subject === null) return null;
  return {
    cause: 'missing-config-reference',
    subject,
    summary: `No pod can be made: ${subject} is not there.`,
    mend: `Create it, or correct ${priority === undefined ? 'runtimeClassName' : 'priorityClassName'}.`,
  };
}

function podSecurity(message: string): Refusal | null {
  const found = /violates PodSecurity "([^"]+)": (.+)$/.exec(message);
  if (found === null) return null;
  return {
    cause: 'configuration-error',
    subject: `PodSecurity ${found[1]}`,
    summary: `No pod can be made: it violates Pod Security ${found[1]}: ${found[2]}.`,
    mend: 'Set these fields in securityContext.',
  };
}

function webhookAway(message: string): Refusal | null {
  const found = /failed calling webhook "([^"]+)": (.+)$/.exec(message);
  if (found === null) return null;
  const why =
    /no endpoints available for service "[^"]+"|connection refused|no such host|deadline exceeded|x509: [^"]+|service "[^"]+" not found/i.exec(
      found[2] ?? '',
    )?.[0];
  return {
    cause: 'configuration-error',
    subject: `webhook ${found[1]}`,
    summary: `No pod can be made: admission webhook ${found[1]} does not answer (${why ?? found[2]}).`,
    mend: 'Bring the webhook back; its failurePolicy is Fail.',
  };
}

function webhookDenied(message: string): Refusal | null {
  const found = /admission webhook "([^"]+)" denied the request:? ?(.*)$/s.exec(message);
  if (found === null) return null;
  return {
    cause: 'configuration-error',
    subject: `webhook ${found[1]}`,
    summary: `No pod can be made: admission webhook ${found[1]} refuses it: ${found[2] === '' ? 'without a reason' : found[2]}.`,
  };
}

function admissionPolicy(message: string): Refusal | null {
  const found = /ValidatingAdmissionPolicy '([^']+)'[^:]* denied request: (.+)$/.exec(message);
  if (found === null) return null;
  return {
    cause: 'configuration-error',
    subject: `policy ${found[1]}`,
    summary: `No pod can be made: ValidatingAdmissionPolicy ${found[1]} refuses it: ${found[2]}.`,
  };
}

function invalidPod(message: string): Refusal | null {
  const found = /is invalid: \[?([\w.[\]]+): (.+)$/.exec(message);
  if (found === null) return null;
  return {
    cause: 'configuration-error',
    subject: found[1],
    summary: `No pod can be made: the template's ${found[1]} is not valid: ${found[2]}.`,
  };
}

function refusedByServer(message: string): Refusal {
  return {
    cause: 'configuration-error',
    subject: 'admission',
    score: 90,
    summary: `The API server refuses the pods: ${message}`,
  };
}
