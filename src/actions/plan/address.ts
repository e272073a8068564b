import { KintsugiError } from '../../errors.ts';
import type { ProxiedRequest } from '../../kubernetes/proxy.ts';
import { callOptions } from '../../kubernetes/transport.ts';
import type { Dependency } from '../../runbook/schema.ts';
import type { ActionContext } from '../action.ts';

/** A Service that the API server can ask, or why it cannot be asked from inside the cluster (safety 21). */
export type Place = Omit<ProxiedRequest, 'through' | 'path'> | { refusal: { code: string; reason: string } };

interface Address {
  /** Where it stands, for people: `OLLAMA_URL`. */
  from: string;
  host: string;
  port: number;
  https: boolean;
}

/** The Service behind a dependency's address: the one that the target's variable names, else the one with its labels. */
export async function placeOfDependency(
  context: ActionContext,
  dependency: Dependency,
  variables: ReadonlyMap<string, string>,
): Promise<Place> {
  const address = addressOf(dependency, variables);
  if (address === null) return placeByLabels(context, dependency);
  const { from, host, port, https } = address;
  const name = await serviceOf(context, host, dependency.namespace);
  if (name !== null) return { ...name, port, ...(https ? { scheme: 'https' } : {}) };
  return refused(
    'outside-cluster',
    `${from} leads to ${host}:${port}, which is no Service of this cluster: whether it answers cannot be asked from here`,
  );
}

/** The target's own Service. */
export function placeOfTarget({ runbook, target }: ActionContext): Place {
  const [name, port] = runbook.spec.target.service?.split(':') ?? [];
  if (name === undefined || port === undefined)
    return refused('no-address', 'the runbook names no Service of its target');
  return { namespace: target.namespace, name, port: Number(port) };
}

function addressOf({ env, port }: Dependency, variables: ReadonlyMap<string, string>): Address | null {
  const text = env === undefined ? undefined : variables.get(env);
  if (env === undefined || text === undefined) return null;
  const isUrl = text.includes('://');
  const url = URL.parse(isUrl ? text : `http://${text}`);
  if (url === null || url.hostname === '') return null;
  const https = url.protocol === 'https:';
  const written = url.port === '' ? undefined : Number(url.port);
  // A URL without a port means its scheme's, whatever the runbook says.
  const usual = isUrl ? undefined : port;
  return { from: env, host: url.hostname, port: written ?? usual ?? (https ? 443 : 80), https };
}

/** `ollama`, `ollama.models`, `ollama.models.svc.cluster.local`, or the address of a Service itself. */
async function serviceOf(
  context: ActionContext,
  host: string,
  namespace: string,
): Promise<{ namespace: string; name: string } | null> {
  const { kubernetes, target, signal } = context;
  if (/^[\d.]+$|^\[/.test(host)) {
    const list = await kubernetes.core.listNamespacedService({ namespace }, callOptions({ signal }));
    const found = list.items.find(({ spec }) => spec?.clusterIPs?.includes(host.replace(/^\[|\]$/g, '')));
    return found === undefined ? null : { namespace, name: found.metadata?.name ?? '' };
  }
  const parts = /^([a-z0-9-]+)(?:\.([a-z0-9-]+)(?:\.svc(?:\..+)?)?)?$/.exec(host);
  if (parts === null) return null;
  const service = { namespace: parts[2] ?? target.namespace, name: parts[1] ?? '' };
  try {
    const { spec } = await kubernetes.core.readNamespacedService(service, callOptions({ signal }));
    return spec?.type === 'ExternalName' ? null : service;
  } catch (error) {
    if (error instanceof KintsugiError && error.code === 'not-found') return null;
    throw error;
  }
}

async function placeByLabels(context: ActionContext, dependency: Dependency): Promise<Place> {
  const { namespace, selector, name, port } = dependency;
  const list = await context.kubernetes.core.listNamespacedService(
    { namespace, labelSelector: selector },
    callOptions({ signal: context.signal }),
  );
  const [service] = list.items;
  const servicePort = port ?? service?.spec?.ports?.[0]?.port;
  if (service === undefined || servicePort === undefined)
    return refused('no-address', `no variable and no Service says where ${name} is asked`);
  return { namespace, name: service.metadata?.name ?? '', port: servicePort };
}

function refused(code: string, reason: string): Place {
  return { refusal: { code, reason } };
}
