import { app, type Broken } from './workloads.ts';

/** Containers that the kubelet or the runtime cannot start. */
export const STARTS: readonly Broken[] = [
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
    name: 'hook-fails',
    make: app('hook-fails', { lifecycle: { postStart: { exec: { command: ['false'] } } } }),
    cause: 'unknown',
    subject: 'postStart',
    says: ['postStart hook fails'],
  },
];
