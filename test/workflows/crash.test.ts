import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from '@jest/globals';
import type { ApplyInput, CompensateInput } from '../../src/recovery/activities.ts';
import { needs } from '../needs.ts';
import { raisePlan } from '../recovery/samples.ts';
import { alert, close, freshQueue, startByAlert, until, worker } from './environment.ts';
import { withFirstRung } from './runbooks.ts';
import { brokenLook, failed, script } from './scripted-activities.ts';
import { devServer, serverOfFile } from './servers.ts';

needs('temporal');

const LIMIT = 90_000;

const server = serverOfFile(devServer);

const workers: ChildProcess[] = [];
afterAll(async () => {
  for (const process of workers) await kill(process);
});

/** Starts a worker that never ends the named activity; `asked` is what that was called with. */
function doomedWorker(queue: string, rung: string, held: 'diagnose' | 'applyAction') {
  const program = fileURLToPath(new URL('worker-process.ts', import.meta.url));
  const child = spawn(process.execPath, [program, server.address, queue, rung, held], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  workers.push(child);
  const asked = once(createInterface({ input: child.stdout }), 'line').then(([line]) => JSON.parse(String(line)));
  return { child, asked };
}

/** Ends a worker as a machine does that loses its power. */
async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

test(
  'after the death of a worker in mid-write the write is done again, as the same step by the same plan, and its undo is known',
  async () => {
    const queue = freshQueue();
    const { child, asked } = doomedWorker(queue, '15m', 'applyAction');
    const handle = await startByAlert(server.environment, queue, [alert(new Date().toISOString())]);
    const first: ApplyInput = await asked;
    await kill(child);

    const applied: ApplyInput[] = [];
    const undone: CompensateInput[] = [];
    const played = script({
      applyAction: async (input) => {
        applied.push(input);
        return { outcome: 'applied' };
      },
      verify: async () => failed,
      look: async () => brokenLook,
      compensate: async (input) => {
        undone.push(input);
        return { outcome: 'undone' };
      },
    });
    const second = await worker(server.environment, played.activities, queue);
    await second.runUntil(async () => {
      const answer = await until(handle, ({ record }) => record.attempts[0]?.stage === 'undone');
      expect(applied.map(({ i }) => i)).toEqual([0, 1]);
      expect(applied[0]).toEqual(first);
      expect(undone).toMatchObject([{ plan: raisePlan }]);
      expect(undone[0]?.step).toBeGreaterThan(first.step);
      expect(answer.events.filter(({ kind }) => kind === 'action-started')).toHaveLength(2);
      expect(played.calls).not.toContain('loadRunbook');
      await close(handle);
    });
  },
  LIMIT,
);

test(
  'a deadline that passed while no worker was there is kept as soon as one is: the page comes first',
  async () => {
    const queue = freshQueue();
    const { child, asked } = doomedWorker(queue, '20s', 'diagnose');
    const startsAt = new Date().toISOString();
    const handle = await startByAlert(server.environment, queue, [alert(startsAt)]);
    await asked;
    await kill(child);
    const deadline = Date.parse(startsAt) + 20_000;
    while (Date.now() < deadline) await sleep(100);

    const played = script({}, withFirstRung('20s'));
    const second = await worker(server.environment, played.activities, queue);
    await second.runUntil(async () => {
      const { record, events } = await until(handle, (now) => now.record.pages[0]?.rungs[0]?.tries[0]?.taken === true);
      expect(record.pages[0]?.rungs[0]?.why).toBe('the deadline has passed and the target is not healthy');
      expect(played.pages[0]).toMatchObject({ event: 'trigger', notifier: 'webhook' });
      const kinds = events.map(({ kind }) => kind);
      expect(kinds).not.toContain('action-started');
      await close(handle);
    });
  },
  LIMIT,
);
