import { describe, expect, test } from '@jest/globals';
import { classify } from '../../src/diagnosis/classify.ts';
import type { Evidence } from '../../src/diagnosis/evidence.ts';
import { dependency, ended, evidence, pod } from './evidence.ts';
import { workload } from './workload.ts';

const REDIS =
  'redis.exceptions.ConnectionError: Error 111 connecting to redis-master.redis.svc.cluster.local:6379. Connection refused.\n';
const MODULE = "ModuleNotFoundError: No module named 'fastapi'\n";
const killed = {
  type: 'Normal',
  reason: 'Killing',
  message: 'Container agent-bruno failed liveness probe, will be restarted',
};
const unhealthy = (message: string) => ({ type: 'Warning', reason: 'Unhealthy', message });

const FACTS: [sentence: string, seen: Evidence, key: string][] = [
  [
    'OOMKilled outranks the Redis noise in the log',
    evidence({ pods: [pod(ended(137, REDIS, 'OOMKilled'))] }),
    'oom-killed|agent-bruno|',
  ],
  ['exit code 137 alone is no OOM', evidence({ pods: [pod(ended(137))] }), 'unknown|agent-bruno|'],
  [
    'exit code 137 with the kubelet’s kill is the liveness probe',
    evidence({
      pods: [pod(ended(137))],
      events: [
        unhealthy('Liveness probe failed: Get "http://10.1.2.3:8080/health": context deadline exceeded'),
        killed,
      ],
    }),
    'liveness-probe-failure|agent-bruno|:8080/health',
  ],
  [
    'a program that ends by its own exception is not killed by the probe that failed meanwhile',
    evidence({
      pods: [pod(ended(1, MODULE))],
      events: [
        unhealthy('Liveness probe failed: Get "http://10.1.2.3:8080/health": dial tcp: connect: connection refused'),
      ],
    }),
    'application-startup-failure|agent-bruno|fastapi',
  ],
  [
    'a running container that only fails its readiness probe',
    evidence({
      pods: [pod({ restarts: 0, started: true, state: { kind: 'running' } })],
      events: [unhealthy('Readiness probe failed: HTTP probe failed with statuscode: 503')],
    }),
    'readiness-probe-failure|agent-bruno|',
  ],
  [
    'an image that is not there',
    evidence({
      pods: [
        pod({
          restarts: 0,
          image: 'ghcr.io/x/y:nope',
          state: { kind: 'waiting', reason: 'ImagePullBackOff', message: 'Back-off pulling image "ghcr.io/x/y:nope"' },
        }),
      ],
      events: [{ type: 'Warning', reason: 'Failed', message: 'Failed to pull image "ghcr.io/x/y:nope": not found' }],
    }),
    'image-pull-failure|agent-bruno|ghcr.io/x/y:nope',
  ],
  [
    'a Secret that is not there',
    evidence({
      pods: [
        pod({
          restarts: 0,
          state: { kind: 'waiting', reason: 'CreateContainerConfigError', message: 'secret "db" not found' },
        }),
      ],
    }),
    'missing-config-reference|agent-bruno|Secret/db',
  ],
  [
    'a key that a ConfigMap lacks',
    evidence({
      pods: [
        pod({
          restarts: 0,
          state: {
            kind: 'waiting',
            reason: 'CreateContainerConfigError',
            message: "couldn't find key LEVEL in ConfigMap bruno/settings",
          },
        }),
      ],
    }),
    'missing-config-reference|agent-bruno|ConfigMap/settings:LEVEL',
  ],
  [
    'a command that is not in the image',
    evidence({
      pods: [
        pod({
          state: { kind: 'waiting', reason: 'CrashLoopBackOff' },
          lastState: {
            kind: 'terminated',
            reason: 'StartError',
            exitCode: 128,
            message: 'exec: "uvicorn": executable file not found in $PATH: unknown',
          },
        }),
      ],
    }),
    'command-not-found|agent-bruno|uvicorn',
  ],
  ['a segmentation fault by its exit code', evidence({ pods: [pod(ended(139))] }), 'segmentation-fault|agent-bruno|'],
  [
    'a program that ends well and should not',
    evidence({ pods: [pod(ended(0, 'done\n', 'Completed'))] }),
    'completed|agent-bruno|',
  ],
  [
    'an init container that fails',
    evidence({ pods: [pod({ ...ended(1, 'no\n'), name: 'migrate', role: 'init' })] }),
    'init-container-failure|migrate|migrate',
  ],
  [
    'no node with room',
    evidence({
      pods: [
        pod(
          { restarts: 0, state: { kind: 'none' } },
          {
            node: '',
            phase: 'Pending',
            conditions: [
              { type: 'PodScheduled', status: 'False', message: '0/3 nodes are available: 3 Insufficient memory.' },
            ],
          },
        ),
      ],
    }),
    'unschedulable||memory',
  ],
  [
    'a claim that no volume serves',
    evidence({
      pods: [
        pod(
          { restarts: 0, state: { kind: 'none' } },
          {
            node: '',
            conditions: [
              {
                type: 'PodScheduled',
                status: 'False',
                message: '0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.',
              },
            ],
          },
        ),
      ],
      claims: [{ name: 'data-0', phase: 'Pending' }],
    }),
    'volume-unavailable||data-0',
  ],
  [
    'a quota that is used up: no pod exists that could say so',
    evidence({
      events: [
        {
          type: 'Warning',
          reason: 'FailedCreate',
          object: 'ReplicaSet/agent-bruno-1',
          message: 'Error creating: pods "x" is forbidden: exceeded quota: compute, requested: limits.memory=2Gi',
        },
      ],
    }),
    'quota-exceeded||compute',
  ],
  [
    'a node that is gone',
    evidence({
      pods: [pod(ended(137), { node: 'node-1' })],
      nodes: [{ name: 'node-1', ready: false, unschedulable: false, pressure: [], reason: 'NodeStatusUnknown' }],
    }),
    'node-failure||node-1',
  ],
  [
    'a Service that finds none of its ready pods',
    evidence({
      pods: [pod({ ready: true, restarts: 0, state: { kind: 'running' } }, { ready: true })],
      service: {
        name: 'agent-bruno-service',
        found: true,
        selector: { app: 'x' },
        endpointsReady: 0,
        endpointsNotReady: 0,
      },
    }),
    'service-without-endpoints||agent-bruno-service',
  ],
  [
    'the sidecar that crashes is named, not the program beside it',
    evidence({ pods: [pod({ ...ended(1, MODULE), name: 'proxy', role: 'sidecar' })] }),
    'application-startup-failure|proxy|fastapi',
  ],
  [
    'the kubelet’s own failure to read a log is no log',
    evidence({ pods: [pod(ended(1, 'unable to retrieve container logs for containerd://0123456789'))] }),
    'unknown|agent-bruno|',
  ],
];

