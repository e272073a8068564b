import type { Finding } from '../../recovery/values.ts';
import type { NodeEvidence } from '../evidence/cluster.ts';
import type { EventEvidence, PodEvidence } from '../evidence/pod.ts';
import type { Evidence } from '../evidence.ts';
import { finding } from '../finding.ts';
import { eventQuote } from '../states.ts';
import { claimFact } from './volumes.ts';

/** Why the scheduler finds no node for a pod, in its own words made concrete by the template and the nodes. */
export function schedulingFacts(evidence: Evidence, pod: PodEvidence): Finding[] {
  if (pod.node !== undefined && pod.node !== '') return [];
  const condition = pod.conditions.find((entry) => entry.type === 'PodScheduled' && entry.status === 'False');
  const latest = evidence.events.findLast((event) => event.reason === 'FailedScheduling' && isAbout(event, pod));
  const message = latest?.message ?? condition?.message;
  if (message === undefined) return [];
  const quotes = [
    latest === undefined ? { source: `${pod.name} condition PodScheduled`, text: message } : eventQuote(latest),
  ];
  if (/persistentvolumeclaim|volume node affinity|unbound immediate|PersistentVolume|persistent volumes/i.test(message))
    return [claimFact(evidence, pod, message, quotes)];
  if (condition?.reason === 'SchedulingGated') return [gated(pod, message, quotes)];
  const reasons = reasonsIn(message);
  const told = reasons.map((reason) => explain(reason, evidence));
  const first = told.find(({ subject }) => subject !== undefined);
  return [
    finding({
      cause: told.length > 0 && told.every(({ cause }) => cause === 'port-in-use') ? 'port-in-use' : 'unschedulable',
      subject: first?.subject ?? subjectIn(message),
      pod: pod.name,
      score: 95,
      summary: `No node takes pod ${pod.name}: ${told.length === 0 ? message : told.map(({ text }) => text).join('; ')}.`,
      mend: first?.mend,
      quotes,
    }),
  ];
}

function isAbout(event: EventEvidence, pod: PodEvidence): boolean {
  return event.object === undefined || event.object === `Pod/${pod.name}`;
}

function gated(pod: PodEvidence, message: string, quotes: Finding['quotes']): Finding {
  return finding({
    cause: 'unschedulable',
    subject: 'schedulingGates',
    pod: pod.name,
    score: 95,
    summary: `Pod ${pod.name} is held back by its scheduling gates: ${message}.`,
    mend: 'Whoever set the gates must remove them.',
    quotes,
  });
}

/** "2 Insufficient memory", "1 node(s) had untolerated taint {a: b}": kube-scheduler's FitError (pkg/scheduler/framework/types.go). */
function reasonsIn(message: string): { count: string; what: string }[] {
  const list = /nodes are available: (.+?)(?:\. (?:preemption|no new claims).*|\.)?$/is.exec(message)?.[1] ?? '';
  return list.split(/, (?=\d+ )/).flatMap((part) => {
    const found = /^(\d+) (?:node\(s\) )?(.+)$/s.exec(part.trim());
    return found === null ? [] : [{ count: found[1] ?? '', what: (found[2] ?? '').replace(/\.$/, '') }];
  });
}

interface Explanation {
  text: string;
  subject?: string;
  mend?: string;
  cause?: 'port-in-use';
}

function explain({ count, what }: { count: string; what: string }, evidence: Evidence): Explanation {
  const nodes = `${count} ${count === '1' ? 'node' : 'nodes'}`;
  const resource = /^Insufficient (\S+)/.exec(what)?.[1];
  if (resource !== undefined) return insufficient(nodes, resource, evidence);
  if (what.startsWith('Too many pods'))
    return { text: `${nodes} with as many pods as it may have`, subject: 'pods', mend: 'Add a node.' };
  const taint = /untolerated taint(?:\(s\))? ?\{([^}]*)\}/.exec(what)?.[1];
  if (taint !== undefined) return untolerated(nodes, taint);
  if (/affinity\/selector|node selector/.test(what)) return selector(nodes, evidence);
  if (/free ports/.test(what)) return takenHostPort(nodes, evidence);
  if (/were unschedulable/.test(what))
    return { text: `${nodes} cordoned`, subject: 'cordoned', mend: 'kubectl uncordon NODE, or add a node.' };
  const rule = /(anti-affinity|pod affinity|topology spread constraints)/.exec(what)?.[1];
  if (rule !== undefined) return { text: `${nodes} against its ${rule} rules (${what})`, subject: rule };
  return { text: `${nodes}: ${what}` };
}

