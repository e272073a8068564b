import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import pino from 'pino';
import { actionNamed } from '../../../src/actions/parameters.ts';
import { comparePlans } from '../../../src/actions/plan/compare.ts';
import { applyExport, hasExported } from '../../../src/actions/state/export.ts';
import { planRemedy } from '../../../src/activities/plan-remedy.ts';
import type { Program } from '../../kubernetes/fake-container.ts';
import { noBuilds, planned, RECOVERY, runbookFor } from '../action-context.ts';
import { memoryBaselines } from '../memory-stores.ts';
import { type Agent, dies, FILE, runningPod, SAVE, startAgent, target } from './agent.ts';

/** What a cluster cannot be made to do: workers that die between two lines, answers that are lost, programs that never answer. */

let agent: Agent;
beforeEach(async () => {
  agent = await startAgent();
});
afterEach(() => agent.server.close());

describe('an export', () => {
  test('that is not possible asks to go on without, where that is allowed', async () => {
    agent.withPods([]);
    expect((await agent.exportPlan()).refusal?.code).toBe('not-possible');
    const without = await planned(agent.context(0), 'export-state', { ...SAVE, need: 'if-possible' });
    expect(without.ask).toContain('without export: container app of Deployment test/app does not run now');
    const { apply, hasWritten } = actionNamed('export-state');
    expect(await hasWritten?.(agent.context(), without)).toBe(false);
    expect(await apply(agent.context(), without)).toBe('unchanged');
    agent.withPods([runningPod({ name: 'app-1', readyFor: 100 })]);
    const possible = await planned(agent.context(0), 'export-state', { ...SAVE, need: 'if-possible' });
    // What was approved was to go without: an agent that runs again by then is asked about anew, not passed over.
    expect(comparePlans(without, possible, true).is).toBe('different');
    expect(comparePlans(possible, without, true).is).toBe('different');
    expect((await planned(agent.context(0), 'export-state', { ...SAVE, need: 'never' })).ask).toContain(
      'without export',
    );
  });

  test('that a dead worker has begun is not begun again: nobody knows, and a person is asked', async () => {
    const plan = await agent.exportPlan();
    await expect(applyExport(agent.context(), plan, agent.execWith({ export: dies }))).rejects.toThrow('killed');
    const again = agent.execWith();
    await expect(applyExport(agent.context(), plan, again)).rejects.toMatchObject({
      retryable: false,
      message: expect.stringContaining('nobody knows what became of it'),
    });
    expect(again.ran).toEqual([]);
    expect(await hasExported(agent.context(), plan)).toBe(true);
  });

  test('whose answer was lost is answered from its note, without a second run', async () => {
    const plan = await agent.exportPlan();
    const first = await applyExport(agent.context(), plan, agent.execWith());
    const again = agent.execWith();
    expect(await applyExport(agent.context(), plan, again)).toEqual(first);
    expect(again.ran).toEqual([]);
  });

  test('that failed is a failure, and no change that may stand', async () => {
    const plan = await agent.exportPlan();
    const fails: Program = async () => ({ exitCode: 1, stderr: 'the database is locked' });
    await expect(applyExport(agent.context(), plan, agent.execWith({ export: fails }))).rejects.toMatchObject({
      message: expect.stringContaining('the database is locked'),
    });
    expect(await hasExported(agent.context(), plan)).toBe(false);
  });

  test('of a workload that the runbook is not for is refused', async () => {
    const over = { runbook: runbookFor({ ...target, name: 'another' }) };
    expect((await planned(agent.context(0, over), 'export-state', SAVE)).refusal).toMatchObject({
      code: 'not-the-target',
    });
  });

  test.each(['export-state', 'import-state'])(
    'is no order: %s runs only a program that a runbook names',
    async (action) => {
      const dependencies = {
        artifacts: agent.artifacts,
        executions: agent.executions,
        kubernetes: agent.server.kubernetes,
        baselines: memoryBaselines(),
        log: pino({ level: 'silent' }),
        namespace: 'kintsugi',
        mirrors: {},
        runbooks: '/nowhere/runbooks',
        builds: noBuilds,
        isRunOpen: async () => false,
      };
      const params = { ...SAVE, from: 'exported', input: FILE, save: SAVE };
      const ordered = [{ action, params: action === 'export-state' ? SAVE : { ...params, output: undefined } }];
      const { finding, brokenSince, runbook } = agent.context();
      const input = { recoveryId: RECOVERY, target, runbook, n: 1, finding, remedy: action, brokenSince };
      const { plans } = await planRemedy(
        dependencies,
        { ...input, ordered: JSON.parse(JSON.stringify(ordered)) },
        { heartbeat: () => undefined, signal: new AbortController().signal },
      );
      expect(plans[0]?.refusal).toMatchObject({ code: 'only-from-runbook' });
    },
  );

  test('that came truncated is not kept', async () => {
    const wrong: Program = async () => ({ output: Buffer.from(`${'0'.repeat(64)}  ${FILE}`) });
    const plan = await agent.exportPlan();
    await expect(applyExport(agent.context(), plan, agent.execWith({ sha256sum: wrong }))).rejects.toMatchObject({
      message: expect.stringContaining('truncated'),
      retryable: false,
    });
    expect(agent.artifacts.kept.size).toBe(0);
  });
});
