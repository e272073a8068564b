import type { Finding } from '../recovery/values.ts';
import type { EventEvidence, Evidence, PodEvidence } from './evidence.ts';
import { finding } from './finding.ts';
import { eventQuote } from './kubelet-facts.ts';

/** What keeps pods from being made, placed, given their volumes, or reached: said by controllers, scheduler and nodes. */
export function clusterFacts(evidence: Evidence): Finding[] {
  return [
    ...creationFacts(evidence),
    ...evidence.pods.flatMap((pod) => [...schedulingFacts(evidence, pod), ...volumeFacts(evidence, pod)]),
    ...nodeFacts(evidence),
    ...referenceFacts(evidence),
    ...serviceFacts(evidence),
  ];
}

/** The controller's own pods are refused: no pod exists that could say so. */
function creationFacts(evidence: Evidence): Finding[] {
  const conditions = (evidence.workload?.conditions ?? [])
    .filter((condition) => condition.type === 'ReplicaFailure' && condition.status === 'True')
    .map((condition): EventEvidence => ({ type: 'Warning', reason: 'FailedCreate', message: condition.message ?? '' }));
  const events = [...evidence.events.filter((event) => event.reason === 'FailedCreate'), ...conditions];
  const latest = events.at(-1);
  if (latest === undefined) return [];
  const base = { score: 95, quotes: [eventQuote(latest)] };
  const quota = /exceeded quota: ([^,]+)/.exec(latest.message);
  if (quota !== null) {
    return [
      finding({
        ...base,
        cause: 'quota-exceeded',
        subject: quota[1],
        summary: `No pod can be made: the quota ${quota[1]} is exceeded.`,
      }),
    ];
  }
  if (/(?:maximum|minimum) (?:memory|cpu|ephemeral-storage) usage per|LimitRange/i.test(latest.message)) {
    return [
      finding({
        ...base,
        cause: 'quota-exceeded',
        subject: 'LimitRange',
        summary: `No pod can be made: a LimitRange forbids its resources: ${latest.message}`,
      }),
    ];
  }
  const account = /serviceaccount "([^"]+)" not found/i.exec(latest.message);
  if (account !== null) {
    const subject = `ServiceAccount/${account[1]}`;
    return [
      finding({
        ...base,
        cause: 'missing-config-reference',
        subject,
        summary: `No pod can be made: ${subject} is not there.`,
      }),
    ];
  }
  return [
    finding({
      ...base,
      cause: 'configuration-error',
      subject: 'admission',
      score: 90,
      summary: `The API server refuses the pods: ${latest.message}`,
    }),
  ];
}

function schedulingFacts(evidence: Evidence, pod: PodEvidence): Finding[] {
  const condition = pod.conditions.find((entry) => entry.type === 'PodScheduled' && entry.status === 'False');
  const events = evidence.events.filter(
    (event) =>
      event.reason === 'FailedScheduling' && (event.object === undefined || event.object === `Pod/${pod.name}`),
  );
  if (pod.node !== undefined && pod.node !== '') return [];
  const latest = events.at(-1);
  const message = latest?.message ?? condition?.message;
  if (message === undefined || (condition === undefined && latest === undefined)) return [];
  const base = {
    pod: pod.name,
    score: 95,
    quotes: [
      latest === undefined ? { source: `${pod.name} condition PodScheduled`, text: message } : eventQuote(latest),
    ],
  };
  if (/persistentvolumeclaim|volume node affinity|unbound immediate|PersistentVolume/i.test(message)) {
    const claim =
      /persistentvolumeclaim "([^"]+)"/.exec(message)?.[1] ??
      evidence.claims.find((entry) => entry.phase !== 'Bound')?.name;
    return [
      finding({
        ...base,
        cause: 'volume-unavailable',
        subject: claim,
        summary: `Pod ${pod.name} waits for its volume${claim === undefined ? '' : ` (claim ${claim})`}: ${message}`,
      }),
    ];
  }
  return [
    finding({
      ...base,
      cause: 'unschedulable',
      subject: schedulingSubject(message),
      summary: `No node takes pod ${pod.name}: ${message}`,
    }),
  ];
}

