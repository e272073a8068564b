import { describe, expect, test } from '@jest/globals';
import {
  formatTarget,
  parseRecoveryId,
  parseTarget,
  parseWorkflowId,
  recoveryIdOf,
  resolveId,
  taskQueueOf,
  workflowIdOf,
} from '../../src/recovery/ids.ts';

const target = { namespace: 'bruno', kind: 'Deployment', name: 'agent-bruno' };
const workflowId = 'recovery/homelab/bruno/deployment/agent-bruno';

test('a target has one workflow id on a cluster, and the id leads back to it', () => {
  expect(workflowIdOf('homelab', target)).toBe(workflowId);
  expect(parseWorkflowId(workflowId)).toEqual({ cluster: 'homelab', target });
  expect(taskQueueOf('homelab')).toBe('kintsugi-homelab');
});

test('a recovery id is the workflow id with the end of the first run id, for its beginning is the time', () => {
  const recoveryId = recoveryIdOf(workflowId, '0193f0aa-1111-7000-8000-00005d1c0ffe');
  expect(recoveryId).toBe(`${workflowId}@5d1c0ffe`);
  expect(parseRecoveryId(recoveryId)).toEqual({ workflowId, firstRunId: '5d1c0ffe' });
});

describe('a person may write', () => {
  const cases = [
    { text: workflowId, means: { workflowId }, name: 'the workflow id' },
    {
      text: `${workflowId}@0193f0aa`,
      means: { workflowId, recoveryId: `${workflowId}@0193f0aa` },
      name: 'the recovery id',
    },
    { text: 'bruno/Deployment/agent-bruno', means: { workflowId }, name: 'namespace/kind/name' },
    { text: 'some-random-id', means: { workflowId: 'some-random-id' }, name: 'any other workflow id' },
  ];
  for (const { text, means, name } of cases) {
    test(name, () => expect(resolveId(text, 'homelab')).toEqual(means));
  }
});

test('what is no target is not taken for one', () => {
  for (const text of [
    '',
    'bruno',
    'bruno/agent-bruno',
    'bruno/job/x',
    'a/pod/b/c',
    'Bruno/pod/x',
    'a/pod/../b',
    'a/pod/',
  ]) {
    expect(parseTarget(text)).toBeNull();
  }
  expect(parseTarget(formatTarget(target))).toEqual(target);
});
