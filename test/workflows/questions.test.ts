import { expect, test } from '@jest/globals';
import type { Activities } from '../../src/recovery/activities.ts';
import { needs } from '../needs.ts';
import { smallRunbook } from '../recovery/samples.ts';
import { alert, close, freshQueue, startByAlert, until, worker } from './environment.ts';
import { gate } from './hold.ts';
import { brokenLook, script } from './scripted-activities.ts';
import { devServer, serverOfFile } from './servers.ts';

needs('temporal');

const server = serverOfFile(devServer);

test('a question is asked while the update of the page hangs and hears no cancellation', async () => {
  const hanging = gate();
  const planning = gate();
  const good = script();
  const escalate: Activities['escalate'] = async (input) => {
    if (input.event === 'update') await hanging.wait();
    return good.activities.escalate(input);
  };
  const planRemedy: Activities['planRemedy'] = async (input) => {
    await planning.wait();
    return good.activities.planRemedy(input);
  };
  // The alert is older than the deadline, so that people have the page before there is a plan.
  const played = script({ escalate, planRemedy, look: async () => brokenLook }, smallRunbook());
  const queue = freshQueue();
  const running = await worker(server.environment, played.activities, queue);
  await running.runUntil(async () => {
    const startsAt = new Date(Date.now() - 20 * 60_000).toISOString();
    const handle = await startByAlert(server.environment, queue, [alert(startsAt)]);
    await hanging.reached;
    planning.open();
    const { record } = await until(handle, (now) => now.record.attempts[0]?.approval?.sentBy != null);
    expect(record.attempts[0]?.approval).toMatchObject({ sentBy: 'webhook', tries: [] });
    expect(good.pages.map(({ event }) => event)).toEqual(['trigger', 'approval']);
    hanging.open();
    await until(handle, () => good.pages.some(({ event }) => event === 'update'));
    await close(handle);
  });
}, 60_000);
