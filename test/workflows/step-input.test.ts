import { expect, test } from '@jest/globals';
import type { Activities, StepContext } from '../../src/recovery/activities.ts';
import { needs } from '../needs.ts';
import { runbookOf } from '../runbook/agent-bruno.ts';
import { alert, besideWorker, close, order, until } from './environment.ts';
import { script } from './scripted-activities.ts';
import { devServer, serverOfFile } from './servers.ts';

needs('temporal');

const server = serverOfFile(devServer);

const runbook = runbookOf({ namespace: 'bruno', dependencies: [] });
/** The written runbook alone is five times as much. */
const MOST_BYTES = 4 * 1024;

test('a step that only looks at the target, or undoes, is not given what the runbook says for people and of remedies', async () => {
  const given: Record<string, StepContext> = {};
  const good = script({}, runbook).activities;
  const changes: Partial<Activities> = {
    verify: async (input) => {
      given.verify = input;
      return good.verify(input);
    },
    look: async (input) => {
      given.look = input;
      return good.look(input);
    },
    release: async (input) => {
      given.release = input;
    },
    compensate: async (input) => {
      given.compensate = input;
      return good.compensate(input);
    },
  };
  await besideWorker(server.environment, script(changes, runbook).activities, async ({ handle, startsAt }) => {
    await until(handle, ({ record }) => record.recovered !== null && given.release !== undefined);
    await handle.signal('alert', { v: 1, alerts: [alert(startsAt)] });
    await order(handle, 'undo');
    await until(handle, ({ record: { attempts } }) => attempts[0]?.stage === 'undone' && given.look !== undefined);
    await close(handle);
  });
  expect(Object.keys(given).sort()).toEqual(['compensate', 'look', 'release', 'verify']);
  const { target, dependencies, verify, variables } = runbook.spec;
  for (const input of Object.values(given)) {
    expect(input.runbook.spec).toMatchObject({ target, dependencies, verify, variables });
    expect(JSON.stringify(input).length).toBeLessThan(MOST_BYTES);
  }
}, 60_000);
