import { describe, expect, test } from '@jest/globals';
import type { Activities } from '../../src/recovery/activities.ts';
import type { Plan } from '../../src/recovery/values.ts';
import { needs } from '../needs.ts';
import { raisePlan } from '../recovery/samples.ts';
import { RESTORE } from '../recovery/simulated-procedures.ts';
import { order, type RecoveryHandle, until } from './environment.ts';
import { besideProcedure, restoring } from './procedure-world.ts';
import { brokenLook, healthyDiagnosis, healthyLook, type Script, script } from './scripted-activities.ts';
import { serverOfFile, timeSkippingServer } from './servers.ts';

needs('java');

const server = serverOfFile(timeSkippingServer);

const LIMIT = 120_000;

const clear: Plan = { ...raisePlan, summary: 'clear the state', risk: 'high', dataLoss: 'the conversations are lost' };

const asked = (handle: RecoveryHandle) =>
  until(handle, ({ record }) => record.attempts.some(({ stage }) => stage === 'asked'));

describe('a procedure that a person starts', () => {
  test(
    'on a healthy target is planned, approved by two people, done, verified, and ends when it has settled',
    async () => {
      const planRemedy: Activities['planRemedy'] = async () => ({
        plans: [clear],
        digest: 'p',
        developmentCluster: true,
      });
      const loads: unknown[] = [];
      const played = restoring({ planRemedy }, 2);
      const loadRunbook: Activities['loadRunbook'] = async (input) => {
        loads.push(input);
        return played.activities.loadRunbook(input);
      };
      await besideProcedure(
        server.environment,
        { ...played, activities: { ...played.activities, loadRunbook } },
        async (handle) => {
          await asked(handle);
          await order(handle, 'approve', { actor: 'Ana' });
          await expect(order(handle, 'approve', { actor: 'ana ' })).rejects.toMatchObject({
            cause: { message: expect.stringContaining('has approved restore already: it takes 1 more') },
          });
          expect(played.calls).not.toContain('applyAction');
          await order(handle, 'approve', { actor: 'bo' });
          expect(await handle.result()).toMatchObject({ outcome: 'recovered-by-person' });
        },
      );
      const target = { namespace: 'bruno', kind: 'Deployment', name: 'agent-bruno' };
      expect(loads).toEqual([
        { name: RESTORE, target, startedBy: 'person', procedure: 'restore', params: { claim: 'data' } },
      ]);
      const beside = ['look', 'readSilences', 'escalate'];
      expect(played.calls.filter((name) => !beside.includes(name))).toEqual([
        ...['loadRunbook', 'diagnose', 'planRemedy', 'applyAction', 'verify', 'release'],
      ]);
      expect(played.pages).toMatchObject([
        { event: 'approval', page: { dataLoss: ['the conversations are lost'] } },
        { event: 'answered' },
      ]);
    },
    LIMIT,
  );

  /** Its second action fails. */
  const failing: Activities['applyAction'] = async ({ i }) =>
    i === 0 ? { outcome: 'applied' } : { outcome: 'failed', error: { code: 'timeout', message: 'no pod came' } };

  test(
    'that fails is undone, and ends as not done when its target is as before',
    async () => {
      const played = restoring({ applyAction: failing, look: async () => healthyLook });
      await besideProcedure(server.environment, played, async (handle) => {
        await asked(handle);
        await order(handle, 'approve');
        expect(await handle.result()).toMatchObject({ outcome: 'not-done' });
        const { record } = await until(handle, () => true);
        expect(record.closed?.why).toBe('no pod came; everything was undone');
        expect(record.attempts[0]).toMatchObject({ stage: 'undone' });
      });
      expect(played.calls.filter((name) => name === 'compensate')).toHaveLength(1);
      expect(played.pages.map(({ event }) => event)).toEqual(['approval', 'answered']);
    },
    LIMIT,
  );

  test(
    'that fails and leaves its target down pages within two minutes, long before any deadline',
    async () => {
      const down = { ...brokenLook, measure: { ...healthyDiagnosis.measure, ready: 0 } };
      // Who was paged brings it back.
      const isPaged = () => played.pages.some(({ event }) => event === 'trigger');
      const look: Activities['look'] = async () => (isPaged() ? healthyLook : down);
      const diagnose: Activities['diagnose'] = async (input) =>
        input.round === 1 || isPaged() ? healthyDiagnosis : script().activities.diagnose(input);
      const played: Script = restoring({ applyAction: failing, look, diagnose });
      await besideProcedure(server.environment, played, async (handle) => {
        await asked(handle);
        await order(handle, 'approve');
        expect(await handle.result()).toMatchObject({ outcome: 'recovered-by-itself' });
        const { record, events } = await until(handle, () => true);
        const why = record.pages[0]?.rungs[0]?.why;
        expect(why).toMatch(
          /^restore was not done \(no pod came; everything was undone\), and the target is not as it was/,
        );
        const undone = events.findLast(({ kind }) => kind === 'undo-finished');
        const sent = events.find(({ kind }) => kind === 'page-sent');
        expect(Date.parse(sent?.at ?? '') - Date.parse(undone?.at ?? '')).toBeLessThanOrEqual(70_000);
      });
      expect(played.pages.map(({ event }) => event)).toContain('resolve');
    },
    LIMIT,
  );
});
