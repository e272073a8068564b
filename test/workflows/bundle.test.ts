import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { workflowBundle } from './environment.ts';

const root = join(import.meta.dirname, '..', '..');
/** A copy of the sandbox's code to which one more import is added. */
const copy = mkdtempSync(join(tmpdir(), 'kintsugi-sandbox-'));
for (const folder of ['workflows', 'recovery'])
  cpSync(join(root, 'src', folder), join(copy, 'src', folder), { recursive: true });
for (const file of ['biome.json', 'package.json']) cpSync(join(root, file), join(copy, file));
symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
afterAll(() => rmSync(copy, { recursive: true, force: true }));

/** Bundles the copy's workflows with one more line in them. */
async function bundleWith(line: string): Promise<string> {
  const workflowsPath = join(copy, 'src', 'workflows', 'index.ts');
  writeFileSync(workflowsPath, `${line}\nexport { recover as default } from './recovery.ts';\n`);
  const { code } = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') });
  return code;
}

/** What the linter says of a file of the copy with one import. */
function lint(folder: string, line: string, name = 'extra.ts'): { status: number | null; output: string } {
  const file = join('src', folder, name);
  writeFileSync(join(copy, file), line);
  const args = ['lint', '--vcs-enabled=false', file];
  const { status, stdout, stderr } = spawnSync(join(root, 'node_modules', '.bin', 'biome'), args, { cwd: copy });
  if (existsSync(join(root, file))) cpSync(join(root, file), join(copy, file));
  else rmSync(join(copy, file));
  return { status, output: `${stdout}${stderr}` };
}

describe('what workflow code may import', () => {
  test('the bundle holds the heart and no zod, no Kubernetes client and no activity code', async () => {
    const { code } = await workflowBundle();
    expect(code).toContain('src/recovery/decide.ts');
    for (const foreign of [
      'node_modules/zod/',
      '@kubernetes/client-node',
      'src/activities/',
      'src/kubernetes/',
      'node_modules/@temporalio/activity/',
    ]) {
      expect(code).not.toContain(foreign);
    }
  }, 60_000);

  test.each(['node:fs', '@temporalio/activity'])(
    'a workflow that imports %s cannot be bundled',
    async (module) => {
      await expect(
        bundleWith(`import * as extra from '${module}';\nexport const used = Object.keys(extra);`),
      ).rejects.toThrow();
    },
    60_000,
  );

  test('the bundle checks signatures by libraries that only compute: no clock, no randomness, no input or output', async () => {
    const { code } = await workflowBundle();
    const modules = [...code.matchAll(/node_modules\/@noble\/([\w/.-]+\.js)/g)].map(([, module]) => module);
    expect([...new Set(modules)].sort()).toEqual([
      'ed25519/index.js',
      ...['hashes/_md.js', 'hashes/_u64.js', 'hashes/sha2.js', 'hashes/utils.js'],
    ]);
  }, 60_000);

  test('the linter lets the check of signatures import its two libraries and the heart, and nothing else', () => {
    const lintProof = (line: string) => lint('workflows', line, 'order-proof.ts');
    const allowed =
      "import { verify } from '@noble/ed25519';\nimport { fold } from '../recovery/fold.ts';\n\nexport { fold, verify };\n";
    expect(lintProof(allowed)).toMatchObject({ status: 0 });
    for (const module of ['node:crypto', '@noble/hashes/hmac.js', '@temporalio/workflow', './messages.ts'])
      expect(lintProof(`import * as extra from '${module}';\n\nexport const used = extra;\n`).output).toContain(
        'noRestrictedImports',
      );
  }, 60_000);

  test.each(['node:fs', 'zod', '@temporalio/activity', '@kubernetes/client-node', '@noble/ed25519'])(
    'the linter refuses %s in src/workflows',
    (module) => {
      const { status, output } = lint(
        'workflows',
        `import * as extra from '${module}';\n\nexport const used = extra;\n`,
      );
      expect(output).toContain('noRestrictedImports');
      expect(status).not.toBe(0);
    },
  );

  test.each(['node:fs', 'zod', '@temporalio/workflow', '@noble/hashes/sha2.js'])(
    'the linter refuses %s in src/recovery',
    (module) => {
      const { status, output } = lint(
        'recovery',
        `import * as extra from '${module}';\n\nexport const used = extra;\n`,
      );
      expect(output).toContain('noRestrictedImports');
      expect(status).not.toBe(0);
    },
  );
});
