import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** A file of the store's folder. */
export interface StoredFile {
  path: string;
  name: string;
  bytes: number;
  writtenAt: Date;
}

/** Every file below a folder: artifacts, and what a killed process left half written. None if the folder is not there. */
export async function filesBelow(folder: string): Promise<StoredFile[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch((thrown: unknown) => {
    if (isMissing(thrown)) return [];
    throw thrown;
  });
  const files = entries.filter((entry) => entry.isFile());
  const known = await Promise.all(
    files.map(async ({ parentPath, name }) => {
      const path = join(parentPath, name);
      const stats = await stat(path).catch(() => null);
      return stats === null ? [] : [{ path, name, bytes: stats.size, writtenAt: stats.mtime }];
    }),
  );
  return known.flat();
}

/** Removes what was written before a time. Returns how many files went. */
export async function removeOlderThan(folder: string, time: number): Promise<number> {
  const old = (await filesBelow(folder)).filter(({ writtenAt }) => writtenAt.getTime() < time);
  for (const { path } of old) await rm(path, { force: true });
  return old.length;
}

export function isMissing(thrown: unknown): boolean {
  return typeof thrown === 'object' && thrown !== null && 'code' in thrown && thrown.code === 'ENOENT';
}
