import type { V1Container } from '@kubernetes/client-node';
import { parseAddress } from '../../dependencies/address.ts';
import { closest } from '../../faults/closest.ts';
import type { Kubernetes } from '../../kubernetes/client.ts';
import { callOptions } from '../../kubernetes/transport.ts';
import type { NameEvidence } from '../evidence/connection.ts';
import { UNRESOLVED } from '../facts/names.ts';
import { effectiveEnvironment } from './environment.ts';
import type { Logs } from './logs.ts';
import type { ReferencedObject } from './references.ts';
import type { SubjectWorkload } from './subject.ts';

/** Names that are looked up, and namespaces that are asked: those of the variables of one workload. */
const MOST_NAMES = 8;
const MOST_NAMESPACES = 3;
/** Last labels of names on the internet: `example.com` is no Service `example` of namespace `com`. */
const INTERNET =
  /^(?:com|net|org|io|dev|ai|app|cloud|co|eu|de|uk|us|info|local|internal|invalid|test|example|localhost)$/;

interface Request {
  kubernetes: Kubernetes;
  workload: SubjectWorkload;
  objects: readonly ReferencedObject[];
  logs: Logs;
  signal: AbortSignal;
}

/**
 * Which Services the names in the variables stand for, where a log says that a name was not found: the log itself often does
 * not name it. One call a namespace, none without need.
 */
export async function readNames(request: Request): Promise<NameEvidence[]> {
  const { kubernetes, workload, objects, logs, signal } = request;
  const texts = [...logs.values()].flatMap(({ current, previous }) => [current?.text ?? '', previous?.text ?? '']);
  if (!texts.some((text) => UNRESOLVED.test(text))) return [];
  const containers = [...(workload.template.spec?.containers ?? []), ...(workload.template.spec?.initContainers ?? [])];
  const asked = containers.flatMap((container) => namesIn(container, objects, workload.namespace)).slice(0, MOST_NAMES);
  const namespaces = [...new Set(asked.map(({ namespace }) => namespace))].slice(0, MOST_NAMESPACES);
  const known = new Map(
    await Promise.all(
      namespaces.map(async (namespace) => {
        const list = await kubernetes.core.listNamespacedService({ namespace }, callOptions({ signal }));
        return [namespace, list.items.flatMap(({ metadata }) => metadata?.name ?? [])] as const;
      }),
    ),
  );
  return asked.flatMap(({ host, service, namespace, from }) => {
    const services = known.get(namespace);
    if (services === undefined) return [];
    const near = closest(service, services);
    const found = services.includes(service);
    return [{ host, service, namespace, from, found, ...(found || near === null ? {} : { near }) }];
  });
}

interface Asked {
  host: string;
  service: string;
  namespace: string;
  from: string;
}

/** The names of Services in a container's variables, as it gets them: from literals, ConfigMaps and Secrets. */
function namesIn(container: V1Container, objects: readonly ReferencedObject[], own: string): Asked[] {
  return [...effectiveEnvironment(container, objects)].flatMap(([variable, { value = '' }]) => {
    const address = parseAddress(value);
    const bare = /^([a-z0-9][a-z0-9.-]*[a-z0-9]):\d+$/i.exec(value.trim())?.[1];
    const named = /(?:HOST|SERVER|ENDPOINT|ADDR(?:ESS)?)$/i.test(variable)
      ? /^[a-z][a-z0-9.-]*[a-z0-9]$/i.exec(value.trim())?.[0]
      : undefined;
    const hosts = address?.hosts.map(({ host }) => host) ?? [bare ?? named].filter((host) => host !== undefined);
    return hosts.flatMap((host) => {
      const [service = '', namespace = own, svc = 'svc'] = host.toLowerCase().split('.');
      if (
        service === '' ||
        svc !== 'svc' ||
        /^\d+$/.test(service) ||
        INTERNET.test(namespace) ||
        service === 'localhost'
      )
        return [];
      return [{ host, service, namespace, from: `env ${variable} of ${container.name}` }];
    });
  });
}
