import type { V1Deployment } from '@kubernetes/client-node';
import { readState } from '../../dev/cluster/state.ts';
import type { Kubernetes } from '../../src/kubernetes/client.ts';
import type { Target } from '../../src/recovery/values.ts';
import { servingApp } from './serving-app.ts';
import { until } from './until.ts';

/** Holds more memory than its limit allows: killed at every start until the limit is raised far enough. */
const program = (mebibytes: number) => `
import http.server
ballast = bytearray(b"x") * (${mebibytes} << 20)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
server = http.server.ThreadingHTTPServer(("0.0.0.0", 8080), Handler)
print("Application startup complete", flush=True)
server.serve_forever()
`;

/** A Deployment whose container is killed for its memory limit of 40Mi. */
export function crashingApp(namespace: string, name = 'app', container = 'app', mebibytes = 64): V1Deployment {
  return servingApp(namespace, name, {
    name: container,
    command: ['python3', '-c', program(mebibytes)],
    resources: { requests: { memory: '32Mi', cpu: '1m' }, limits: { memory: '40Mi', cpu: '500m' } },
  });
}

/**
 * Makes the Deployment and returns it once its container was killed for its memory. It holds 64 MiB, for which the raise of
 * its runbook is enough, or as many as are given.
 */
export async function createCrashingApp(
  kubernetes: Kubernetes,
  namespace: string,
  name = 'app',
  container = 'app',
  mebibytes = 64,
): Promise<Target> {
  await kubernetes.apps.createNamespacedDeployment({
    namespace,
    body: crashingApp(namespace, name, container, mebibytes),
  });
  await untilOutOfMemory(kubernetes, namespace, name);
  return { namespace, kind: 'Deployment', name };
}

export async function untilOutOfMemory(kubernetes: Kubernetes, namespace: string, name: string): Promise<void> {
  await until(`${name} to be killed for its memory`, async () => {
    const { items } = await kubernetes.core.listNamespacedPod({ namespace, labelSelector: `app=${name}` });
    const statuses = items.flatMap(({ status }) => status?.containerStatuses ?? []);
    return statuses.some(({ state, lastState }) =>
      [state, lastState].some((past) => past?.terminated?.reason === 'OOMKilled'),
    );
  });
}

/** Where the nodes pull from, as Kintsugi's configuration has it. */
export function registryMirrors(): Record<string, string> {
  const registry = readState()?.access?.registry;
  return registry === undefined ? {} : { 'docker.io': `http://${registry.address}` };
}

/** What a test's runbook says of its own. */
export interface CrashRunbook {
  name: string;
  namespace: string;
  alert: string;
  /** The one workload; without it the alert's pod says which. */
  target?: string;
  /** The first rung. */
  deadline: string;
  /** Holds what Git owns before the raise, for at most this long. */
  hold?: string;
  /** Further actions between the raise and the wait. */
  more?: object[];
}

/** A runbook that mends such an app by more memory; short in all that only waits. */
export function crashRunbook({ name, namespace, alert, target, deadline, hold, more = [] }: CrashRunbook): object {
  const none = { level: 'none', text: 'None: it exists for a test' };
  const raise = { container: 'app', memory: { request: '64Mi', limit: '128Mi', factor: 1.5, cap: '256Mi' } };
  const held = hold === undefined ? [] : [{ 'hold-gitops': { expires: hold } }];
  return {
    apiVersion: 'kintsugi.dev/v1',
    kind: 'Runbook',
    metadata: { name, title: name, version: '1.0', severity: 'critical', component: 'app', service: 'app' },
    spec: {
      mode: 'auto',
      symptom: 'The app is killed at every start.',
      impact: { user: none, business: none, data: none },
      alerts: { trigger: [alert] },
      target: {
        namespace,
        kinds: ['Deployment'],
        ...(target === undefined ? { selector: 'app=app' } : { name: target }),
        container: 'app',
      },
      causes: [
        {
          cause: 'oom-killed',
          remedies: [
            {
              name: 'raise-memory',
              approval: 'none',
              actions: [...held, { 'set-resources': raise }, ...more, { 'wait-ready': { timeout: '60s' } }],
            },
          ],
        },
      ],
      verify: { window: { crashes: 1, min: '5s', max: '10s' }, checks: ['ready', 'restarts-stable'] },
      escalation: { team: 'tests', steps: ['contact'], rungs: [{ after: deadline, notify: ['webhook', 'log'] }] },
      settle: '10m',
    },
  };
}
