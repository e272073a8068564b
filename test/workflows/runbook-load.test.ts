import { describe, expect, test } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import type { Activities } from '../../src/recovery/activities.ts';
import { needs } from '../needs.ts';
import { alert, besideWorker, type Started, until } from './environment.ts';
import { type Script, script } from './scripted-activities.ts';
import { serverOfFile, timeSkippingServer } from './servers.ts';

needs('java');

const MINUTE = 60_000;

const server = serverOfFile(timeSkippingServer);

/** A recovery whose runbook cannot be read before `readable` says so; its alert began now. */
async function recovering(
  readable: (tries: number) => boolean,
  see: (started: Started, played: Script) => Promise<void>,
): Promise<void> {
  const good = script().activities;
  let tries = 0;
  const loadRunbook: Activities['loadRunbook'] = async (input) => {
    tries += 1;
    if (!readable(tries)) throw ApplicationFailure.create({ message: 'the disk is away', type: 'unavailable' });
    return good.loadRunbook(input);
  };
  const played = script({ loadRunbook });
  await besideWorker(server.environment, played.activities, (started) => see(started, played));
}

const resolved = (startsAt: string) => ({ v: 1, alerts: [alert(startsAt, { status: 'resolved' })] });

describe('a runbook that cannot be read', () => {
  test('is tried again, beyond one step’s own tries, and the recovery goes on as if nothing had been', async () => {
    await recovering(
      (tries) => tries > 7,
      async ({ handle, startsAt }, played) => {
        await handle.signal('alert', resolved(startsAt));
        expect(await handle.result()).toMatchObject({ outcome: 'recovered' });
        expect(played.calls.filter((name) => name === 'loadRunbook')).toHaveLength(8);
        expect(played.pages).toEqual([]);
      },
    );
  }, 60_000);

  test('pages by the default at the deadline, which was armed before, and is still tried', async () => {
    let mended = false;
    await recovering(
      () => mended,
      async ({ handle, startsAt }, played) => {
        await server.environment.sleep(15 * MINUTE + 5_000);
        const { record, events } = await until(
          handle,
          (now) => now.record.pages[0]?.rungs[0]?.tries[0]?.taken === true,
        );
        expect(record).toMatchObject({
          runbook: null,
          pages: [{ rungs: [{ why: expect.stringContaining('deadline') }] }],
        });
        const sent = events.find(({ kind }) => kind === 'page-sent');
        expect(sent).toMatchObject({ notifier: 'default' });
        const late = Date.parse(sent?.at ?? '') - Date.parse(startsAt) - 15 * MINUTE;
        expect(late).toBeGreaterThanOrEqual(0);
        expect(late).toBeLessThanOrEqual(5_000);
        mended = true;
        await handle.signal('alert', resolved(startsAt));
        expect(await handle.result()).toMatchObject({ outcome: 'recovered-by-itself' });
        expect(played.pages.map(({ event }) => event)).toContain('resolve');
      },
    );
  }, 60_000);
});
