import { needs } from '../needs.ts';

needs('temporal');

import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { isRunOpen, wasCutShort } from '../../src/temporal/open-runs.ts';
import { devServer, serverOfFile } from '../workflows/servers.ts';

const server = serverOfFile(devServer);

test('a run that was terminated was cut short; one that is open, or that nobody knows, was not', async () => {
  const { client } = server.environment;
  const workflowId = 'recovery/default/bruno/deployment/agent-bruno';
  const start = async () => {
    const handle = await client.workflow.start('any', { workflowId, taskQueue: 'nobody' });
    return { handle, recoveryId: `${workflowId}@${handle.firstExecutionRunId.slice(-8)}` };
  };
  const former = await start();
  expect(await isRunOpen(client, former.recoveryId)).toBe(true);
  expect(await wasCutShort(client, former.recoveryId)).toBe(false);
  await former.handle.terminate();
  const next = await start();
  // Temporal's lists follow its histories with a little delay.
  while (!(await wasCutShort(client, former.recoveryId))) await sleep(100);
  expect(await isRunOpen(client, former.recoveryId)).toBe(false);
  expect(await wasCutShort(client, next.recoveryId)).toBe(false);
  expect(await wasCutShort(client, `${workflowId}@00000000`)).toBe(false);
}, 60_000);
