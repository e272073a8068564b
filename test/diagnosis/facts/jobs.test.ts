import { describe, test } from '@jest/globals';
import type { WorkloadEvidence } from '../../../src/diagnosis/evidence/workload.ts';
import { pod } from '../evidence.ts';
import { workload } from '../workload.ts';
import { type Case, isToldFirst } from './first-finding.ts';

const job = (parts: Partial<NonNullable<WorkloadEvidence['job']>>, conditions: WorkloadEvidence['conditions'] = []) =>
  workload(
    {},
    {
      desired: 0,
      conditions,
      job: {
        name: 'migrate',
        active: 0,
        succeeded: 0,
        failed: 3,
        completions: 1,
        backoffLimit: 2,
        suspended: false,
        ...parts,
      },
    },
  );

const JOBS: Case[] = [
  [
    'a Job that gave up names the cause of its pods',
    {
      workload: job({}, [{ type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded' }]),
      pods: [
        pod(
          {
            restarts: 0,
            state: { kind: 'terminated', reason: 'Error', exitCode: 1 },
            logs: { current: { text: "ModuleNotFoundError: No module named 'alembic'\n", cut: false } },
          },
          { phase: 'Failed' },
        ),
      ],
    },
    'application-startup-failure|agent-bruno|alembic',
  ],
  [
    'a Job that gave up, of which no pod is left',
    { workload: job({}, [{ type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded' }]) },
    'unknown||BackoffLimitExceeded',
    'gave up after 3 failed pods (backoffLimit 2)',
  ],
  [
    'a Job whose time is over',
    {
      workload: job({ deadlineSeconds: 30, failed: 0 }, [
        { type: 'Failed', status: 'True', reason: 'DeadlineExceeded' },
      ]),
    },
    'unresponsive||activeDeadlineSeconds',
    'activeDeadlineSeconds of 30',
  ],
  ['a Job that is suspended', { workload: job({ suspended: true, failed: 0 }) }, 'unknown||suspend', '"suspend":false'],
];

describe('when a Job does not do its work', () => {
  test.each(JOBS)('%s', isToldFirst);
});
