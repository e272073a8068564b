import {
  app,
  type Broken,
  barePod,
  beside,
  first,
  job,
  python,
  replicas,
  store,
  withLimitRange,
  withQuota,
  withService,
} from './workloads.ts';

const NO_SECRETS = { imagePullSecrets: [] };
/** The development registry wants credentials for this one. */
const PRIVATE = 'docker.io/library/nothing:here';
const PATH_404 = { httpGet: { path: '/gone', port: 8080 }, periodSeconds: 1, failureThreshold: 1 };
const SERVES_500 = `
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(500)
        self.end_headers()
http.server.ThreadingHTTPServer(("0.0.0.0", 8080), Handler).serve_forever()
`;
const SERVES_LATE = `
import http.server, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        time.sleep(30)
http.server.ThreadingHTTPServer(("0.0.0.0", 8080), Handler).serve_forever()
`;
const ASKS_THE_API = `
import ssl, sys, urllib.request, urllib.error
folder = "/var/run/secrets/kubernetes.io/serviceaccount/"
request = urllib.request.Request("https://kubernetes.default.svc/api/v1/namespaces/default/secrets")
request.add_header("Authorization", "Bearer " + open(folder + "token").read())
try:
    urllib.request.urlopen(request, context=ssl.create_default_context(cafile=folder + "ca.crt"))
except urllib.error.HTTPError as error:
    sys.exit(error.read().decode())
`;

