import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, jest, test } from '@jest/globals';
import { execa } from 'execa';
import { emptyState } from '../../dev/cluster/state.ts';

// Each test starts a process, which a busy machine takes seconds for.
jest.setTimeout(60_000);

const folder = mkdtempSync(join(tmpdir(), 'kintsugi-cluster-command-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs `npm run cluster -- ...` with a state and a cache of its own, where no cluster ever was. */
async function cluster(args: string[], environment: Record<string, string> = {}) {
  return execa(process.execPath, ['dev/cluster/main.ts', ...args], {
    reject: false,
    env: { KINTSUGI_CACHE: folder, KINTSUGI_DEV_STATE: '', KINTSUGI_DEV_KUBECONFIG: '', ...environment },
  });
}

describe('npm run cluster', () => {
  test.each([
    ['a wrong command', ['start'], "unknown command 'start'"],
    ['no command', [], 'a command is missing'],
    ['an argument too many', ['up', 'now'], 'up takes no argument: now'],
    ['an image without its file', ['load-image'], 'load-image takes one FILE'],
  ])('with %s ends with 2 and lists the known ones', async (_, args, problem) => {
    const result = await cluster(args);
    expect(result.exitCode).toBe(2);
    expect(result.stdout).toBe('');
    expect(result.stderr).toContain(problem);
    for (const command of ['up', 'down', 'status', 'load-image FILE']) expect(result.stderr).toContain(`  ${command} `);
  });

  test('status says that there is no cluster, and ends with 1', async () => {
    const result = await cluster(['status']);
    expect(result).toMatchObject({ exitCode: 1, stdout: 'no cluster' });
  });

  test('down where there is none is no fault', async () => {
    const result = await cluster(['down']);
    expect(result).toMatchObject({ exitCode: 0, stderr: 'there is no cluster of ours to stop' });
  });

  test('down leaves a cluster alone that KINTSUGI_DEV_KUBECONFIG names, and our own with it', async () => {
    const state = join(folder, 'state.json');
    writeFileSync(state, JSON.stringify(emptyState('kind', 'recipe', join(folder, 'data'))));
    const environment = { KINTSUGI_DEV_KUBECONFIG: '/some.kubeconfig', KINTSUGI_DEV_STATE: state };
    const result = await cluster(['down'], environment);
    expect(result).toMatchObject({ exitCode: 0, stderr: 'there is no cluster of ours to stop' });
    expect(existsSync(state)).toBe(true);
  });

  test('load-image says that no cluster runs, and how to start one', async () => {
    const result = await cluster(['load-image', 'image.tar']);
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toContain('no development cluster runs');
    expect(result.stderr).toContain('npm run cluster -- up');
  });

  test('with a kubeconfig that is not there names the file, and looks at no other', async () => {
    const missing = join(folder, 'missing.kubeconfig');
    const result = await cluster(['up'], { KINTSUGI_DEV_KUBECONFIG: missing });
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toContain(`the kubeconfig cannot be read: ${missing}`);
  });
});
