import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A generated file: its path from the root of the repository, and its whole text. */
export interface Output {
  file: string;
  text: string;
}

/** Whether the file on disk is not what would be generated. */
export function isStale(root: string, { file, text }: Output): boolean {
  try {
    return readFileSync(join(root, file), 'utf8') !== text;
  } catch {
    return true;
  }
}

/** Writes the file with its folder. */
export function write(root: string, { file, text }: Output): void {
  const path = join(root, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

const repository = join(import.meta.dirname, '../..');

/** Code or JSON as the project's formatter would leave it, so that a generated file never fails the check. */
export function formatted({ file, text }: Output): Output {
  const biome = join(repository, 'node_modules/.bin/biome');
  const result = execFileSync(biome, ['format', `--stdin-file-path=${file}`], {
    cwd: repository,
    input: text,
    encoding: 'utf8',
  });
  return { file, text: result };
}
