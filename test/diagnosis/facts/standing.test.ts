import { describe, test } from '@jest/globals';
import { pod } from '../evidence.ts';
import { workload } from '../workload.ts';
import { type Case, isToldFirst } from './first-finding.ts';
import { ready, running } from './seen.ts';

const STANDING: Case[] = [
  ['a workload scaled to zero', { workload: workload({}, { desired: 0 }) }, 'unknown||replicas', 'its replicas are 0'],
  [
    'a rollout that is paused',
    { workload: workload({}, { paused: true }), pods: [{ ...ready('a'), current: false }] },
    'unknown||paused',
    'kubectl rollout resume',
  ],
  [
    'a pod that does not end',
    {
      pods: [
        pod(running(), { deleting: true, deleteBy: '2025-12-31T23:50:00.000Z', finalizers: ['example.com/keep'] }),
      ],
    },
    'unresponsive||agent-bruno-1',
    'example.com/keep',
  ],
  [
    'a readiness gate that nobody sets',
    {
      pods: [
        pod(
          { ...running(), ready: true },
          {
            conditions: [
              {
                type: 'Ready',
                status: 'False',
                reason: 'ReadinessGatesNotReady',
                message:
                  'corresponding condition of pod readiness gate "target-health.elbv2.k8s.aws/x" does not exist.',
              },
            ],
          },
        ),
      ],
    },
    'readiness-probe-failure||target-health.elbv2.k8s.aws/x',
    'load balancer',
  ],
  [
    'an init container that waits for ever',
    {
      pods: [
        pod({
          ...running({ state: { kind: 'running', startedAt: '2025-12-31T23:50:00.000Z' } }),
          name: 'wait',
          role: 'init',
          logs: { current: { text: 'waiting for redis\n', cut: false } },
        }),
      ],
    },
    'init-container-failure|wait|wait',
    'does not end',
  ],
];

describe('when something stands', () => {
  test.each(STANDING)('%s', isToldFirst);
});
