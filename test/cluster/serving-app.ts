import type { V1Container, V1Deployment } from '@kubernetes/client-node';
import { readState } from '../../dev/cluster/state.ts';
import { IMAGES } from '../../dev/images/catalogue.ts';
import { provideImages } from '../../dev/images/provide.ts';
import type { Kubernetes } from '../../src/kubernetes/client.ts';

/** An image with Python; its own program is not used. */
const IMAGE = 'ollama';
export const IMAGE_REFERENCE = IMAGES[IMAGE].reference;
const PULL_SECRET = 'registry';
const LABELS = { app: 'app' };

/** A small web program that wants one variable, and dies without it as such programs do. */
const PROGRAM = `
import os, http.server
name = os.environ["APP_NAME"]
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/health" else 404)
        self.end_headers()
server = http.server.ThreadingHTTPServer(("0.0.0.0", 8080), Handler)
print("Application startup complete", flush=True)
server.serve_forever()
`;

/** Puts the image and the pull secret for it where the namespace's pods find them. */
export async function provideServingApp(kubernetes: Kubernetes, namespace: string): Promise<void> {
  const registry = readState()?.access?.registry;
  await provideImages({ registry }, [IMAGE], () => undefined);
  const auths = registry === undefined ? {} : { 'docker.io': { username: registry.user, password: registry.password } };
  await kubernetes.core.createNamespacedSecret({
    namespace,
    body: {
      metadata: { name: PULL_SECRET },
      type: 'kubernetes.io/dockerconfigjson',
      stringData: { '.dockerconfigjson': JSON.stringify({ auths }) },
    },
  });
}

/** A Deployment of the program; `container` is laid over its container. */
export function servingApp(namespace: string, name: string, container: Partial<V1Container> = {}): V1Deployment {
  const labels = { ...LABELS, app: name };
  return {
    metadata: { name, namespace, labels },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          terminationGracePeriodSeconds: 0,
          imagePullSecrets: [{ name: PULL_SECRET }],
          containers: [
            {
              name: 'app',
              image: IMAGE_REFERENCE,
              imagePullPolicy: 'IfNotPresent',
              command: ['python3', '-c', PROGRAM],
              env: [{ name: 'APP_NAME', value: name }],
              ports: [{ containerPort: 8080 }],
              readinessProbe: { httpGet: { path: '/health', port: 8080 }, periodSeconds: 1 },
              resources: { requests: { memory: '16Mi', cpu: '1m' }, limits: { memory: '128Mi', cpu: '500m' } },
              ...container,
            },
          ],
        },
      },
    },
  };
}

/** A Service for a Deployment's pods; with another selector, one that finds none. */
export async function createService(
  kubernetes: Kubernetes,
  namespace: string,
  name: string,
  selector: Record<string, string> = { app: name },
): Promise<void> {
  await kubernetes.core.createNamespacedService({
    namespace,
    body: { metadata: { name }, spec: { selector, ports: [{ port: 80, targetPort: 8080 }] } },
  });
}
