import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../build/commands.ts';
import { PAUSE_IMAGE } from './layout.ts';

/** Makes the image of the container that holds a pod's network: one program, one layer, a docker archive. Returns its path. */
export async function createPauseImage(folder: string, program: string): Promise<string> {
  const contents = join(folder, 'contents');
  mkdirSync(contents, { recursive: true });
  copyFileSync(program, join(contents, 'pause'));
  await run('tar', ['--owner=0', '--group=0', '-cf', join(folder, 'layer.tar'), '-C', contents, 'pause']);
  const configuration = JSON.stringify({
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: { Entrypoint: ['/pause'], User: '65534' },
    rootfs: { type: 'layers', diff_ids: [`sha256:${digest(readFileSync(join(folder, 'layer.tar')))}`] },
  });
  const configurationFile = `${digest(configuration)}.json`;
  writeFileSync(join(folder, configurationFile), configuration);
  const manifest = [{ Config: configurationFile, RepoTags: [PAUSE_IMAGE], Layers: ['layer.tar'] }];
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest));
  const archive = join(folder, 'pause.tar');
  await run('tar', ['-cf', archive, '-C', folder, 'manifest.json', configurationFile, 'layer.tar']);
  return archive;
}

function digest(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