function schedulingSubject(message: string): string | undefined {
  return (
    /Insufficient ([\w./-]*\w)/.exec(message)?.[1] ??
    /untolerated taint(?:\(s\))? ?\{?([^}:,\s]+)/.exec(message)?.[1] ??
    /(node affinity\/selector|node affinity|node selector|pod anti-affinity|pod affinity|free ports|topology spread)/.exec(
      message,
    )?.[1]
  );
}

function volumeFacts(evidence: Evidence, pod: PodEvidence): Finding[] {
  if (pod.containers.some((container) => container.state.kind === 'running' || container.restarts > 0)) return [];
  const latest = evidence.events.findLast(
    (event) =>
      /^Failed(?:Mount|AttachVolume|MapVolume|Binding)$|^ProvisioningFailed$/.test(event.reason) &&
      (event.object === undefined ||
        event.object === `Pod/${pod.name}` ||
        event.object.startsWith('PersistentVolumeClaim/')),
  );
  if (latest === undefined) return [];
  const base = { pod: pod.name, score: 95, quotes: [eventQuote(latest)] };
  const missing = /(secret|configmap) "([^"]+)" not found|references non-existent (secret|config) key: (\S+)/i.exec(
    latest.message,
  );
  if (missing !== null) {
    const kind = (missing[1] ?? missing[3] ?? '').toLowerCase() === 'secret' ? 'Secret' : 'ConfigMap';
    const subject = `${kind}/${missing[2] ?? missing[4]}`;
    return [
      finding({
        ...base,
        cause: 'missing-config-reference',
        subject,
        summary: `Pod ${pod.name} mounts ${subject}, which is not there.`,
      }),
    ];
  }
  const volume = /[Vv]olume "([^"]+)"|claim "([^"]+)"|storageclass\S* "([^"]+)"/.exec(latest.message);
  return [
    finding({
      ...base,
      cause: 'volume-unavailable',
      subject: volume?.[1] ?? volume?.[2] ?? volume?.[3],
      summary: `A volume of pod ${pod.name} is not available: ${latest.message}`,
    }),
  ];
}

function nodeFacts(evidence: Evidence): Finding[] {
  return evidence.nodes
    .filter((node) => !node.ready && evidence.pods.some((pod) => pod.node === node.name && !pod.ready))
    .map((node) =>
      finding({
        cause: 'node-failure',
        subject: node.name,
        score: 98,
        summary: `Node ${node.name} is not ready${node.reason === undefined ? '' : ` (${node.reason})`}.`,
        quotes: [{ source: `Node/${node.name} condition Ready`, text: node.reason ?? 'not True' }],
      }),
    );
}

/** A reference that is not there, where no container state says it yet. */
function referenceFacts(evidence: Evidence): Finding[] {
  const waits = evidence.pods.some((pod) =>
    pod.containers.some((container) => container.state.kind === 'waiting' && container.restarts === 0),
  );
  if (!waits) return [];
  return evidence.references
    .filter((reference) => !reference.optional && (reference.found === false || reference.missingKeys.length > 0))
    .map((reference) => {
      const key = reference.missingKeys[0];
      const subject = `${reference.kind}/${reference.name}${reference.found === false || key === undefined ? '' : `:${key}`}`;
      return finding({
        cause: reference.kind === 'PersistentVolumeClaim' ? 'volume-unavailable' : 'missing-config-reference',
        subject,
        score: 90,
        summary: `The template refers to ${subject}, which is not there.`,
        quotes: [{ source: 'pod template', text: subject }],
      });
    });
}

function serviceFacts(evidence: Evidence): Finding[] {
  const { service, pods } = evidence;
  const ready = pods.filter((pod) => pod.ready).length;
  if (service === null || ready === 0 || (service.found && service.endpointsReady > 0)) return [];
  const summary = service.found
    ? `Service ${service.name} has no ready endpoint although ${ready} pods are ready: its selector does not find them.`
    : `Service ${service.name} is not there.`;
  return [
    finding({
      cause: 'service-without-endpoints',
      subject: service.name,
      score: 90,
      summary,
      quotes: [{ source: `Service/${service.name} selector`, text: JSON.stringify(service.selector) }],
    }),
  ];
}
