import { expect, test } from '@jest/globals';
import type { Activities } from '../../src/recovery/activities.ts';
import { needs } from '../needs.ts';
import { alert, besideWorker, close, until } from './environment.ts';
import { script } from './scripted-activities.ts';
import { devServer, serverOfFile } from './servers.ts';

needs('temporal');

const OTHER = 'high-memory';

const server = serverOfFile(devServer);

test('an alert of another runbook has its turn once the first has recovered, in a run of that type that knows all that was done', async () => {
  const loaded: string[] = [];
  const good = script().activities;
  const loadRunbook: Activities['loadRunbook'] = async (input) => {
    loaded.push(input.name);
    return good.loadRunbook(input);
  };
  // Each of the two looks for, and finds, something of its own.
  const classify: Activities['classify'] = async (input) => {
    const { findings, ...rest } = await good.classify(input);
    return { findings: findings.map((one) => ({ ...one, key: `${one.key}/${loaded.at(-1)}` })), ...rest };
  };
  const { activities } = script({ loadRunbook, classify });
  await besideWorker(server.environment, activities, async ({ handle, startsAt }) => {
    const first = await handle.describe();
    const others = [alert(startsAt, { fingerprint: 'f2', name: 'HighMemory' })];
    await handle.signal('alert', { v: 1, runbook: OTHER, after: '15m', alerts: others });

    const { record, events } = await until(
      handle,
      (now) => now.record.runbookName === OTHER && now.record.recovered !== null,
    );
    const second = await handle.describe();
    expect([first.type, second.type]).toEqual(['agent-bruno-pod-crash-loop', OTHER]);
    expect(second.runId).not.toBe(first.runId);
    expect(events[0]).toMatchObject({ kind: 'snapshot' });
    expect(loaded).toEqual(['agent-bruno-pod-crash-loop', OTHER]);
    expect(record).toMatchObject({ workflowId: handle.workflowId, served: ['agent-bruno-pod-crash-loop'] });
    expect(record.attempts.map(({ episode, stage }) => ({ episode, stage }))).toEqual([
      { episode: 1, stage: 'verified' },
      { episode: 2, stage: 'verified' },
    ]);
    await close(handle);
  });
}, 60_000);
