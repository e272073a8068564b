import { app, type Broken, barePod, beside, first, job, python, replicas } from './workloads.ts';

/** Programs that end though they should not, alone, beside others, and in Jobs. */
export const PROGRAMS: readonly Broken[] = [
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
];
