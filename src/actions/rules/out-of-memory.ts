import { KintsugiError } from '../../errors.ts';
import { wasOomKilled } from '../../kubernetes/pods.ts';
import type { OwnedWorkload } from '../../kubernetes/revisions.ts';
import { callOptions } from '../../kubernetes/transport.ts';
import type { ActionContext } from '../action.ts';
import { ask, FINE, refuse, type Verdict } from './verdict.ts';

/** More memory helps only the container that the kernel killed for its own limit (safety 8). */
export async function ownMemoryLimit(
  context: ActionContext,
  { pods, workload }: OwnedWorkload,
  container: string,
): Promise<Verdict> {
  const { finding } = context;
  if (finding.cause !== 'oom-killed') return refuse('not-oom-killed', `the cause found is ${finding.cause}`);
  if (finding.container !== undefined && finding.container !== container)
    return refuse('not-oom-killed', `container ${finding.container} was OOM-killed, not ${container}`);
  const limit = workload.template.spec?.containers.find(({ name }) => name === container)?.resources?.limits?.memory;
  if (limit === undefined) return refuse('no-limit', `${container} has no memory limit: its node ran out of memory`);
  const evicted = pods.find((pod) => pod.status?.reason === 'Evicted');
  if (evicted !== undefined) return refuse('node-pressure', `pod ${evicted.metadata?.name} was evicted by its node`);
  const nodes = new Set(pods.flatMap((pod) => (pod.spec?.nodeName === undefined ? [] : [pod.spec.nodeName])));
  for (const node of nodes)
    if (await hasMemoryPressure(context, node)) return refuse('node-pressure', `node ${node} is short of memory`);
  if (pods.some((pod) => wasOomKilled(pod, container))) return FINE;
  return ask(`no pod shows ${container} OOM-killed now`);
}

async function hasMemoryPressure({ kubernetes, signal }: ActionContext, name: string): Promise<boolean> {
  try {
    const node = await kubernetes.core.readNode({ name }, callOptions({ signal }));
    return node.status?.conditions?.some(({ type, status }) => type === 'MemoryPressure' && status === 'True') === true;
  } catch (error) {
    if (error instanceof KintsugiError && error.code === 'not-found') return false;
    throw error;
  }
}