describe('what the kubelet and the controllers say', () => {
  test.each(FACTS)('%s', (_sentence, seen, key) => {
    expect(classify(seen)[0]?.key).toBe(key);
  });

  test('one bad replica of three is found beside two that are ready', () => {
    const ready = (name: string) =>
      pod({ ready: true, restarts: 0, state: { kind: 'running' } }, { name, uid: name, ready: true });
    const findings = classify(evidence({ pods: [ready('a'), ready('b'), pod(ended(1, MODULE))] }));
    expect(findings.map(({ pod: name, cause }) => [name, cause])).toEqual([
      ['agent-bruno-1', 'application-startup-failure'],
    ]);
  });

  test('the same cause on two pods is one finding', () => {
    const seen = evidence({
      pods: [pod(ended(1, MODULE)), pod(ended(1, MODULE), { name: 'agent-bruno-2', uid: 'u2' })],
    });
    expect(classify(seen)).toHaveLength(1);
  });

  test('nothing is found where nothing is wrong', () => {
    const well = pod({ ready: true, restarts: 0, started: true, state: { kind: 'running' } }, { ready: true });
    expect(classify(evidence({ pods: [well] }))).toEqual([]);
  });

  test('an init container that has done its work is no finding', () => {
    const done = pod({
      name: 'wait',
      role: 'init',
      restarts: 0,
      state: { kind: 'terminated', exitCode: 0, reason: 'Completed' },
    });
    expect(classify(evidence({ pods: [done] }))).toEqual([]);
  });
});

