import { describe, expect, test } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import type { Activities } from '../../src/recovery/activities.ts';
import type { Plan } from '../../src/recovery/values.ts';
import { needs } from '../needs.ts';
import { raisePlan } from '../recovery/samples.ts';
import { RESTORE, restoreRunbook } from '../recovery/simulated-procedures.ts';
import { freshQueue, order, type RecoveryHandle, until, worker } from './environment.ts';
import { brokenLook, healthyDiagnosis, healthyLook, type Script, script } from './scripted-activities.ts';
import { serverOfFile, timeSkippingServer } from './servers.ts';

needs('java');

const server = serverOfFile(timeSkippingServer);

const LIMIT = 120_000;

const clear: Plan = { ...raisePlan, summary: 'clear the state', risk: 'high', dataLoss: 'the conversations are lost' };

/** A worker on whose target all is well, and that knows the procedure `restore`, approved by `quorum` people. */
function restoring(changes: Partial<Activities> = {}, quorum = 1): Script {
  const own = { version: '1.0', digest: 'd'.repeat(64), workerMode: 'auto' as const };
  return script({
    loadRunbook: async ({ name }) => ({ name, ...own, runbook: restoreRunbook(quorum), procedure: 'restore' }),
    diagnose: async () => healthyDiagnosis,
    ...changes,
  });
}

/** Starts it as the command line and the Temporal UI do, and sees what becomes of it beside its worker. */
async function beside(
  played: Script,
  see: (handle: RecoveryHandle) => Promise<void>,
  input: object = {
    target: 'bruno/deployment/agent-bruno',
    procedure: 'restore',
    params: { claim: 'data' },
    actor: 'ana',
  },
): Promise<void> {
  const queue = freshQueue();
  const running = await worker(server.environment, played.activities, queue);
  await running.runUntil(async () => {
    const cluster = queue.replace(/^kintsugi-/, '');
    const workflowId = `recovery/${cluster}/bruno/deployment/agent-bruno`;
    const { client } = server.environment;
    await client.workflow.start(RESTORE, { workflowId, taskQueue: queue, args: [input] });
    await see(client.workflow.getHandle(workflowId) as RecoveryHandle);
  });
}

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
      await beside({ ...played, activities: { ...played.activities, loadRunbook } }, async (handle) => {
        await asked(handle);
        await order(handle, 'approve', { actor: 'Ana' });
        await expect(order(handle, 'approve', { actor: 'ana ' })).rejects.toMatchObject({
          cause: { message: expect.stringContaining('has approved restore already: it takes 1 more') },
        });
        expect(played.calls).not.toContain('applyAction');
        await order(handle, 'approve', { actor: 'bo' });
        expect(await handle.result()).toMatchObject({ outcome: 'recovered-by-person' });
      });
      const target = { namespace: 'bruno', kind: 'Deployment', name: 'agent-bruno' };
      expect(loads).toEqual([
        { name: RESTORE, target, startedBy: 'person', procedure: 'restore', params: { claim: 'data' } },
      ]);
      expect(played.calls.filter((name) => name !== 'look')).toEqual([
        ...['loadRunbook', 'diagnose', 'planRemedy', 'escalate', 'applyAction', 'verify', 'release'],
      ]);
      expect(played.pages).toMatchObject([{ event: 'approval', page: { dataLoss: ['the conversations are lost'] } }]);
    },
    LIMIT,
  );

  test(
    'with a wrong start fails at once, with everything that is wrong',
    async () => {
      const message =
        'runbook restore-snapshot cannot be started so: there is no parameter "clain"; parameter "claim" is missing';
      const loadRunbook: Activities['loadRunbook'] = async () => {
        throw ApplicationFailure.nonRetryable(message, 'invalid');
      };
      const played = restoring({ loadRunbook });
      await beside(played, async (handle) => {
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
      await beside(
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
      await beside(played, async (handle) => {
        expect(await handle.result()).toMatchObject({ outcome: 'not-done' });
        const { record } = await until(handle, () => true);
        expect(record.closed).toMatchObject({ outcome: 'not-done', why: refusal.reason, standing: [] });
      });
      expect(played.pages).toEqual([]);
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
      await beside(played, async (handle) => {
        await asked(handle);
        await order(handle, 'approve');
        expect(await handle.result()).toMatchObject({ outcome: 'not-done' });
        const { record } = await until(handle, () => true);
        expect(record.closed?.why).toBe('no pod came; everything was undone');
        expect(record.attempts[0]).toMatchObject({ stage: 'undone' });
      });
      expect(played.calls.filter((name) => name === 'compensate')).toHaveLength(1);
      expect(played.pages.map(({ event }) => event)).toEqual(['approval']);
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
      const diagnose: Activities['diagnose'] = async () => healthyDiagnosis;
      const played: Script = restoring({ applyAction: failing, look, diagnose });
      await beside(played, async (handle) => {
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
