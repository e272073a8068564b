import type { Finding } from '../../recovery/values.ts';
import type { PodEvidence } from '../evidence/pod.ts';
import type { Evidence } from '../evidence.ts';
import { finding } from '../finding.ts';
import { eventQuote, eventsOf } from '../states.ts';

/** Nodes that are not ready or gone, with pods of the target that suffer from it. */
export function nodeFacts(evidence: Evidence): Finding[] {
  return evidence.nodes
    .filter((node) => !node.ready && evidence.pods.some((pod) => pod.node === node.name && !pod.ready))
    .map((node) => {
      const reason = node.reason === undefined ? '' : ` (${node.reason})`;
      const told = evidence.events.filter(({ object }) => object === `Node/${node.name}`).slice(-2);
      return finding({
        cause: 'node-failure',
        subject: node.name,
        score: 98,
        summary: node.found === false ? `Node ${node.name} is gone.` : `Node ${node.name} is not ready${reason}.`,
        mend: 'Its pods move once they are evicted, after five minutes by default; or delete them.',
        quotes: [
          { source: `Node/${node.name} condition Ready`, text: node.reason ?? 'not True' },
          ...told.map(eventQuote),
        ],
      });
    });
}

/** What the node did to the pod itself: it was evicted, not admitted, or given no sandbox. */
export function podFacts(evidence: Evidence, pod: PodEvidence): Finding[] {
  return [...endedByNode(pod), ...sandboxFacts(evidence, pod)];
}

/** Reasons of a pod that its node ended (kubernetes pkg/kubelet/eviction, nodeshutdown, pkg/controller/podgc). */
const ENDED = new Set([
  'Evicted',
  'NodeLost',
  'NodeShutdown',
  'Shutdown',
  'Terminated',
  'NodeAffinity',
  'Preempting',
  'Preempted',
]);
/** Reasons of a pod that its node refused (kubernetes pkg/kubelet/lifecycle/predicate.go): `OutOfmemory`, `NodePorts` ... */
const REFUSED =
  /^(?:OutOf[a-z]+|NodePorts|UnexpectedAdmissionError|TopologyAffinityError|PodOSNotSupported|AppArmor|SysctlForbidden)$/;
const OWN_LIMIT = /exceeds the (?:total )?limit|exceeds its local ephemeral storage limit/i;

function endedByNode(pod: PodEvidence): Finding[] {
  const { reason = '', message = '', node = '' } = pod;
  const base = { pod: pod.name, score: 95, quotes: [{ source: `${pod.name} status`, text: `${reason}: ${message}` }] };
  if (reason === 'Evicted' && OWN_LIMIT.test(message)) {
    return [
      finding({
        ...base,
        cause: 'quota-exceeded',
        subject: /EmptyDir volume "([^"]+)"/i.exec(message)?.[1] ?? 'ephemeral-storage',
        summary: `Pod ${pod.name} was evicted because it wrote more to its node's disk than its own limit allows: ${message}`,
        mend: 'Write less, or raise the limit.',
      }),
    ];
  }
  if (reason === 'Evicted') {
    const resource = /low on resource: ([\w.-]+)/.exec(message)?.[1]?.replace(/\.$/, '');
    const what = resource === undefined ? '' : ` because the node ran low on ${resource}`;
    return [
      finding({
        ...base,
        cause: 'node-failure',
        subject: node,
        summary: `Pod ${pod.name} was evicted from node ${node}${what}: ${message}`,
      }),
    ];
  }
  if (ENDED.has(reason)) {
    return [
      finding({
        ...base,
        cause: 'node-failure',
        subject: node,
        summary: `Pod ${pod.name} was ended by its node ${node} (${reason}): ${message}`,
      }),
    ];
  }
  if (!REFUSED.test(reason)) return [];
  const device = /unavailable for ([\w./-]+)/.exec(message)?.[1];
  return [
    finding({
      ...base,
      cause: reason === 'NodePorts' ? 'port-in-use' : 'unschedulable',
      subject: device ?? reason.replace(/^OutOf/, ''),
      summary: `Node ${node} refused pod ${pod.name} (${reason}): ${message}`,
    }),
  ];
}

/** The node cannot make the pod's sandbox: its network plug-in or runtime fails, whatever the pod is. */
function sandboxFacts(evidence: Evidence, pod: PodEvidence): Finding[] {
  if (pod.containers.some(({ state, restarts }) => state.kind !== 'waiting' || restarts > 0)) return [];
  const latest = eventsOf(evidence, pod).findLast(
    ({ reason }) =>
      reason === 'FailedCreatePodSandBox' || reason === 'FailedPodSandBoxStatus' || reason === 'NetworkNotReady',
  );
  if (latest === undefined) return [];
  const plugin = /plugin type="([^"]+)"/.exec(latest.message)?.[1];
  const by = plugin === undefined ? '' : ` (network plug-in ${plugin})`;
  const runtimeClass = /no runtime for "([^"]+)" is configured/.exec(latest.message)?.[1];
  if (runtimeClass !== undefined) {
    return [
      finding({
        cause: 'missing-config-reference',
        pod: pod.name,
        subject: `RuntimeClass/${runtimeClass}`,
        score: 95,
        summary: `Node ${pod.node ?? ''} has no runtime ${runtimeClass}, which the pod's RuntimeClass asks for.`,
        quotes: [eventQuote(latest)],
      }),
    ];
  }
  return [
    finding({
      cause: 'node-failure',
      pod: pod.name,
      subject: pod.node,
      score: 93,
      summary: `Node ${pod.node ?? ''} cannot set up pod ${pod.name}${by}: ${latest.message.replace(/^Failed to create pod sandbox: /, '')}`,
      quotes: [eventQuote(latest)],
    }),
  ];
}
