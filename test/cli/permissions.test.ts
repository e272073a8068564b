import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { demandsOf } from '../../src/cli/doctor/permissions.ts';
import { loadConfiguration } from '../../src/configuration/configuration.ts';
import { loadRunbooks } from '../../src/runbook/load.ts';

const FOLDER = join(import.meta.dirname, '..', '..', 'runbooks');
const configuration = loadConfiguration({ KINTSUGI_REDACTION_KEY: 'k'.repeat(32) });

/** What the shipped runbooks demand in a namespace, as `verb group/resource`. */
async function demanded(namespace: string, runbook: string): Promise<string[]> {
  const { runbooks } = await loadRunbooks(FOLDER);
  const stored = runbooks.filter(({ name }) => name === runbook);
  return demandsOf(configuration, stored)
    .filter(({ name }) => name === `act in ${namespace}`)
    .flatMap(({ permissions }) => permissions)
    .flatMap(({ group, resource, verbs }) => verbs.map((verb) => `${verb} ${group}/${resource}`));
}

describe('what doctor asks RBAC for', () => {
  test('can be said of every shipped runbook', async () => {
    const { runbooks, faults } = await loadRunbooks(FOLDER);
    expect(faults).toEqual([]);
    expect(() => demandsOf(configuration, runbooks)).not.toThrow();
  });

  test('holds the rights on volumes for a runbook that restores one', async () => {
    const rights = await demanded('kosmos', 'kosmos-restore-snapshot');
    for (const right of [
      'patch /persistentvolumes',
      'delete /persistentvolumeclaims',
      'create snapshot.storage.k8s.io/volumesnapshots',
      'patch batch/cronjobs',
    ])
      expect(rights).toContain(right);
  });

  test('holds none of them for a runbook that only scales a dependency up', async () => {
    const rights = await demanded('redis', 'agent-bruno-pod-crash-loop');
    expect(rights.filter((right) => /persistentvolumes$|cronjobs|volumesnapshots/.test(right))).toEqual([]);
  });
});
