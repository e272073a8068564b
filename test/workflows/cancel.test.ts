import { describe, expect, test } from '@jest/globals';
import type { Activities, ApplyResult } from '../../src/recovery/activities.ts';
import { needs } from '../needs.ts';
import { recordOf, until } from './environment.ts';
import { gate } from './hold.ts';
import { recoveringOn } from './recovering.ts';
import { asking } from './runbooks.ts';
import { brokenLook, failed, passed, script } from './scripted-activities.ts';
import { devServer, serverOfFile } from './servers.ts';

needs('temporal');

const LIMIT = 60_000;

const server = serverOfFile(devServer);

const recovering = recoveringOn(server);

describe("a cancel from Temporal's UI", () => {
  const broken: Partial<Activities> = { look: async () => brokenLook };

  interface Row {
    phase: string;
    /** The activity that is under way, and what it answers once it may. */
    changes: (wait: () => Promise<void>) => Partial<Activities>;
    undoes: boolean;
    pages: boolean;
  }
  const good = script().activities;
  const write = (result: ApplyResult) => (wait: () => Promise<void>) => ({
    ...broken,
    applyAction: async () => {
      await wait();
      return result;
    },
  });
  const rows: Row[] = [
    {
      phase: 'it diagnoses',
      changes: (wait) => ({
        ...broken,
        diagnose: async (input) => {
          await wait();
          return good.diagnose(input);
        },
      }),
      undoes: false,
      pages: true,
    },
    { phase: 'a write is under way', changes: write({ outcome: 'applied' }), undoes: true, pages: true },
    {
      phase: 'a write is under way that turns out to be held back',
      changes: write({ outcome: 'held-back', why: 'paused' }),
      undoes: false,
      pages: true,
    },
    {
      phase: 'a write is under way that fails',
      changes: write({ outcome: 'failed', error: { code: 'forbidden', message: 'no' } }),
      undoes: false,
      pages: true,
    },
    {
      phase: 'it verifies',
      changes: (wait) => ({
        ...broken,
        verify: async () => {
          await wait();
          return passed;
        },
      }),
      undoes: true,
      pages: true,
    },
    {
      phase: 'it undoes',
      changes: (wait) => ({
        ...broken,
        verify: async () => failed,
        compensate: async () => {
          await wait();
          return { outcome: 'undone' };
        },
      }),
      undoes: true,
      pages: true,
    },
    {
      phase: 'a target that has become healthy is looked at',
      changes: (wait) => ({
        diagnose: async (input) => {
          await wait();
          return good.diagnose(input);
        },
      }),
      undoes: false,
      pages: false,
    },
  ];

  test.each(rows)(
    'while $phase stops, undoes, pages if the target is broken, and closes as cancelled',
    async ({ changes, undoes, pages }) => {
      const under = gate();
      await recovering(changes(under.wait), async (handle, played) => {
        await under.reached;
        await handle.cancel();
        await until(handle, ({ record }) => record.closing !== null);
        under.open();
        expect(await handle.result()).toMatchObject({ outcome: 'cancelled' });
        const { record } = await recordOf(handle);
        expect(record.closed?.standing).toEqual([]);
        expect(played.calls.filter((name) => name === 'compensate')).toHaveLength(undoes ? 1 : 0);
        expect(played.pages.filter(({ event }) => event === 'trigger')).toHaveLength(pages ? 1 : 0);
      });
    },
    LIMIT,
  );

  test(
    'while it waits for approval closes it without a write',
    () =>
      recovering(
        broken,
        async (handle, played) => {
          await until(handle, ({ record }) => record.attempts[0]?.approval?.sentBy != null);
          await handle.cancel();
          expect(await handle.result()).toMatchObject({ outcome: 'cancelled' });
          expect(played.calls).not.toContain('applyAction');
          expect(played.pages.filter(({ event }) => event === 'trigger')).toHaveLength(1);
        },
        asking('10m'),
      ),
    LIMIT,
  );

  test(
    'while it settles leaves the remedy that verified, and pages nobody',
    () =>
      recovering({}, async (handle, played) => {
        await until(handle, ({ record }) => record.recovered !== null && !record.leaseHeld);
        await handle.cancel();
        expect(await handle.result()).toMatchObject({ outcome: 'cancelled' });
        expect(played.calls).not.toContain('compensate');
        expect(played.pages).toEqual([]);
      }),
    LIMIT,
  );
});
