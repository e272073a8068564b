import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import type { Activities } from '../../src/recovery/activities.ts';
import { needs } from '../needs.ts';
import { besideWorker, close, until } from './environment.ts';
import { gate } from './hold.ts';
import { brokenLook, failed, script } from './scripted-activities.ts';
import { devServer, serverOfFile } from './servers.ts';

needs('temporal');

// The attempt of an answer that never comes ends by Temporal's own limit, after a minute.
const LIMIT = 150_000;

const server = serverOfFile(devServer);

test(
  'a recovery outlives the answer about silences that never came: it asks people without, and takes orders when the attempt has timed out',
  async () => {
    const over = gate();
    const readSilences: Activities['readSilences'] = async () => {
      await over.wait();
      return { silence: null, unread: [], voice: null };
    };
    const played = script({ readSilences, verify: async () => failed, look: async () => brokenLook });
    await besideWorker(server.environment, played.activities, async ({ handle }) => {
      await until(handle, ({ record }) => record.attempts[1]?.approval?.sentBy != null);
      const timedOut = async () => {
        const { events } = await handle.fetchHistory();
        return events?.some(({ activityTaskTimedOutEventAttributes: ended }) => ended != null) === true;
      };
      while (!(await timedOut())) await sleep(500);
      await close(handle);
      expect((await handle.describe()).status.name).toBe('COMPLETED');
      over.open();
    });
  },
  LIMIT,
);