function insufficient(nodes: string, resource: string, evidence: Evidence): Explanation {
  const asked = (evidence.workload?.containers ?? []).flatMap(({ name, resources }) => {
    const quantity = resources.requests[resource] ?? resources.limits[resource];
    return quantity === undefined ? [] : [`${name} ${quantity}`];
  });
  const room = evidence.nodes.flatMap(({ name, allocatable }) => {
    const quantity = allocatable?.[resource];
    return quantity === undefined || quantity === '' ? [] : [`${name} ${quantity}`];
  });
  const details = [
    asked.length === 0 ? '' : `asked: ${asked.join(', ')}`,
    room.length === 0 ? '' : `allocatable: ${room.slice(0, 3).join(', ')}`,
  ].filter((part) => part !== '');
  return {
    text: `${nodes} without enough ${resource}${details.length === 0 ? '' : ` (${details.join('; ')})`}`,
    subject: resource,
    mend: `Request less ${resource}, free some, or add a node.`,
  };
}

function untolerated(nodes: string, taint: string): Explanation {
  const [key = '', value = ''] = taint.split(':').map((part) => part.trim());
  const text = value === '' ? key : `${key}=${value}`;
  return {
    text: `${nodes} with the taint ${text}, which it does not tolerate`,
    subject: key,
    mend: 'Add the toleration, or remove the taint.',
  };
}

/** The selector's labels that no node has, and what the nodes have instead. */
function selector(nodes: string, { workload, nodes: places }: Evidence): Explanation {
  const wanted = Object.entries(workload?.placement?.nodeSelector ?? {});
  if (wanted.length === 0) return { text: `${nodes} not matching its node affinity`, subject: 'node affinity' };
  const unmet = wanted.filter(([key, value]) => !places.some(({ labels }) => labels?.[key] === value));
  const [key = '', value = ''] = unmet[0] ?? wanted[0] ?? [];
  const others = [...new Set(places.flatMap(({ labels }) => labels?.[key] ?? []))].filter((other) => other !== value);
  const has = others.length === 0 ? '' : ` (nodes have ${key}=${others.join(', ')})`;
  return {
    text: `${nodes} without the label ${key}=${value} of its nodeSelector${has}`,
    subject: `${key}=${value}`,
    mend: `Correct nodeSelector, or label a node: kubectl label node ${places.find(isFree)?.name ?? 'NODE'} ${key}=${value}`,
  };
}

function isFree({ ready, unschedulable }: NodeEvidence): boolean {
  return ready && !unschedulable;
}

function takenHostPort(nodes: string, { workload, pods }: Evidence): Explanation {
  const ports = (workload?.placement?.hostPorts ?? []).join(', ');
  const own = pods.find(({ node, phase }) => node !== undefined && phase === 'Running');
  const by = own === undefined ? 'another pod' : `its own pod ${own.name}`;
  return {
    text: `${nodes} where hostPort ${ports} is taken by ${by}`,
    subject: `hostPort ${ports}`,
    cause: 'port-in-use',
    mend:
      own === undefined
        ? 'Take another hostPort, or a Service instead.'
        : 'With a hostPort only one replica fits a node: use maxSurge 0, fewer replicas, or a Service instead.',
  };
}

function subjectIn(message: string): string | undefined {
  return (
    /Insufficient ([\w./-]*\w)/.exec(message)?.[1] ??
    /untolerated taint(?:\(s\))? ?\{?([^}:,\s]+)/.exec(message)?.[1] ??
    /(node affinity\/selector|node affinity|node selector|pod anti-affinity|pod affinity|free ports|topology spread)/.exec(
      message,
    )?.[1]
  );
}
