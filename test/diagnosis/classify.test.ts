import { describe, expect, test } from '@jest/globals';
import { classify } from '../../src/diagnosis/classify.ts';
import type { Evidence } from '../../src/diagnosis/evidence.ts';
import { ended, evidence, killedByLiveness, MODULE_MISSING, pod, REDIS_REFUSED } from './evidence.ts';

const unhealthy = (message: string) => ({ type: 'Warning', reason: 'Unhealthy', message });

const FACTS: [sentence: string, seen: Evidence, key: string][] = [
  [
    'OOMKilled outranks the Redis noise in the log',
    evidence({ pods: [pod(ended(137, REDIS_REFUSED, 'OOMKilled'))] }),
    'oom-killed|agent-bruno|',
  ],
  ['exit code 137 alone is no OOM', evidence({ pods: [pod(ended(137))] }), 'unknown|agent-bruno|'],
  [
    'exit code 137 with the kubelet’s kill is the liveness probe',
    evidence({
      pods: [pod(ended(137))],
      events: [
        unhealthy('Liveness probe failed: Get "http://10.1.2.3:8080/health": context deadline exceeded'),
        killedByLiveness,
      ],
    }),
    'liveness-probe-failure|agent-bruno|:8080/health',
  ],
  [
    'a program that ends by its own exception is not killed by the probe that failed meanwhile',
    evidence({
      pods: [pod(ended(1, MODULE_MISSING))],
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
    evidence({ pods: [pod({ ...ended(1, MODULE_MISSING), name: 'proxy', role: 'sidecar' })] }),
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
    const findings = classify(evidence({ pods: [ready('a'), ready('b'), pod(ended(1, MODULE_MISSING))] }));
    expect(findings.map(({ pod: name, cause }) => [name, cause])).toEqual([
      ['agent-bruno-1', 'application-startup-failure'],
    ]);
  });

  test('the same cause on two pods is one finding', () => {
    const seen = evidence({
      pods: [pod(ended(1, MODULE_MISSING)), pod(ended(1, MODULE_MISSING), { name: 'agent-bruno-2', uid: 'u2' })],
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
