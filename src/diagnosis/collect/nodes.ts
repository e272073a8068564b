import type { V1Node, V1Pod } from '@kubernetes/client-node';
import type { Kubernetes } from '../../kubernetes/client.ts';
import { isReady } from '../../kubernetes/pods.ts';
import { callOptions } from '../../kubernetes/transport.ts';
import type { NodeEvidence } from '../evidence.ts';
import type { Attempt } from './collect.ts';

const MOST_NODES = 3;

/** The nodes that the workload's pods run on, those of pods that are not ready first: at most three calls. */
export async function readNodes(request: {
  kubernetes: Kubernetes;
  pods: readonly V1Pod[];
  attempt: Attempt;
  signal: AbortSignal;
}): Promise<NodeEvidence[]> {
  const { kubernetes, pods, attempt, signal } = request;
  const ordered = pods.toSorted((a, b) => Number(isReady(a)) - Number(isReady(b)));
  const names = [...new Set(ordered.flatMap((pod) => pod.spec?.nodeName ?? []))].slice(0, MOST_NODES);
  const nodes = await Promise.all(
    names.map((name) =>
      attempt<V1Node | null>(`node ${name}`, () => kubernetes.core.readNode({ name }, callOptions({ signal })), null),
    ),
  );
  return nodes.flatMap((node) => (node === null ? [] : [nodeEvidence(node)]));
}

function nodeEvidence(node: V1Node): NodeEvidence {
  const all = node.status?.conditions ?? [];
  const ready = all.find(({ type }) => type === 'Ready');
  return {
    name: node.metadata?.name ?? '',
    ready: ready?.status === 'True',
    unschedulable: node.spec?.unschedulable ?? false,
    pressure: all.filter(({ type, status }) => type !== 'Ready' && status === 'True').map(({ type }) => type),
    ...(ready?.reason === undefined || ready.status === 'True' ? {} : { reason: ready.reason }),
  };
}
