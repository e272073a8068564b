import type { V1Pod } from '@kubernetes/client-node';
import type { Address } from '../../dependencies/address.ts';
import { askHttp, askPod } from '../../dependencies/ask.ts';
import type { Kubernetes } from '../../kubernetes/client.ts';
import { isReady, isTerminating } from '../../kubernetes/pods.ts';
import type { Forward } from '../../kubernetes/port-forward.ts';
import type { Dependency } from '../../runbook/schema.ts';
import type { DependencyAnswer } from '../evidence/connection.ts';

/** One dependency, and where it can be asked. */
interface Asked {
  kubernetes: Kubernetes;
  forward: Forward;
  dependency: Dependency;
  /** The pods behind its Service; without one, all of its selector. */
  pods: readonly V1Pod[];
  /** The pods' port. */
  port?: number;
  /** The application's address, where it leads to this dependency: only then is its password given to it. */
  address: Address | null;
  /** The Service that the address names. */
  service: string | null;
  signal: AbortSignal;
}

/** Pods that are asked: of more the first are as telling. */
const MOST_PODS = 3;

/** Default ports of what is asked by its own protocol. */
const PORTS = { redis: 6379, mongodb: 27017, http: 80 } as const;

/** Asks a dependency for real, each pod and its Service, from where the API server stands. Pods without a running container are not asked. */
export async function askDependency(asked: Asked): Promise<DependencyAnswer[]> {
  const { dependency, signal } = asked;
  const running = asked.pods
    .filter((pod) => pod.status?.phase === 'Running' && !isTerminating(pod))
    .toSorted((a, b) => Number(isReady(b)) - Number(isReady(a)))
    .slice(0, MOST_PODS);
  const { type } = dependency;
  if (type === 'http') return askByHttp(asked, running);
  const { forward, address, port = PORTS[type] } = asked;
  return Promise.all(
    running.map(async ({ metadata }) => {
      const { name: pod = '', namespace = '' } = metadata ?? {};
      const answer = await askPod(forward, { type, to: { namespace, pod, port }, address }, signal);
      return { from: `pod ${pod}, by port-forward`, ...answer };
    }),
  );
}

async function askByHttp(
  { kubernetes, dependency, address, service, signal, port = PORTS.http }: Asked,
  pods: readonly V1Pod[],
): Promise<DependencyAnswer[]> {
  const { namespace, path = '/' } = dependency;
  const ofPods = pods.map(async ({ metadata }) => {
    const name = metadata?.name ?? '';
    const answer = await askHttp(kubernetes, { namespace, through: 'pods', name, port, path }, signal);
    return { from: `pod ${name}, by proxy`, ...answer };
  });
  if (service === null) return Promise.all(ofPods);
  const servicePort = address?.hosts[0]?.port ?? PORTS.http;
  const ofService = async () => {
    const request = { namespace, through: 'services' as const, name: service, port: servicePort, path };
    return { from: `Service ${service}, by proxy`, ...(await askHttp(kubernetes, request, signal)) };
  };
  return Promise.all([...ofPods, ofService()]);
}
