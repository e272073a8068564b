import { describe, expect, test } from '@jest/globals';
import type { V1Pod, V1PodTemplateSpec } from '@kubernetes/client-node';
import { environmentLines, parseEnvironment } from '../../src/actions/session/environment.ts';
import { debugPod, leftOut } from '../../src/actions/session/pod.ts';
import { type Run, sessionFindings } from '../../src/actions/session/reach.ts';
import { createSecrets } from '../../src/actions/write/secrets.ts';
import { createRedactor } from '../../src/diagnosis/redaction.ts';
import { KintsugiError } from '../../src/errors.ts';
import type { ExecResult } from '../../src/kubernetes/exec.ts';
import { toWorkload, type Workload } from '../../src/kubernetes/workloads.ts';
import type { Dependency } from '../../src/runbook/schema.ts';
import { smallRunbook } from '../recovery/samples.ts';
import { noBuilds } from './action-context.ts';
import { memoryArtifacts, memoryExecutions } from './memory-stores.ts';

const template: V1PodTemplateSpec = {
  metadata: { labels: { app: 'agent-bruno' } },
  spec: {
    serviceAccountName: 'bruno',
    priorityClassName: 'high',
    imagePullSecrets: [{ name: 'ghcr-secret' }],
    nodeSelector: { disk: 'ssd' },
    initContainers: [{ name: 'migrate', image: 'migrate:1' }],
    containers: [
      {
        name: 'agent-bruno',
        image: 'ghcr.io/brunovlucena/agent-bruno:latest',
        args: ['serve'],
        ports: [{ containerPort: 8080, hostPort: 8080 }],
        env: [
          { name: 'REDIS_URL', value: 'redis://redis.redis.svc:6379' },
          { name: 'MONGODB_URL', value: 'mongodb://user:hunter2secret@mongodb.mongodb.svc:27017/bruno' },
          { name: 'OLLAMA_URL', valueFrom: { configMapKeyRef: { name: 'settings', key: 'ollama' } } },
          { name: 'API_TOKEN', valueFrom: { secretKeyRef: { name: 'api', key: 'token' } } },
        ],
        envFrom: [{ secretRef: { name: 'more' } }],
        resources: { limits: { memory: '1Gi' } },
        livenessProbe: { httpGet: { path: '/health', port: 8080 } },
        readinessProbe: { httpGet: { path: '/ready', port: 8080 } },
        lifecycle: { preStop: { exec: { command: ['stop'] } } },
        volumeMounts: [
          { name: 'settings', mountPath: '/settings' },
          { name: 'data', mountPath: '/data' },
          { name: 'token', mountPath: '/token' },
          { name: 'host', mountPath: '/host' },
        ],
      },
      { name: 'sidecar', image: 'envoy:1' },
    ],
    volumes: [
      { name: 'settings', configMap: { name: 'settings' } },
      { name: 'data', persistentVolumeClaim: { claimName: 'data' } },
      { name: 'token', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } },
      { name: 'host', hostPath: { path: '/' } },
    ],
  },
};

function workloadOf(spec: V1PodTemplateSpec = template): Workload {
  const metadata = { name: 'agent-bruno', namespace: 'bruno', uid: 'u', resourceVersion: '1' };
  return toWorkload('Deployment', {
    metadata,
    spec: { selector: { matchLabels: { app: 'agent-bruno' } }, template: spec },
  });
}

function podOf(spec?: V1PodTemplateSpec): V1Pod {
  const own = { container: 'agent-bruno', image: 'busybox:latest', seconds: 600, name: 'agent-bruno-debug' };
  return debugPod({ workload: workloadOf(spec), ...own, guard: 'recovery/x@12345678#7' });
}

