import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { Params } from '../../src/recovery/values.ts';
import { loadRunbook, loadStartedRunbook } from '../../src/runbook/load.ts';

const FOLDER = join(import.meta.dirname, '..', '..', 'runbooks');
const NAME = 'kosmos-agent-reset';

async function started(params: Params) {
  const { runbook } = await loadStartedRunbook(FOLDER, NAME, { params });
  return { actions: runbook.spec.procedures[0]?.actions ?? [], checks: runbook.spec.verify.checks };
}

describe('the runbook that resets an agent', () => {
  test('is started by a person alone, who names the claim, and two people approve it', async () => {
    const { runbook } = await loadRunbook(FOLDER, NAME);
    expect(runbook.spec.alerts.trigger).toEqual([]);
    expect(runbook.spec.procedures.map(({ approval }) => approval)).toEqual([
      { quorum: 2, expires: '30m', onExpiry: 'escalate' },
    ]);
    await expect(started({})).rejects.toMatchObject({ code: 'invalid', message: expect.stringContaining('claim') });
  });

  test('exports while the agent runs, then keeps the order of safety, and leaves the claim if nobody asks', async () => {
    const { actions, checks } = await started({ claim: 'zeus-data' });
    expect(actions.slice(1)).toEqual([
      { 'hold-gitops': {} },
      { scale: { to: 0 } },
      { 'snapshot-volume': { claim: 'zeus-data' } },
      { 'delete-claim': { claim: 'zeus-data', only: false } },
      { 'apply-manifests': { from: 'k8s/agents/$name/' } },
      { scale: { to: 'before' } },
      { 'wait-ready': { timeout: '180s' } },
    ]);
    expect(actions[0]).toMatchObject({ 'export-state': { need: 'if-possible', output: '/tmp/state.json' } });
    expect(checks).toContainEqual({ data: { unless: false } });
  });

  test('asks for no data where it was to be cleared', async () => {
    const { actions, checks } = await started({ claim: 'zeus-data', clearState: true, manifests: 'live' });
    expect(actions[4]).toEqual({ 'delete-claim': { claim: 'zeus-data', only: true } });
    expect(actions[5]).toEqual({ 'apply-manifests': { from: 'live' } });
    expect(checks).toContainEqual({ data: { unless: true } });
  });
});
