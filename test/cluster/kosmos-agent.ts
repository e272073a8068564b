import type { V1Deployment } from '@kubernetes/client-node';
import { IMAGES } from '../../dev/images/catalogue.ts';
import type { Kubernetes } from '../../src/kubernetes/client.ts';
import { execInPod } from '../../src/kubernetes/exec.ts';
import { isReady } from '../../src/kubernetes/pods.ts';
import type { Target } from '../../src/recovery/values.ts';
import { until } from './until.ts';
import { podsOf } from './workloads.ts';

/** A KOSMOS agent whose conversations are lost with its pod. */
export function kosmosAgent({ namespace, name }: Target): V1Deployment {
  const labels = { app: name };
  return {
    metadata: { name, namespace, labels },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      strategy: { type: 'Recreate' },
      template: {
        metadata: { labels },
        spec: {
          terminationGracePeriodSeconds: 1,
          containers: [
            {
              name: 'app',
              image: IMAGES['kosmos-agent'].reference,
              imagePullPolicy: 'IfNotPresent',
              env: [
                { name: 'AGENT_NAME', value: name },
                { name: 'AGENT_ROLE', value: 'runtime' },
                { name: 'CONTEXT_TOKENS', value: '1024' },
              ],
              readinessProbe: { httpGet: { path: '/ready', port: 8000 }, periodSeconds: 1 },
              resources: { requests: { memory: '64Mi', cpu: '10m' }, limits: { memory: '512Mi', cpu: '1' } },
            },
          ],
        },
      },
    },
  };
}

/** What the agent says of its state: how many conversations it has, and their digest. */
export interface AgentState {
  conversations: number;
  sha256: string;
}

/** The target's one ready pod. */
export async function readyPod(kubernetes: Kubernetes, target: Target): Promise<string> {
  let name = '';
  await until(`a ready pod of ${target.name}`, async () => {
    name = (await podsOf(kubernetes, target)).find(isReady)?.metadata?.name ?? '';
    return name !== '';
  });
  return name;
}

/** GET /state of the ready pod, asked inside it. */
export async function readAgentState(kubernetes: Kubernetes, target: Target): Promise<AgentState> {
  return JSON.parse(await python(kubernetes, target, READ));
}

/** Lets people talk to the agent: so many conversations more, with words that no others have. */
export async function talk(
  kubernetes: Kubernetes,
  target: Target,
  about: string,
  conversations = 3,
): Promise<AgentState> {
  await python(kubernetes, target, TALK, about, String(conversations));
  return readAgentState(kubernetes, target);
}

const READ = `
import urllib.request
print(urllib.request.urlopen("http://127.0.0.1:8000/state", timeout=10).read().decode())
`;

const TALK = `
import json, sys, urllib.request
for number in range(int(sys.argv[2])):
    body = json.dumps({"conversation": f"{sys.argv[1]}-{number}", "text": f"what is {sys.argv[1]}?"}).encode()
    request = urllib.request.Request("http://127.0.0.1:8000/message", body, {"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=10).read()
`;

async function python(kubernetes: Kubernetes, target: Target, ...args: string[]): Promise<string> {
  const pod = await readyPod(kubernetes, target);
  const command = ['python', '-c', ...args];
  const place = { namespace: target.namespace, pod, container: 'app' };
  const { exitCode, stdout, stderr } = await execInPod(kubernetes, { ...place, command, timeoutMs: 30_000 });
  if (exitCode !== 0) throw new Error(stderr);
  return stdout;
}

/** The seed's own commands. */
export const FILE = '/tmp/state.json';
export const EXPORT = ['python', '-m', 'kosmos.tools.export_state', '--output', FILE];
export const IMPORT = ['python', '-m', 'kosmos.tools.import_state', '--input', FILE];
