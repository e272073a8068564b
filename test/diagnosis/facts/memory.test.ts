import { describe, test } from '@jest/globals';
import { ended, pod } from '../evidence.ts';
import { workload } from '../workload.ts';
import { type Case, isToldFirst } from './first-finding.ts';

const MEMORY: Case[] = [
  [
    'the limit and the last working set are named',
    {
      pods: [
        pod({
          ...ended(137, '', 'OOMKilled'),
          lastWorkingSet: { bytes: 120 * 1024 * 1024, at: '2026-01-01T00:00:00Z', ageSeconds: 8 },
        }),
      ],
      workload: workload({ resources: { requests: {}, limits: { memory: '128Mi' } } }),
    },
    'oom-killed|agent-bruno|',
    'limit of 128Mi',
    '120Mi, measured 8 s before',
  ],
  [
    'a working set that nobody measured is unknown',
    {
      pods: [pod({ ...ended(137, '', 'OOMKilled'), lastWorkingSet: 'unknown' })],
      workload: workload({ resources: { requests: {}, limits: { memory: '128Mi' } } }),
    },
    'oom-killed|agent-bruno|',
    'working set is unknown',
  ],
  [
    'without a limit it was the node that ran out',
    { pods: [pod(ended(137, '', 'OOMKilled'))], workload: workload({ resources: { requests: {}, limits: {} } }) },
    'oom-killed|agent-bruno|',
    'its node node-1 ran out of memory',
  ],
];

describe('when memory runs out', () => {
  test.each(MEMORY)('%s', isToldFirst);
});
