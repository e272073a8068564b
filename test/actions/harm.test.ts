import { describe, expect, test } from '@jest/globals';
import type { Action } from '../../src/actions/action.ts';
import { actionNames } from '../../src/actions/names.ts';
import { actions } from '../../src/actions/registry.ts';
import type { Harm } from '../../src/recovery/values.ts';

/** Every action with parameters, and what it takes from a target: one that is missing here fails the first test. */
const table: Record<string, [params: unknown, harm: Harm | null][]> = {
  'apply-manifests': [[{}, 'redeploys']],
  'copy-secret': [[{}, null]],
  // In place it is refused as long as one pod is ready: there is nothing left that it could stop.
  'debug-session': [
    [{ mode: 'copy' }, null],
    [{ mode: 'in-place' }, null],
  ],
  'delete-claim': [[{ claim: 'data' }, 'replaces-state']],
  'delete-pod': [[{}, null]],
  'export-state': [[{}, null]],
  'flux-reconcile': [[{ force: true }, null]],
  'hold-gitops': [[{}, null]],
  'import-state': [[{ from: 'exported' }, 'replaces-state']],
  'rebuild-image': [[{}, null]],
  'replace-pods': [[{}, null]],
  'restore-env': [[{}, null]],
  'restore-volume': [
    [{ claim: 'data', as: 'same' }, 'replaces-state'],
    [{ claim: 'data', as: 'new' }, 'replaces-state'],
  ],
  'rollout-restart': [[{}, null]],
  'rollout-undo': [[{}, null]],
  scale: [
    [{ to: 0 }, 'stops-workload'],
    [{ replicas: 0 }, 'stops-workload'],
    [{ replicas: 2 }, null],
    [{ to: 'before' }, null],
    [{ of: 'redis' }, null],
  ],
  'set-command': [[{}, null]],
  'set-image': [[{}, null]],
  'set-probe': [[{}, null]],
  'set-resources': [[{}, null]],
  'set-security-context': [[{}, null]],
  'snapshot-volume': [[{}, null]],
  'thread-dump': [[{}, null]],
  'wait-http': [[{}, null]],
  'wait-ready': [[{}, null]],
};

describe('what an action takes from its target', () => {
  test('is said of every action', () => {
    expect(Object.keys(table).sort()).toEqual([...actionNames].sort());
  });

  test.each(Object.entries(table).flatMap(([name, cases]) => cases.map(([params, harm]) => [name, params, harm])))(
    '%s with %j: %s',
    (name, params, harm) => {
      const all: Readonly<Record<string, Action<unknown>>> = actions;
      expect(all[String(name)]?.harm(params)).toBe(harm);
    },
  );
});
