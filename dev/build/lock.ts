import { randomUUID } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isRunning, ownIdentity, parseIdentity } from './process-identity.ts';

/** What {@link withLock} is told: who is waiting, and the words for it. */
export interface LockOptions {
  /** Called once when another process holds the lock, with its pid. */
  onWait?: (pid: number) => void;
  signal?: AbortSignal | undefined;
}

/**
 * Runs `work` while holding a lock file. The file names its holder by pid and start time, so that the lock of a process
 * that was killed is taken over. Throws what `work` throws, or the signal's reason while waiting.
 */
export async function withLock<T>(file: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  await acquire(file, options);
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

async function acquire(file: string, options: LockOptions): Promise<void> {
  mkdirSync(dirname(file), { recursive: true });
  let told = false;
  for (;;) {
    options.signal?.throwIfAborted();
    if (tryCreate(file)) return;
    const content = readIfThere(file);
    const holder = content === undefined ? undefined : parseIdentity(content);
    if (content !== undefined && (holder === undefined || !isRunning(holder))) {
      takeAway(file, content);
      continue;
    }
    if (holder !== undefined && !told) {
      options.onWait?.(holder.pid);
      told = true;
    }
    await sleep(200);
  }
}

/** Creates the lock with its content in one step (a hard link), so that nobody ever reads a half-written holder. */
function tryCreate(file: string): boolean {
  const draft = `${file}.${randomUUID()}`;
  writeFileSync(draft, JSON.stringify(ownIdentity()));
  try {
    linkSync(draft, file);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Removes a dead holder's lock; a lock that changed hands in the meantime is put back. */
function takeAway(file: string, deadContent: string): void {
  const aside = `${file}.${randomUUID()}`;
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  try {
    if (readFileSync(aside, 'utf8') !== deadContent) linkSync(aside, file);
  } finally {
    rmSync(aside, { force: true });
  }
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
