import { describe, test } from '@jest/globals';
import type { ContainerEvidence } from '../../../src/diagnosis/evidence/pod.ts';
import type { ContainerTemplate } from '../../../src/diagnosis/evidence/workload.ts';
import type { Evidence } from '../../../src/diagnosis/evidence.ts';
import { ended, killedByLiveness, pod } from '../evidence.ts';
import { workload } from '../workload.ts';
import { type Case, isToldFirst } from './first-finding.ts';
import { running, warning } from './seen.ts';

const probed = (path: string): Partial<ContainerTemplate> => ({
  ports: [{ port: 8080 }],
  probes: { liveness: { httpGet: { path, port: 8080 } }, readiness: { httpGet: { path, port: 8080 } } },
});
const liveness = (message: string, container: Partial<ContainerEvidence> = {}): Partial<Evidence> => ({
  pods: [pod({ ...ended(137), ...container })],
  events: [warning('Unhealthy', `Liveness probe failed: ${message}`), killedByLiveness],
  workload: workload(probed('/health')),
});

const PROBES: Case[] = [
  [
    'a wrong path is not cured by patience',
    liveness('HTTP probe failed with statuscode: 404'),
    'liveness-probe-failure|agent-bruno|:8080/health',
    'no such path',
    'patience does not cure it',
  ],
  [
    'a program that says it is unwell is not cured by patience',
    liveness('HTTP probe failed with statuscode: 500'),
    'liveness-probe-failure|agent-bruno|:8080/health',
    'status 500',
    'patience does not cure it',
  ],
  [
    'a wrong port: what the container declares',
    liveness('Get "http://10.1.1.1:8080/health": dial tcp 10.1.1.1:8080: connect: connection refused'),
    'liveness-probe-failure|agent-bruno|:8080/health',
    'declares 8080',
  ],
  [
    'an answer that comes late',
    liveness(
      'Get "http://10.1.1.1:8080/health": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
    ),
    'liveness-probe-failure|agent-bruno|:8080/health',
    'does not answer in time',
    'startupProbe',
  ],
  [
    'an answer that comes late because the CPU is throttled',
    liveness('Get "http://10.1.1.1:8080/health": context deadline exceeded', {
      throttling: { periods: 1000, throttled: 830 },
    }),
    'liveness-probe-failure|agent-bruno|:8080/health',
    'throttled in 83 % of periods',
    'patience alone does not cure it',
  ],
];

const STILL_SERVING: Case[] = [
  [
    'a liveness probe that fails again and again, not yet often enough in a row',
    {
      pods: [pod({ ...running(), ready: true }, { ready: true })],
      events: [
        {
          ...warning('Unhealthy', 'Liveness probe failed: HTTP probe failed with statuscode: 500'),
          count: 7,
          lastSeen: '2025-12-31T23:59:50.000Z',
        },
      ],
      workload: workload(probed('/health')),
    },
    'liveness-probe-failure|agent-bruno|:8080/health',
    'fails (7 times so far), not yet enough to be ended for it',
  ],
];

describe('when a probe fails', () => {
  test.each(PROBES)('%s', isToldFirst);
});

describe('when a container serves all the same', () => {
  test.each(STILL_SERVING)('%s', isToldFirst);
});
