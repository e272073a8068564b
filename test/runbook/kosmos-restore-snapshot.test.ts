import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { loadRunbook, loadStartedRunbook } from '../../src/runbook/load.ts';

const FOLDER = join(import.meta.dirname, '..', '..', 'runbooks');
const NAME = 'kosmos-restore-snapshot';

/** The actions' parameters, by action, as a start leaves them. */
async function started(params: Record<string, string>) {
  const { runbook, procedure } = await loadStartedRunbook(FOLDER, NAME, { params });
  const [restore] = runbook.spec.procedures;
  return { procedure, actions: restore?.actions ?? [] };
}

describe('the runbook that restores a volume', () => {
  test.each(['kubectl get volumesnapshots -n kosmos', 'kubectl apply -f restore-pvc.yaml'])(
    'has the written command %s',
    (command) => {
      expect(readFileSync(join(FOLDER, `${NAME}.yaml`), 'utf8')).toContain(command);
    },
  );

  test('is started by a person alone, who must name the claim, and its plan is approved', async () => {
    const { runbook } = await loadRunbook(FOLDER, NAME);
    expect(runbook.spec.alerts.trigger).toEqual([]);
    expect(runbook.spec.procedures.map(({ approval }) => approval)).toEqual([
      { quorum: 1, expires: '30m', onExpiry: 'escalate' },
    ]);
    await expect(started({})).rejects.toMatchObject({ code: 'invalid', message: expect.stringContaining('claim') });
  });

  test('keeps the order of safety: hold, stop, safety snapshot, restore, bring back, ready, and asks for the data', async () => {
    const { procedure, actions } = await started({ claim: 'zeus-data' });
    expect(procedure).toBe('restore');
    expect(actions).toEqual([
      { 'hold-gitops': {} },
      { scale: { to: 0 } },
      { 'snapshot-volume': { claim: 'zeus-data' } },
      { 'restore-volume': { claim: 'zeus-data', as: 'same' } },
      { scale: { to: 'before' } },
      { 'wait-ready': { timeout: '180s' } },
    ]);
    const { runbook } = await loadRunbook(FOLDER, NAME);
    expect(runbook.spec.verify.checks).toContain('data');
    expect(runbook.spec.dataCheck?.minimum).toEqual({ pointer: '/conversations', value: 1 });
  });

  test('gives the restore what a start says of snapshot, time, way and manifest', async () => {
    const given = { claim: 'zeus-data', before: '2025-12-13T00:00:00Z', as: 'new', manifest: 'restore-pvc' };
    const { actions } = await started(given);
    expect(actions[3]).toEqual({ 'restore-volume': given });
  });
});
