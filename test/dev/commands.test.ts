import { expect, test } from '@jest/globals';
import { commandText, run } from '../../dev/build/commands.ts';

test('a command line is shown without the values of options for secrets', () => {
  const args = [
    'copy',
    '--dest-creds',
    'kintsugi:hunter2',
    '--password=hunter2',
    '--dest-tls-verify=false',
    'docker://x',
  ];
  expect(commandText('skopeo', args)).toBe(
    'skopeo copy --dest-creds *** --password=*** --dest-tls-verify=false docker://x',
  );
});

test('a command that fails names itself without its secrets', async () => {
  const failing = run(process.execPath, ['-e', 'process.exit(3)', '--', '--token', 'hunter2']);
  await expect(failing).rejects.toMatchObject({ where: expect.stringContaining('--token ***') });
  await expect(failing).rejects.not.toMatchObject({ where: expect.stringContaining('hunter2') });
});
