import { describe, expect, test } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import type { Activities } from '../../src/recovery/activities.ts';
import { needs } from '../needs.ts';
import { raisePlan } from '../recovery/samples.ts';
import { until } from './environment.ts';
import { besideProcedure, restoring } from './procedure-world.ts';
import { devServer, serverOfFile } from './servers.ts';

needs('temporal');

const LIMIT = 60_000;

const server = serverOfFile(devServer);

describe('the start of a procedure', () => {
  test(
    'with a wrong start fails at once, with everything that is wrong',
    async () => {
      const message =
        'runbook restore-snapshot cannot be started so: there is no parameter "clain"; parameter "claim" is missing';
      const loadRunbook: Activities['loadRunbook'] = async () => {
        throw ApplicationFailure.nonRetryable(message, 'invalid');
      };
      const played = restoring({ loadRunbook });
      await besideProcedure(server.environment, played, async (handle) => {
        await expect(handle.result()).rejects.toMatchObject({
          cause: { type: 'InvalidStart', message, nonRetryable: true },
        });
      });
      expect(played.calls).toEqual(['loadRunbook']);
    },
    LIMIT,
  );

  test(
    'with an input that is no start fails before anything is loaded',
    async () => {
      const played = restoring();
      await besideProcedure(
        server.environment,
        played,
        async (handle) => {
          await expect(handle.result()).rejects.toMatchObject({
            cause: {
              type: 'InvalidInput',
              message: expect.stringMatching(/"procedure" must be a text.*"params" must be an object/),
            },
          });
        },
        { procedure: 7, params: ['data'] },
      );
      expect(played.calls).toEqual([]);
    },
    LIMIT,
  );

  test(
    'ends with the reason when its plan is refused, and pages nobody',
    async () => {
      const refusal = { code: 'not-found', reason: 'there is no snapshot of claim data' };
      const played = restoring({ planRemedy: async () => ({ plans: [{ ...raisePlan, refusal }], digest: 'p' }) });
      await besideProcedure(server.environment, played, async (handle) => {
        expect(await handle.result()).toMatchObject({ outcome: 'not-done' });
        const { record } = await until(handle, () => true);
        expect(record.closed).toMatchObject({ outcome: 'not-done', why: refusal.reason, standing: [] });
      });
      expect(played.pages).toEqual([]);
    },
    LIMIT,
  );
});
