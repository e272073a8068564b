/** What one call to the API server does, in the words of an audit log: `patch deployments bruno/agent-bruno`. */
export interface ApiCall {
  verb: string;
  /** Plural resource with its subresource: `pods`, `pods/log`. */
  resource: string;
  namespace?: string;
  name?: string;
}

const VERBS: Record<string, string> = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };

/**
 * Reads verb and object out of a request's method and address.
 * Paths: https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris
 */
export function describeCall(method: string, url: string): ApiCall {
  const parts = new URL(url).pathname.split('/').filter((part) => part !== '');
  const start = parts.lastIndexOf('api') === 0 ? 2 : parts[0] === 'apis' ? 3 : -1;
  if (start < 0) return { verb: method.toLowerCase(), resource: `/${parts.join('/')}` };
  const rest = parts.slice(start).map(decodeURIComponent);
  const namespaced = rest[0] === 'namespaces' && rest.length > 2;
  const namespace = namespaced ? rest[1] : undefined;
  const [resource = '/', name, ...sub] = namespaced ? rest.slice(2) : rest;
  const subresource = sub[0];
  return {
    verb: VERBS[method] ?? (name === undefined ? 'list' : 'get'),
    resource: subresource === undefined ? resource : `${resource}/${subresource}`,
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
  };
}

/** The call as text, for an error's `where`. */
export function callText(call: ApiCall): string {
  const object = [call.namespace, call.name].filter((part) => part !== undefined).join('/');
  return object === '' ? `${call.verb} ${call.resource}` : `${call.verb} ${call.resource} ${object}`;
}
