import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { KeyPair } from './certificates.ts';

/** Writes a kubeconfig with everything embedded, readable by its owner alone, and returns its path. */
export function writeKubeconfig(
  folder: string,
  name: string,
  server: string,
  authorityFile: string,
  user: KeyPair,
): string {
  const embedded = (file: string) => readFileSync(file).toString('base64');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'kintsugi', cluster: { server, 'certificate-authority-data': embedded(authorityFile) } }],
    users: [
      {
        name,
        user: { 'client-certificate-data': embedded(user.certificate), 'client-key-data': embedded(user.key) },
      },
    ],
    contexts: [{ name: 'kintsugi', context: { cluster: 'kintsugi', user: name } }],
    'current-context': 'kintsugi',
  };
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, `${name}.kubeconfig`);
  writeFileSync(file, stringify(config), { mode: 0o600 });
  return file;
}
