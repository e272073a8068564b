import { app, type Broken, store, withLimitRange, withQuota } from './workloads.ts';

/** Pods that no node takes, or that are not made at all. */
export const PLACEMENT: readonly Broken[] = [
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
    name: 'node-gone',
    make: app('node-gone', {}, (spec) => {
      spec.nodeName = 'node-that-left';
    }),
    cause: 'node-failure',
    subject: 'node-that-left',
    says: ['Node node-that-left is gone'],
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