describe('dependencies', () => {
  const down = dependency({
    podsReady: 0,
    endpointsReady: 0,
    notReady: ['redis-0 has redis waiting: CrashLoopBackOff, 4 restarts'],
  });

  test('a dependency that is down is the root of the connection that fails', () => {
    const [first] = classify(evidence({ pods: [pod(ended(1, REDIS))], dependencies: [down] }));
    expect(first).toMatchObject({ key: 'redis-connection-failure|agent-bruno|redis', root: true });
    expect(first?.summary).toContain('0 of 1 pods ready');
  });

  test('a liveness failure only follows from a dependency that is down', () => {
    const seen = evidence({ pods: [pod(ended(137))], events: [killed], dependencies: [down] });
    expect(classify(seen).map(({ cause, root }) => [cause, root])).toEqual([
      ['redis-connection-failure', true],
      ['liveness-probe-failure', false],
    ]);
  });

  test('a dependency that is down does not explain a wrong setting', () => {
    const seen = evidence({ pods: [pod(ended(1, "KeyError: 'MONGODB_URL'\n"))], dependencies: [down] });
    expect(classify(seen)[0]?.key).toBe('configuration-error|agent-bruno|MONGODB_URL');
  });

  test('a dependency whose pods could not be read is not called down', () => {
    const seen = evidence({ pods: [pod(ended(137))], events: [killed], dependencies: [{ ...down, known: false }] });
    expect(classify(seen).map(({ cause }) => cause)).toEqual(['liveness-probe-failure']);
  });

  test('a dependency that is ready is said to be so', () => {
    const [first] = classify(evidence({ pods: [pod(ended(1, REDIS))], dependencies: [dependency()] }));
    expect(first).toMatchObject({ key: 'redis-connection-failure|agent-bruno|redis' });
    expect(first?.summary).toContain('though redis in redis: 1 of 1 pods ready');
  });

  test('an address that was changed while its dependency is ready is configuration, and names the variable', () => {
    const text =
      'redis.exceptions.ConnectionError: Error -2 connecting to redis-mastre.redis:6379. Name or service not known.\n';
    const seen = evidence({
      pods: [pod(ended(1, text))],
      dependencies: [dependency({ hosts: ['redis-mastre.redis'] })],
      difference: {
        against: 'the healthy baseline of 2026-01-01',
        kind: 'baseline',
        changes: [
          {
            container: 'agent-bruno',
            what: 'env REDIS_URL',
            before: 'redis://redis-master.redis',
            after: 'redis://redis-mastre.redis',
          },
        ],
      },
    });
    expect(classify(seen).map(({ key, root }) => [key, root])).toEqual([
      ['configuration-error|agent-bruno|REDIS_URL', true],
      ['redis-connection-failure|agent-bruno|redis-mastre.redis:6379', false],
    ]);
  });
});

describe('the subject of a configuration error', () => {
  const trace = (source: string, error: string): string =>
    `Traceback (most recent call last):\n  File "/app/src/main.py", line 9, in lifespan\n    ${source}\n${error}\n`;
  const NAMES: [sentence: string, text: string, name: string, value: string][] = [
    [
      'is the variable that the failing line reads',
      trace('ttl = int(os.getenv("SESSION_TTL", "1"))', "ValueError: invalid literal for int() with base 10: '24h'"),
      'SESSION_TTL',
      '24h',
    ],
    [
      'is the variable that has the refused value',
      trace('ttl = int(settings.ttl)', "ValueError: invalid literal for int() with base 10: 'one hour'"),
      'SESSION_TTL',
      'one hour',
    ],
    [
      'is the variable that the message means',
      trace('r = from_url(url)', 'ValueError: Redis URL must specify one of the following schemes (redis://)'),
      'REDIS_URL',
      'redis',
    ],
    [
      'is the variable that is missing',
      trace('url = os.environ["MONGODB_URL"]', "KeyError: 'MONGODB_URL'"),
      'MONGODB_URL',
      '',
    ],
    [
      'is the field of a settings class',
      'pydantic_core._pydantic_core.ValidationError: 1 validation error for Settings\nollama_url\n  Field required [type=missing]\n',
      'OLLAMA_URL',
      'x',
    ],
  ];
  test.each(NAMES)('%s', (_sentence, text, name, value) => {
    const seen = evidence({ pods: [pod(ended(3, text))], workload: workload({ env: [{ name, value }] }) });
    expect(classify(seen)[0]?.key).toBe(`configuration-error|agent-bruno|${name}`);
  });
});
