import type { V1Container, V1PodSpec } from '@kubernetes/client-node';
import type { Workload } from '../../kubernetes/workloads.ts';
import type { ActionContext } from '../action.ts';
import { FINE, refuse, type Verdict } from './verdict.ts';

/**
 * A port that another container of the pod has, or that is taken on the node: containers of a pod share its network, and a
 * host port is the node's. Neither a new pod nor another command of this container cures that.
 * https://kubernetes.io/docs/concepts/workloads/pods/#pod-networking
 */
export function portTakenElsewhere({ finding }: ActionContext, workload: Workload): Verdict {
  if (finding.cause !== 'port-in-use') return FINE;
  const { spec } = workload.template;
  const port = Number(/(\d+)$/.exec(finding.subject ?? '')?.[1] ?? Number.NaN);
  const own = spec?.containers.find(({ name }) => name === finding.container);
  if (spec === undefined || own === undefined) return FINE;
  const other = othersWith(spec, own, port);
  if (other !== undefined)
    return refuse(
      'second-container',
      `container ${other.name} of the same pod has port ${portsOf(other).find((one) => wants(own, port, one))} too: ` +
        'containers of a pod share its ports, so one of the two must get another',
    );
  const host = spec.hostNetwork === true ? 'hostNetwork' : hostPortOf(own, port);
  if (host === undefined) return FINE;
  return refuse(
    'host-port',
    `${own.name} takes its port on the node itself (${host}): two such pods cannot share a node`,
  );
}

function othersWith(spec: V1PodSpec, own: V1Container, port: number): V1Container | undefined {
  const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  return [...spec.containers, ...sidecars].find(
    (candidate) => candidate.name !== own.name && portsOf(candidate).some((one) => wants(own, port, one)),
  );
}

/** Whether a port is the one that could not be bound: the log's, or where it names none any that the container declares. */
function wants(own: V1Container, port: number, one: number): boolean {
  return Number.isNaN(port) ? portsOf(own).includes(one) : one === port;
}

function portsOf({ ports = [] }: V1Container): number[] {
  return ports.map(({ containerPort }) => containerPort);
}

function hostPortOf({ ports = [] }: V1Container, port: number): string | undefined {
  const taken = ports.find(
    ({ containerPort, hostPort }) => hostPort !== undefined && (Number.isNaN(port) || containerPort === port),
  );
  return taken === undefined ? undefined : `hostPort ${taken.hostPort}`;
}
