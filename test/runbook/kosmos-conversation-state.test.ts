import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { loadRunbook, loadStartedRunbook } from '../../src/runbook/load.ts';
import type { Start } from '../../src/runbook/start.ts';

const FOLDER = join(import.meta.dirname, '..', '..', 'runbooks');
const NAME = 'kosmos-conversation-state';
const DIGEST = 'a'.repeat(64);

/** The actions of a procedure, as a start leaves them. */
async function started(start: Start) {
  const { runbook, procedure } = await loadStartedRunbook(FOLDER, NAME, start);
  return runbook.spec.procedures.find(({ name }) => name === procedure)?.actions ?? [];
}

describe('the runbook of conversation state', () => {
  // "Conversation State Recovery" of the written runbook, its continued lines as one.
  test.each([
    'kubectl exec -it <pod-name> -n kosmos -- python -m kosmos.tools.export_state --output /tmp/state.json',
    'kubectl cp state.json <pod-name>:/tmp/ -n kosmos',
    'kubectl exec -it <pod-name> -n kosmos -- python -m kosmos.tools.import_state --input /tmp/state.json',
  ])('has the written command %s', (command) => {
    expect(readFileSync(join(FOLDER, `${NAME}.yaml`), 'utf8')).toContain(command);
  });

  test('is started by a person alone; an export needs no other approval, what replaces a state does', async () => {
    const { runbook } = await loadRunbook(FOLDER, NAME);
    expect(runbook.spec.alerts.trigger).toEqual([]);
    const asked = { quorum: 1, expires: '30m', onExpiry: 'escalate' };
    expect(runbook.spec.procedures.map(({ name, approval }) => [name, approval])).toEqual([
      ['export', 'none'],
      ['import', asked],
      ['move', asked],
    ]);
    await expect(started({})).rejects.toMatchObject({ message: expect.stringContaining('export, import, move') });
  });

  test('runs the written programs, with a file and times that a start may change', async () => {
    const [action] = await started({
      procedure: 'export',
      params: { pod: 'zeus-1', file: '/data/s.json', timeout: '30s' },
    });
    expect(action).toEqual({
      'export-state': {
        pod: 'zeus-1',
        container: '$container',
        command: ['python', '-m', 'kosmos.tools.export_state', '--output', '/data/s.json'],
        output: '/data/s.json',
        timeout: '30s',
        limit: '256Mi',
      },
    });
  });

  test('imports the artifact that a start names, and exports what is there first', async () => {
    const [action] = await started({ procedure: 'import', params: { artifact: DIGEST } });
    expect(action).toMatchObject({
      'import-state': {
        from: DIGEST,
        command: ['python', '-m', 'kosmos.tools.import_state', '--input', '/tmp/state.json'],
        save: { command: ['python', '-m', 'kosmos.tools.export_state', '--output', '/tmp/state.json'] },
      },
    });
    expect(action?.['import-state']).not.toHaveProperty('pod');
  });

  test('moves by export, replacement and import, in this order', async () => {
    const actions = await started({ procedure: 'move' });
    expect(actions.map((action) => Object.keys(action)[0])).toEqual(['export-state', 'replace-pods', 'import-state']);
    expect(actions.at(-1)).toMatchObject({ 'import-state': { from: 'exported' } });
  });
});