describe('a debug pod (safety 25)', () => {
  const pod = podOf();
  const [container, ...others] = pod.spec?.containers ?? [];

  test('is selected, owned, probed and restarted by nobody, and ends without a worker', () => {
    expect(pod.metadata?.labels).not.toHaveProperty('app');
    expect(pod.metadata).not.toHaveProperty('ownerReferences');
    expect(pod.spec).toMatchObject({ restartPolicy: 'Never', activeDeadlineSeconds: 660 });
    expect(others).toEqual([]);
    for (const gone of ['livenessProbe', 'readinessProbe', 'startupProbe', 'lifecycle', 'ports', 'args'])
      expect(container).not.toHaveProperty(gone);
    expect(pod.spec).not.toHaveProperty('initContainers');
    expect(pod.spec).not.toHaveProperty('priorityClassName');
  });

  test('has the environment of the container, and only sleeps', () => {
    expect(container).toMatchObject({
      image: 'busybox:latest',
      command: ['sleep', '600'],
      env: template.spec?.containers[0]?.env,
      envFrom: [{ secretRef: { name: 'more' } }],
      resources: { limits: { memory: '1Gi' } },
    });
    expect(pod.spec).toMatchObject({ nodeSelector: { disk: 'ssd' }, imagePullSecrets: [{ name: 'ghcr-secret' }] });
  });

  test('has no claim, no token and no path of the node, and says what it leaves out', () => {
    expect(pod.spec?.automountServiceAccountToken).toBe(false);
    expect(pod.spec?.volumes?.map(({ name }) => name)).toEqual(['settings']);
    expect(container?.volumeMounts?.map(({ name }) => name)).toEqual(['settings']);
    expect(leftOut(workloadOf(), 'agent-bruno')).toEqual([
      'volumes data, token, host',
      'containers sidecar',
      'init containers migrate',
    ]);
  });

  test('runs as nobody where its container must not be root and only the original image named a user', () => {
    const spec = { containers: [{ name: 'agent-bruno', image: 'a' }], securityContext: { runAsNonRoot: true } };
    expect(podOf({ spec }).spec?.containers[0]?.securityContext).toEqual({ runAsUser: 65534 });
    const named = { ...spec, securityContext: { runAsNonRoot: true, runAsUser: 1000 } };
    expect(podOf({ spec: named }).spec?.containers[0]).not.toHaveProperty('securityContext');
  });
});

const secrets = createSecrets('a key for tests', createRedactor({ key: 'a key for tests' }).redact);
const dependency = (name: string, changes: Partial<Dependency>): Dependency => ({
  name,
  type: 'redis',
  namespace: name,
  selector: `app=${name}`,
  ...changes,
});
const runbook = smallRunbook((content) => ({
  ...content,
  spec: {
    ...content.spec,
    variables: [
      { name: 'REDIS_URL', pattern: '^redis://' },
      { name: 'OLLAMA_URL', pattern: '^https://' },
      { name: 'PORT' },
    ],
    dependencies: [
      dependency('redis', { env: 'REDIS_URL' }),
      dependency('mongodb', { type: 'mongodb', env: 'MONGODB_URL' }),
      dependency('ollama', { type: 'http', env: 'OLLAMA_URL', path: '/api/version' }),
      dependency('queue', {}),
    ],
  },
}));

const ENV = [
  'REDIS_URL=redis://redis.redis.svc:6379',
  'MONGODB_URL=mongodb://user:hunter2secret@mongodb.mongodb.svc:27017/bruno',
  'OLLAMA_URL=http://192.168.0.16:11434',
  'API_TOKEN=t0ps3cret-value',
  'FROM_MORE=another-secret',
  'KUBERNETES_SERVICE_HOST=10.96.0.1',
  'AGENT_BRUNO_SERVICE_PORT_8080_TCP=tcp://10.96.0.9:8080',
  'PATH=/bin',
].join('\n');

describe('the environment inside a session', () => {
  const lines = environmentLines({ secrets, runbook }, workloadOf(), 'agent-bruno', parseEnvironment(ENV));

  test('shows no value of a secret, nor one that only the pod knows, and no noise of the cluster', () => {
    expect(lines[0]).toBe(
      'environment: REDIS_URL=redis://redis.redis.svc:6379, MONGODB_URL (set), ' +
        'OLLAMA_URL (set, from ConfigMap settings key ollama), ' +
        'API_TOKEN (set, from Secret api key token), FROM_MORE (set)',
    );
    expect(lines.join()).not.toMatch(/hunter2|t0ps3cret|another-secret/);
  });

  test('is compared with what the runbook requires', () => {
    expect(lines[1]).toBe('required variables: OLLAMA_URL does not match ^https://; PORT is not set');
  });
});

