import type { V1Node, V1Pod } from '@kubernetes/client-node';
import { KintsugiError } from '../../errors.ts';
import type { Kubernetes } from '../../kubernetes/client.ts';
import { isFinished, isReady } from '../../kubernetes/pods.ts';
import { callOptions } from '../../kubernetes/transport.ts';
import type { NodeEvidence } from '../evidence/cluster.ts';
import type { EventEvidence } from '../evidence/pod.ts';
import type { Attempt } from './collect.ts';
import { readNodeEvents } from './events.ts';

const MOST_NODES = 3;
/** Nodes that are looked at where a pod finds none. */
const MOST_PLACES = 50;

interface Request {
  kubernetes: Kubernetes;
  pods: readonly V1Pod[];
  attempt: Attempt;
  signal: AbortSignal;
}

/**
 * The nodes that the workload's pods run on, those of pods that are not ready first, and the events of those that are unwell;
 * where a pod has no node, those that could be one. At most seven calls.
 */
export async function readNodes(request: Request): Promise<{ nodes: NodeEvidence[]; events: EventEvidence[] }> {
  const { kubernetes, pods, attempt, signal } = request;
  const ordered = pods.toSorted((a, b) => Number(isReady(a)) - Number(isReady(b)));
  const names = [...new Set(ordered.flatMap((pod) => pod.spec?.nodeName ?? []))].slice(0, MOST_NODES);
  const homeless = pods.find((pod) => pod.spec?.nodeName === undefined && !isFinished(pod));
  const [own, places] = await Promise.all([
    Promise.all(names.map((name) => attempt(`node ${name}`, () => readNode(request, name), null))),
    homeless === undefined ? [] : attempt('nodes', () => readPlaces(request, homeless), []),
  ]);
  const nodes = own.filter((node) => node !== null);
  const unwell = nodes.filter(({ ready, pressure }) => !ready || pressure.length > 0);
  const events = await Promise.all(
    unwell.map(({ name }) => attempt(`events of node ${name}`, () => readNodeEvents(kubernetes, name, signal), [])),
  );
  return { nodes: [...nodes, ...places.filter(({ name }) => !names.includes(name))], events: events.flat() };
}

async function readNode({ kubernetes, signal }: Request, name: string): Promise<NodeEvidence> {
  try {
    return nodeEvidence(await kubernetes.core.readNode({ name }, callOptions({ signal })));
  } catch (thrown) {
    if (!(thrown instanceof KintsugiError) || thrown.code !== 'not-found') throw thrown;
    return { name, ready: false, unschedulable: false, pressure: [], reason: 'the node is gone', found: false };
  }
}

/** The nodes as the scheduler sees them for this pod: taints, room, and the labels that it asks for. */
async function readPlaces({ kubernetes, signal }: Request, pod: V1Pod): Promise<NodeEvidence[]> {
  const list = await kubernetes.core.listNode({ limit: MOST_PLACES }, callOptions({ signal }));
  const asked = askedLabels(pod);
  return list.items.map((node) => {
    const labels = node.metadata?.labels ?? {};
    const { cpu = '', memory = '', pods = '' } = node.status?.allocatable ?? {};
    return {
      ...nodeEvidence(node),
      labels: Object.fromEntries(asked.flatMap((key) => (labels[key] === undefined ? [] : [[key, labels[key]]]))),
      allocatable: { cpu, memory, pods },
    };
  });
}

/** The labels that the pod's node selector and required node affinity name. */
function askedLabels({ spec }: V1Pod): string[] {
  const required =
    spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const keys = required.flatMap(({ matchExpressions = [] }) => matchExpressions.map(({ key }) => key));
  return [...new Set([...Object.keys(spec?.nodeSelector ?? {}), ...keys])];
}

function nodeEvidence(node: V1Node): NodeEvidence {
  const all = node.status?.conditions ?? [];
  const ready = all.find(({ type }) => type === 'Ready');
  const architecture = node.status?.nodeInfo?.architecture;
  return {
    name: node.metadata?.name ?? '',
    ready: ready?.status === 'True',
    unschedulable: node.spec?.unschedulable ?? false,
    pressure: all.filter(({ type, status }) => type !== 'Ready' && status === 'True').map(({ type }) => type),
    ...(ready?.reason === undefined || ready.status === 'True' ? {} : { reason: ready.reason }),
    taints: (node.spec?.taints ?? []).map(
      ({ key, value, effect }) => `${key}${value === undefined ? '' : `=${value}`}:${effect}`,
    ),
    ...(architecture === undefined ? {} : { architecture }),
  };
}
