import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { cacheFolder } from '../build/cache.ts';
import { identify, isRunning, ownIdentity, parseIdentity } from '../build/process-identity.ts';

/**
 * Makes a folder for this process' Prometheus and Alertmanager (configuration, gateway token, data, logs) below the
 * cache, and removes those of processes that were killed before they could.
 */
export function makeFolder(cache = cacheFolder()): { folder: string; remove: () => Promise<void> } {
  const all = join(cache, 'monitoring');
  mkdirSync(all, { recursive: true });
  for (const name of readdirSync(all)) {
    if (!isInUse(join(all, name))) rmSync(join(all, name), { recursive: true, force: true });
  }
  const folder = mkdtempSync(join(all, `${process.pid}-`));
  writeFileSync(join(folder, 'owner.json'), JSON.stringify(ownIdentity()));
  return { folder, remove: async () => rmSync(folder, { recursive: true, force: true }) };
}

function isInUse(folder: string): boolean {
  try {
    const owner = parseIdentity(readFileSync(join(folder, 'owner.json'), 'utf8'));
    return owner !== undefined && isRunning(owner);
  } catch {
    // Another process may be making it right now: its name begins with that one's pid.
    return identify(Number.parseInt(basename(folder), 10)) !== undefined;
  }
}
