import type {
  V1Node,
  V1NodeSelectorRequirement,
  V1NodeSelectorTerm,
  V1Pod,
  V1PodSpec,
  V1Taint,
} from '@kubernetes/client-node';
import type { Kubernetes } from './client.ts';
import { formatCpu, formatMemory, parseQuantity, type Quantity } from './quantity.ts';
import { callOptions } from './transport.ts';

/** Whether a pod fits somewhere now; `saw` names the node with the most room. */
export interface Room {
  fits: boolean;
  saw: string;
}

type Requests = Record<'memory' | 'cpu', Quantity>;

/**
 * Whether a node that would take the pod (selector, required affinity, taints) has room for its requests: allocatable minus
 * what the pods there request (safety 8). Preemption and pod affinity are not looked at.
 * @param leaving pods that will be gone before the new one starts
 */
export async function findRoom(
  kubernetes: Kubernetes,
  spec: V1PodSpec,
  leaving: readonly V1Pod[],
  signal?: AbortSignal,
): Promise<Room> {
  const options = callOptions(signal === undefined ? {} : { signal });
  const [nodes, pods] = await Promise.all([
    kubernetes.core.listNode({}, options),
    kubernetes.core.listPodForAllNamespaces(
      { fieldSelector: 'status.phase!=Succeeded,status.phase!=Failed,spec.nodeName!=' },
      options,
    ),
  ]);
  const gone = new Set(leaving.map((pod) => pod.metadata?.uid));
  return roomIn(
    nodes.items,
    pods.items.filter((pod) => !gone.has(pod.metadata?.uid)),
    spec,
  );
}

/** {@link findRoom} on what was read. */
export function roomIn(nodes: readonly V1Node[], pods: readonly V1Pod[], spec: V1PodSpec): Room {
  const takers = nodes.filter((node) => takes(node, spec));
  if (takers.length === 0) return { fits: false, saw: `none of ${nodes.length} nodes would take the pod` };
  const wanted = podRequests(spec);
  const free = takers.map((node) => ({ name: node.metadata?.name ?? '', ...freeOn(node, pods) }));
  const fitting = free.find(
    ({ memory, cpu, pods: slots }) => memory >= wanted.memory && cpu >= wanted.cpu && slots > 0,
  );
  const most = fitting ?? free.reduce((best, node) => (node.memory > best.memory ? node : best));
  const has = `${text(most)} free on node ${most.name}`;
  return { fits: fitting !== undefined, saw: `it requests ${text(wanted)}; ${has}` };
}

/** What the scheduler counts for a pod: https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#resource-sharing-within-containers */
export function podRequests(spec: V1PodSpec): Requests {
  return { memory: podRequest(spec, 'memory'), cpu: podRequest(spec, 'cpu') };
}

function podRequest(spec: V1PodSpec, resource: 'memory' | 'cpu'): Quantity {
  const overhead = quantityOf(spec.overhead?.[resource]);
  let running = spec.containers.reduce((sum, { resources }) => sum + requested(resources, resource), 0n);
  let starting = 0n;
  let sidecars = 0n;
  for (const { resources, restartPolicy } of spec.initContainers ?? []) {
    const request = requested(resources, resource);
    if (restartPolicy === 'Always') sidecars += request;
    const peak = restartPolicy === 'Always' ? sidecars : sidecars + request;
    starting = peak > starting ? peak : starting;
  }
  running += sidecars;
  return (running > starting ? running : starting) + overhead;
}

/** A limit without a request is the request too. */
function requested(
  resources: { requests?: Record<string, string>; limits?: Record<string, string> } | undefined,
  resource: 'memory' | 'cpu',
): Quantity {
  return quantityOf(resources?.requests?.[resource] ?? resources?.limits?.[resource]);
}

function quantityOf(text: string | undefined): Quantity {
  return text === undefined ? 0n : parseQuantity(text);
}

function freeOn(node: V1Node, pods: readonly V1Pod[]): Requests & { pods: number } {
  const here = pods.filter((pod) => pod.spec?.nodeName === node.metadata?.name);
  const allocatable = node.status?.allocatable ?? {};
  const used = (resource: 'memory' | 'cpu') =>
    here.reduce((sum, { spec }) => (spec === undefined ? sum : sum + podRequest(spec, resource)), 0n);
  return {
    memory: quantityOf(allocatable.memory) - used('memory'),
    cpu: quantityOf(allocatable.cpu) - used('cpu'),
    pods: Number(allocatable.pods ?? 110) - here.length,
  };
}

function takes(node: V1Node, spec: V1PodSpec): boolean {
  const labels = node.metadata?.labels ?? {};
  const ready = node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
  const selected = Object.entries(spec.nodeSelector ?? {}).every(([key, value]) => labels[key] === value);
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  const wanted = terms === undefined || terms.some((term) => termMatches(term, node));
  const taints = [...(node.spec?.taints ?? []), ...(node.spec?.unschedulable === true ? [CORDONED] : [])];
  return ready && selected && wanted && taints.every((taint) => tolerated(taint, spec));
}

const CORDONED: V1Taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

function tolerated(taint: V1Taint, spec: V1PodSpec): boolean {
  if (taint.effect === 'PreferNoSchedule') return true;
  return (spec.tolerations ?? []).some(({ key, operator = 'Equal', value = '', effect }) => {
    const sameKey = key === undefined || key === '' ? operator === 'Exists' : key === taint.key;
    const sameEffect = effect === undefined || effect === '' || effect === taint.effect;
    return sameKey && sameEffect && (operator === 'Exists' || value === (taint.value ?? ''));
  });
}

function termMatches({ matchExpressions = [], matchFields = [] }: V1NodeSelectorTerm, node: V1Node): boolean {
  const labels = node.metadata?.labels ?? {};
  const fields: Record<string, string> = { 'metadata.name': node.metadata?.name ?? '' };
  return (
    matchExpressions.every((requirement) => requirementMatches(requirement, labels)) &&
    matchFields.every((requirement) => requirementMatches(requirement, fields))
  );
}

function requirementMatches(requirement: V1NodeSelectorRequirement, labels: Record<string, string>): boolean {
  const { key, operator, values = [] } = requirement;
  const value = labels[key];
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return Number(value) > Number(values[0]);
    case 'Lt':
      return Number(value) < Number(values[0]);
    default:
      return false;
  }
}

function text({ memory, cpu }: Requests): string {
  const atLeastNothing = (quantity: Quantity) => (quantity < 0n ? 0n : quantity);
  return `${formatMemory(atLeastNothing(memory))} memory and ${formatCpu(atLeastNothing(cpu))} cpu`;
}