/** Every cause that is not a matter of logs alone, and some that are: the first finding of each. */
export const BROKEN: readonly Broken[] = [
  {
    name: 'no-such-tag',
    make: app('no-such-tag', { image: PRIVATE }),
    cause: 'image-pull-failure',
    subject: PRIVATE,
    says: ['no such image or tag'],
  },
  {
    name: 'registry-refused',
    make: app('registry-refused', { image: '127.0.0.1:1/team/app:1' }),
    cause: 'image-pull-failure',
    subject: '127.0.0.1:1/team/app:1',
    says: ['the registry cannot be reached'],
  },
  {
    name: 'registry-unknown',
    make: app('registry-unknown', { image: 'registry.nowhere.invalid/team/app:1' }),
    cause: 'image-pull-failure',
    subject: 'registry.nowhere.invalid/team/app:1',
    says: ['cannot be resolved'],
  },
  {
    name: 'no-pull-secret',
    make: app('no-pull-secret', { image: PRIVATE }, (spec) => Object.assign(spec, NO_SECRETS)),
    cause: 'image-pull-failure',
    subject: PRIVATE,
    says: ['does not permit it', 'no pull secret'],
  },
  {
    name: 'pull-secret-gone',
    make: app('pull-secret-gone', { image: PRIVATE }, (spec) => {
      spec.imagePullSecrets = [{ name: 'regcred' }];
    }),
    cause: 'image-pull-failure',
    subject: PRIVATE,
    says: ['pull secret regcred is not there'],
  },
  {
    name: 'secret-gone',
    make: app('secret-gone', { envFrom: [{ secretRef: { name: 'nowhere' } }] }),
    cause: 'missing-config-reference',
    subject: 'Secret/nowhere',
    says: ['envFrom of app'],
  },
  {
    name: 'key-misspelt',
    make: async (kubernetes, namespace) => {
      await kubernetes.core.createNamespacedConfigMap({
        namespace,
        body: { metadata: { name: 'settings' }, data: { LOG_LEVEL: 'info', TTL: '60' } },
      });
      const env = [{ name: 'LEVEL', valueFrom: { configMapKeyRef: { name: 'settings', key: 'LOG_LEVLE' } } }];
      await app('key-misspelt', { env })(kubernetes, namespace);
    },
    cause: 'missing-config-reference',
    subject: 'ConfigMap/settings:LOG_LEVLE',
    says: ['env LEVEL of app', 'Did you mean LOG_LEVEL?'],
  },
  {
    name: 'mounted-gone',
    make: app('mounted-gone', {}, (spec) => {
      spec.volumes = [{ name: 'settings', projected: { sources: [{ configMap: { name: 'not-made' } }] } }];
      const [main] = spec.containers;
      if (main !== undefined) main.volumeMounts = [{ name: 'settings', mountPath: '/etc/app' }];
    }),
    cause: 'missing-config-reference',
    subject: 'ConfigMap/not-made',
    says: ['volume settings'],
  },
  {
    name: 'account-gone',
    make: app('account-gone', {}, (spec) => {
      spec.serviceAccountName = 'runner';
    }),
    cause: 'missing-config-reference',
    subject: 'ServiceAccount/runner',
    says: ['kubectl create serviceaccount runner'],
  },
  {
    name: 'no-such-command',
    make: app('no-such-command', { command: ['no-such-program'] }),
    cause: 'command-not-found',
    subject: 'no-such-program',
    says: ["the template's command"],
  },
  {
    name: 'not-executable',
    make: app('not-executable', { command: ['/etc/passwd'] }),
    cause: 'permission-denied',
    subject: '/etc/passwd',
    says: ['chmod +x'],
  },
  {
    name: 'runs-as-root',
    make: app('runs-as-root', { securityContext: { runAsNonRoot: true, runAsUser: 0 } }),
    cause: 'permission-denied',
    subject: 'securityContext',
    says: ['runAsNonRoot'],
  },
  {
    name: 'init-fails',
    make: app('init-fails', {}, (spec) =>
      first(spec, { name: 'migrate', command: ['python3', '-c', 'import alembic'] }),
    ),
    cause: 'init-container-failure',
    subject: 'migrate',
    container: 'migrate',
    says: ['alembic'],
  },
  {
    name: 'readiness-path',
    make: app('readiness-path', { readinessProbe: { httpGet: { path: '/gone', port: 8080 }, periodSeconds: 1 } }),
    cause: 'readiness-probe-failure',
    subject: ':8080/gone',
    says: ['no such path'],
  },
  {
    name: 'liveness-path',
    make: app('liveness-path', { livenessProbe: PATH_404 }),
    cause: 'liveness-probe-failure',
    subject: ':8080/gone',
    says: ['no such path', 'patience does not cure it'],
  },
  {
    name: 'liveness-port',
    make: app('liveness-port', { livenessProbe: { tcpSocket: { port: 8081 }, periodSeconds: 1, failureThreshold: 1 } }),
    cause: 'liveness-probe-failure',
    subject: ':8081',
    says: ['nothing listens on its port (the container declares 8080)'],
  },
  {
    name: 'liveness-500',
    make: app(
      'liveness-500',
      python(SERVES_500, { livenessProbe: { ...PATH_404, httpGet: { path: '/', port: 8080 } } }),
    ),
    cause: 'liveness-probe-failure',
    subject: ':8080/',
    says: ['status 500', 'patience does not cure it'],
  },
  {
    name: 'liveness-late',
    make: app(
      'liveness-late',
      python(SERVES_LATE, {
        livenessProbe: { ...PATH_404, httpGet: { path: '/', port: 8080 }, initialDelaySeconds: 5 },
      }),
    ),
    cause: 'liveness-probe-failure',
    subject: ':8080/',
    says: ['does not answer in time'],
  },
  {
    name: 'throttled',
    make: app(
      'throttled',
      python('while True: pass', {
        resources: { limits: { cpu: '20m', memory: '128Mi' } },
        livenessProbe: {
          exec: { command: ['python3', '-c', 'import json, http.server'] },
          periodSeconds: 2,
          timeoutSeconds: 1,
          initialDelaySeconds: 8,
        },
      }),
    ),
    cause: 'liveness-probe-failure',
    says: ['does not answer in time', 'throttled in', 'patience alone does not cure it'],
  },
  {
    name: 'too-big',
    make: app('too-big', { resources: { requests: { memory: '4000Gi' } } }),
    cause: 'unschedulable',
    subject: 'memory',
    says: ['asked: app 4000Gi', 'allocatable:'],
  },
  {
    name: 'wrong-label',
    make: app('wrong-label', {}, (spec) => {
      spec.nodeSelector = { disktype: 'ssd' };
    }),
    cause: 'unschedulable',
    subject: 'disktype=ssd',
    says: ['kubectl label node'],
  },
  {
    name: 'host-port',
    make: app('host-port', { ports: [{ containerPort: 8080, hostPort: 18_099 }] }, (_, deployment) => {
      if (deployment.spec !== undefined) deployment.spec.replicas = 2;
    }),
    cause: 'port-in-use',
    subject: 'hostPort 18099',
    says: ['its own pod'],
  },
  {
    name: 'no-such-class',
    kind: 'StatefulSet',
    make: store('no-such-class', 'fast'),
    cause: 'volume-unavailable',
    subject: 'data-no-such-class-0',
    says: ['storage class fast is not there'],
  },
  {
    name: 'no-such-claim',
    make: app('no-such-claim', {}, (spec) => {
      spec.volumes = [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }];
    }),
    cause: 'volume-unavailable',
    subject: 'data',
    says: ['claim data, which is not there'],
  },
  {
    name: 'no-such-path',
    make: app('no-such-path', {}, (spec) => {
      spec.volumes = [{ name: 'host', hostPath: { path: '/etc/hostname', type: 'Directory' } }];
      const [main] = spec.containers;
      if (main !== undefined) main.volumeMounts = [{ name: 'host', mountPath: '/data' }];
    }),
    cause: 'volume-unavailable',
    subject: '/etc/hostname',
    says: ['/etc/hostname'],
  },
  {
    name: 'no-such-host',
    make: withService(
      {},
      'orders-db',
      app(
        'no-such-host',
        python('import os, socket; socket.create_connection((os.environ["DB_HOST"], 5432))', {
          env: [{ name: 'DB_HOST', value: 'order-db' }],
        }),
      ),
    ),
    cause: 'dns-failure',
    subject: 'order-db',
    says: ['env DB_HOST of app', 'Did you mean orders-db?'],
  },
  {
    name: 'node-gone',
    make: app('node-gone', {}, (spec) => {
      spec.nodeName = 'node-that-left';
    }),
    cause: 'node-failure',
    subject: 'node-that-left',
    says: ['Node node-that-left is gone'],
  },
  {
    name: 'one-of-three',
    kind: 'StatefulSet',
    make: replicas(
      'one-of-three',
      3,
      python('import socket, time; 1 / (not socket.gethostname().endswith("-1")); time.sleep(3600)'),
    ),
    cause: 'unknown',
    container: 'app',
    says: ['ZeroDivisionError'],
  },
  {
    name: 'service-selector',
    make: withService({ selector: { app: 'service-selectr' } }, 'service-selector', app('service-selector')),
    cause: 'service-without-endpoints',
    subject: 'service-selector',
    says: ['app=service-selector, not app=service-selectr'],
  },
  {
    name: 'service-port',
    make: withService({ ports: [{ port: 80, targetPort: 'htpp' }] }, 'service-port', app('service-port')),
    cause: 'service-without-endpoints',
    subject: 'service-port',
    says: ['targetPort htpp'],
  },
  {
    name: 'api-refuses',
    make: app('api-refuses', python(ASKS_THE_API)),
    cause: 'api-permission-denied',
    subject: 'list secrets',
    says: ['/default may not list secrets in namespace default'],
  },
  { name: 'ends-well', make: app('ends-well', python('print("done")')), cause: 'completed', says: ['exit code 0'] },
  {
    name: 'faults',
    make: app('faults', python('import ctypes; ctypes.string_at(0)')),
    cause: 'segmentation-fault',
    says: ['segmentation fault'],
  },
  {
    name: 'memory',
    make: app('memory', python('x = [bytearray(64 << 20) for _ in range(40)]')),
    cause: 'oom-killed',
    container: 'app',
    says: ['memory limit of 128Mi', 'working set'],
  },
  {
    name: 'sidecar-memory',
    make: app('sidecar-memory', {}, (spec) =>
      beside(spec, { name: 'proxy', ...python('x = [bytearray(64 << 20) for _ in range(40)]') }),
    ),
    cause: 'oom-killed',
    container: 'proxy',
    says: ['proxy was killed'],
  },
  {
    name: 'sidecar-crashes',
    make: app('sidecar-crashes', {}, (spec) => beside(spec, { name: 'proxy', ...python('import envoy') })),
    cause: 'application-startup-failure',
    container: 'proxy',
    subject: 'envoy',
    says: ['proxy'],
  },
  {
    name: 'hook-fails',
    make: app('hook-fails', { lifecycle: { postStart: { exec: { command: ['false'] } } } }),
    cause: 'unknown',
    subject: 'postStart',
    says: ['postStart hook fails'],
  },
  {
    name: 'job-gives-up',
    kind: 'Job',
    make: job('job-gives-up', python('import alembic')),
    cause: 'application-startup-failure',
    subject: 'alembic',
    says: ['alembic'],
  },
  {
    name: 'job-too-slow',
    kind: 'Job',
    make: job('job-too-slow', python('import time; time.sleep(3600)'), { activeDeadlineSeconds: 5 }),
    cause: 'unresponsive',
    subject: 'activeDeadlineSeconds',
    says: ['activeDeadlineSeconds of 5'],
  },
  {
    name: 'job-suspended',
    kind: 'Job',
    make: job('job-suspended', python(''), { suspend: true }),
    cause: 'unknown',
    subject: 'suspend',
    says: ['is suspended'],
  },
  {
    name: 'bare-pod',
    kind: 'Pod',
    make: barePod('bare-pod', python('import os; os.environ["DATABASE_URL"]')),
    cause: 'configuration-error',
    subject: 'DATABASE_URL',
    says: ['DATABASE_URL'],
  },
  {
    name: 'scaled-down',
    make: app('scaled-down', {}, (_, deployment) => {
      if (deployment.spec !== undefined) deployment.spec.replicas = 0;
    }),
    cause: 'unknown',
    subject: 'replicas',
    says: ['kubectl scale'],
  },
  {
    name: 'quota',
    namespace: {},
    make: withQuota({ 'limits.memory': '64Mi' }, app('quota')),
    cause: 'quota-exceeded',
    subject: 'team',
    says: ['asked limits.memory=128Mi', 'hard limits.memory=64Mi'],
  },
  {
    name: 'limit-range',
    namespace: {},
    make: withLimitRange({ memory: '64Mi' }, app('limit-range')),
    cause: 'quota-exceeded',
    subject: 'LimitRange',
    says: ['maximum memory usage per Container is 64Mi, but limit is 128Mi'],
  },
  {
    name: 'pod-security',
    namespace: { 'pod-security.kubernetes.io/enforce': 'restricted' },
    make: app('pod-security'),
    cause: 'configuration-error',
    subject: 'PodSecurity restricted:latest',
    says: ['allowPrivilegeEscalation'],
  },
];
