import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { V1Pod } from '@kubernetes/client-node';
import { chooseContainer } from '../../../src/actions/state/container.ts';
import { readOwned } from '../../../src/kubernetes/revisions.ts';
import { waiting } from '../../verification/objects.ts';
import { type Agent, runningPod, startAgent, target } from './agent.ts';

let agent: Agent;
beforeEach(async () => {
  agent = await startAgent();
});
afterEach(() => agent.server.close());

describe('the container that is meant', () => {
  const chosen = async (pods: V1Pod[], named?: string) => {
    agent.withPods(pods);
    return chooseContainer(await readOwned(agent.server.kubernetes, target), { pod: named, container: 'app' });
  };
  const [old, fresh] = [runningPod({ name: 'app-1' }), runningPod({ name: 'app-2', readyFor: 5 })];

  test('is the only one that runs, also one that is not ready', async () => {
    expect(await chosen([old])).toMatchObject({ pod: 'app-1' });
  });

  test('is the ready one beside one that is not, unless a pod is named', async () => {
    expect(await chosen([old, fresh])).toMatchObject({ pod: 'app-2' });
    expect(await chosen([old, fresh], 'app-1')).toMatchObject({ pod: 'app-1' });
  });

  test('is asked for where several serve, each with a state of its own', async () => {
    const both = [runningPod({ name: 'app-1', readyFor: 50 }), fresh];
    expect(await chosen(both)).toMatchObject({
      refusal: { code: 'several-pods', reason: expect.stringContaining('app-2') },
    });
  });

  test('is none while it waits to be started again', async () => {
    expect(await chosen([runningPod({ state: waiting('CrashLoopBackOff') })])).toMatchObject({
      refusal: { code: 'not-possible', reason: expect.stringContaining('CrashLoopBackOff') },
    });
  });

  test('is never one of another workload', async () => {
    expect(await chosen([old], 'other-1')).toMatchObject({ refusal: { code: 'not-found' } });
  });
});