describe('what a session reaches', () => {
  const answer = (changes: Partial<ExecResult> = {}): ExecResult => ({
    exitCode: 0,
    stdout: '',
    stderr: '',
    cut: false,
    ...changes,
  });
  const NAME = 'Server:\t\t10.96.0.10\nAddress:\t10.96.0.10:53\n\n';
  const answers: Record<string, ExecResult> = {
    env: answer({ stdout: ENV }),
    'cat /etc/resolv.conf': answer({
      stdout: 'search bruno.svc.cluster.local svc.cluster.local\nnameserver 10.96.0.10\n',
    }),
    'nslookup redis.redis.svc': answer({
      exitCode: 1,
      stdout: `${NAME}** server can't find redis.redis.svc: NXDOMAIN`,
    }),
    'nslookup redis.redis.svc.bruno.svc.cluster.local': answer({ exitCode: 1, stdout: NAME }),
    'nslookup redis.redis.svc.svc.cluster.local': answer({
      stdout: `${NAME}Name:\tredis.redis.svc.svc.cluster.local\nAddress: 10.96.3.4\n`,
    }),
    'timeout 6 nc -w 5 redis.redis.svc 6379 -e true': answer(),
    'timeout 6 nc -w 5 mongodb.mongodb.svc 27017 -e true': answer({
      exitCode: 1,
      stderr: "nc: can't connect to remote host (10.96.3.5): Connection refused",
    }),
    'timeout 6 nc -w 5 192.168.0.16 11434 -e true': answer(),
    'timeout 8 wget -q -O - http://192.168.0.16:11434/api/version': answer({ stdout: '{"version":"0.6.2"}' }),
  };
  const run: Run = async (command) => answers[command.join(' ')] ?? answer({ exitCode: 1, stdout: NAME });
  const context = {
    secrets,
    runbook,
    kubernetes: undefined as never,
    target: { namespace: 'bruno', kind: 'Deployment', name: 'agent-bruno' },
    recoveryId: 'r',
    step: 1,
    artifacts: memoryArtifacts(),
    executions: memoryExecutions(),
    mirrors: {},
    builds: noBuilds,
    isRunOpen: async () => false,
    heartbeat: () => undefined,
    signal: new AbortController().signal,
  };
  const session = { workload: workloadOf(), pod: { metadata: { namespace: 'bruno', name: 'agent-bruno-debug' } } };
  const found = (by: Run) => sessionFindings(context, { container: 'agent-bruno' }, session, by);

  test('is told by name, TCP and HTTP, with the command for a shell, and never with a password', async () => {
    const lines = await found(run);
    expect(lines.slice(0, 5)).toEqual([
      'a shell in it: kubectl exec -it -n bruno agent-bruno-debug -c agent-bruno -- sh',
      'redis (redis.redis.svc:6379): the name resolves to 10.96.3.4; TCP is open',
      "mongodb (mongodb.mongodb.svc:27017): the name does NOT resolve; TCP is NOT open: nc: can't connect to remote host (10.96.3.5): Connection refused",
      'ollama (192.168.0.16:11434): an address, no name; TCP is open; GET /api/version answers: {"version":"0.6.2"}',
      'queue: not possible: the runbook names no variable with its address',
    ]);
    expect(lines.join()).not.toContain('hunter2');
  });

  test('is cut to what an event carries, and says so', async () => {
    const long: Run = async () => answer({ exitCode: 1, stderr: 'x'.repeat(400) });
    const many = Array.from({ length: 40 }, (_, index) => dependency(`redis-${index}`, { env: 'REDIS_URL' }));
    const spec = { ...runbook.spec, dependencies: many };
    const known: Run = async (command) => (command[0] === 'env' ? answer({ stdout: ENV }) : long(command));
    const own = { ...context, runbook: { ...runbook, spec } };
    const lines = await sessionFindings(own, { container: 'agent-bruno' }, session, known);
    expect(lines.join('').length).toBeLessThan(4_200);
    expect(lines.at(-1)).toMatch(/^\d+ more are left out here/);
  });

  test('is not possible with an image that has no tools, and says so', async () => {
    const bare: Run = async (command) => {
      if (command[0] === 'env') return answer({ stdout: ENV });
      throw new KintsugiError('not-found', `${command[0]} is not in the image`, {
        where: 'exec',
        fix: 'Another image.',
      });
    };
    expect((await found(bare))[1]).toBe(
      'redis (redis.redis.svc:6379): name: not possible: nslookup is not in the image; TCP: not possible: timeout is not in the image',
    );
  });
});
