import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { KintsugiError } from '../errors.ts';

/** Large evidence and state files, named by the SHA-256 of their content: the same content is kept once, on this machine. */
export interface Artifacts {
  /**
   * Keeps content and says its name.
   * @throws KintsugiError `invalid` over the size limit; `unavailable` where the folder cannot be written
   */
  put(content: string | Uint8Array): Promise<{ sha256: string; bytes: number }>;
  /** The content; null if it is not on this machine, or was altered there. */
  get(sha256: string): Promise<Buffer | null>;
  /** Removes what was written longer ago than the age limit. Returns how many files went. */
  prune(): Promise<number>;
}

export interface ArtifactOptions {
  folder: string;
  /** Bytes of one artifact at most; 16 MiB if not given. */
  maxBytes?: number;
  /** Milliseconds that an artifact is kept; 30 days if not given. */
  maxAgeMs?: number;
}

const MAX_BYTES = 16 * 1024 * 1024;
const MAX_AGE_MS = 30 * 24 * 3_600_000;
/** Files are looked through for their age at most this often. */
const PRUNE_EVERY_MS = 3_600_000;
const NAME = /^[0-9a-f]{64}$/;

/** The store's folder in KINTSUGI_HOME, which may begin with `~/`. */
export function artifactFolder(home: string): string {
  return join(home.replace(/^~(?=\/)/, homedir()), 'artifacts');
}

/** Opens the store; the folder is made with the first artifact. */
export function createArtifacts(options: ArtifactOptions): Artifacts {
  const { folder, maxBytes = MAX_BYTES, maxAgeMs = MAX_AGE_MS } = options;
  let prunedAt = 0;
  const pathOf = (sha256: string): string => join(folder, sha256.slice(0, 2), sha256);
  const prune = async (): Promise<number> => {
    prunedAt = Date.now();
    return removeOlderThan(folder, Date.now() - maxAgeMs);
  };
  return {
    prune,
    async put(content) {
      const bytes = typeof content === 'string' ? Buffer.from(content) : Buffer.from(content);
      if (bytes.length > maxBytes) throw tooLarge(bytes.length, maxBytes, folder);
      const sha256 = digestOf(bytes);
      try {
        await writeAtomically(pathOf(sha256), bytes);
      } catch (thrown) {
        throw unwritable(folder, thrown);
      }
      if (Date.now() - prunedAt > PRUNE_EVERY_MS) await prune();
      return { sha256, bytes: bytes.length };
    },
    async get(sha256) {
      if (!NAME.test(sha256)) return null;
      const content = await readOrNull(pathOf(sha256));
      return content !== null && digestOf(content) === sha256 ? content : null;
    },
  };
}

function digestOf(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

/** Whole or not at all: written beside, flushed, and renamed. */
async function writeAtomically(path: string, content: Buffer): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true, mode: 0o700 });
  const beside = `${path}.${randomUUID()}.part`;
  try {
    const file = await open(beside, 'wx', 0o600);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
  } catch (thrown) {
    await rm(beside, { force: true });
    throw thrown;
  }
}

async function readOrNull(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (thrown) {
    if (isMissing(thrown)) return null;
    throw thrown;
  }
}

async function removeOlderThan(folder: string, time: number): Promise<number> {
  let removed = 0;
  for (const path of await filesBelow(folder)) {
    const known = await stat(path).catch(() => null);
    if (known === null || known.mtimeMs >= time) continue;
    await rm(path, { force: true });
    removed += 1;
  }
  return removed;
}

/** Artifacts, and what a killed process left half written. */
async function filesBelow(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true, recursive: true });
    return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  } catch (thrown) {
    if (isMissing(thrown)) return [];
    throw thrown;
  }
}

function isMissing(thrown: unknown): boolean {
  return typeof thrown === 'object' && thrown !== null && 'code' in thrown && thrown.code === 'ENOENT';
}

function tooLarge(bytes: number, maxBytes: number, folder: string): KintsugiError {
  return new KintsugiError('invalid', `an artifact of ${bytes} bytes is over the limit of ${maxBytes}`, {
    where: folder,
    fix: 'Keep less of it, or raise the limit.',
  });
}

function unwritable(folder: string, cause: unknown): KintsugiError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new KintsugiError('unavailable', `the artifact cannot be written: ${reason}`, {
    where: folder,
    fix: 'Check that KINTSUGI_HOME can be written and has room.',
    cause,
  });
}
