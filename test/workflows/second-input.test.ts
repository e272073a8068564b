import { needs } from '../needs.ts';

needs('temporal');

import { expect, test } from '@jest/globals';
import { freshQueue, worker } from './environment.ts';
import { script } from './scripted-activities.ts';
import { devServer, serverOfFile } from './servers.ts';

const server = serverOfFile(devServer);

test.each([{}, null, 'text', { v: 1, seq: 7 }])(
  'a start with a second input (%j) fails at once',
  async (second) => {
    const { environment } = server;
    const taskQueue = freshQueue();
    const running = await worker(environment, script().activities, taskQueue);
    const started = running.runUntil(() =>
      environment.client.workflow.execute('agent-bruno-pod-crash-loop', {
        workflowId: `recovery/test/bruno/deployment/${taskQueue}`,
        taskQueue,
        args: [{}, second],
        workflowExecutionTimeout: '20s',
      }),
    );
    await expect(started).rejects.toMatchObject({ cause: { type: 'InvalidInput' } });
  },
  30_000,
);
