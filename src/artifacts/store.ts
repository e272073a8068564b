import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Configuration } from '../configuration/configuration.ts';
import { KintsugiError, messageOf } from '../errors.ts';
import { contentBytes, decrypted, encrypted, HEADER_BYTES, readKey } from './encryption.ts';
import { filesBelow, isMissing, removeOlderThan } from './files.ts';

/** What an artifact is called by, and its size. */
export interface ArtifactRef {
  sha256: string;
  bytes: number;
}

/** An artifact as it lies in the folder. */
export interface ArtifactEntry extends ArtifactRef {
  encrypted: boolean;
  writtenAt: Date;
}

/** Large evidence and state files, named by the SHA-256 of their content: the same content is kept once, in one folder. */
export interface Artifacts {
  /**
   * Keeps content and says its name.
   * @throws KintsugiError `invalid` over the size limit; `unavailable` where the folder cannot be written
   */
  put(content: string | Uint8Array): Promise<ArtifactRef>;
  /** The same for content that comes in pieces: never as a whole in memory, whole or not at all in the folder. */
  putStream(content: AsyncIterable<Uint8Array>, options?: { maxBytes?: number }): Promise<ArtifactRef>;
  /**
   * The content; null if it is not in the folder, or was altered there.
   * @throws KintsugiError `forbidden` without the key that it was encrypted with
   */
  get(sha256: string): Promise<Buffer | null>;
  /**
   * The content as it is read: `content` ends with a KintsugiError `invalid` if it is not what its name says, `forbidden` without
   * the key that it was encrypted with. Null if it is not in the folder.
   */
  open(sha256: string): Promise<{ bytes: number; content: AsyncGenerator<Buffer> } | null>;
  /** What is in the folder, the newest first. */
  list(): Promise<ArtifactEntry[]>;
  /** Removes what was written longer ago than the age limit. Returns how many files went. */
  prune(): Promise<number>;
}

export interface ArtifactOptions {
  folder: string;
  /** KINTSUGI_ARTIFACT_KEY: what is written from now on is encrypted; what was written before stays readable. */
  key?: string;
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
const ENCRYPTED = '.enc';

/** The store that a configuration means. */
export function configuredArtifacts({ home, artifactKey }: Pick<Configuration, 'home' | 'artifactKey'>): Artifacts {
  const folder = join(home.replace(/^~(?=\/|$)/, homedir()), 'artifacts');
  return createArtifacts({ folder, ...(artifactKey === undefined ? {} : { key: artifactKey }) });
}

/** Opens the store; the folder is made with the first artifact. */
export function createArtifacts(options: ArtifactOptions): Artifacts {
  const { folder, maxAgeMs = MAX_AGE_MS } = options;
  const key = options.key === undefined ? null : readKey(options.key);
  let prunedAt = 0;
  const prune = async (): Promise<number> => {
    prunedAt = Date.now();
    return removeOlderThan(folder, Date.now() - maxAgeMs);
  };
  const putStream: Artifacts['putStream'] = async (content, { maxBytes = options.maxBytes ?? MAX_BYTES } = {}) => {
    const kept = await keep(content, { folder, key, maxBytes });
    if (Date.now() - prunedAt > PRUNE_EVERY_MS) await prune();
    return kept;
  };
  const openStored: Artifacts['open'] = async (sha256) => (NAME.test(sha256) ? openFile(folder, sha256, key) : null);
  return {
    prune,
    putStream,
    open: openStored,
    put: (content) => putStream(once(Buffer.from(content))),
    async get(sha256) {
      const stored = await openStored(sha256);
      return stored === null ? null : wholeOrNull(stored.content);
    },
    list: () => list(folder),
  };
}

async function* once(content: Buffer): AsyncGenerator<Buffer> {
  yield content;
}

function pathOf(folder: string, sha256: string): string {
  return join(folder, sha256.slice(0, 2), sha256);
}

interface Place {
  folder: string;
  key: Buffer | null;
  maxBytes: number;
}

/** Whole or not at all: written beside, flushed, and renamed to the name that is only known then. */
async function keep(content: AsyncIterable<Uint8Array>, { folder, key, maxBytes }: Place): Promise<ArtifactRef> {
  const hash = createHash('sha256');
  let bytes = 0;
  async function* measured(): AsyncGenerator<Uint8Array> {
    for await (const chunk of content) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw tooLarge(bytes, maxBytes, folder);
      hash.update(chunk);
      yield chunk;
    }
  }
  const beside = join(folder, `${randomUUID()}.part`);
  try {
    const file = await writable(folder, beside);
    try {
      for await (const piece of key === null ? measured() : encrypted(measured(), key))
        await write(file, piece, folder);
      await file.sync();
    } finally {
      await file.close();
    }
    const sha256 = hash.digest('hex');
    await moveTo(folder, beside, sha256, key !== null);
    return { sha256, bytes };
  } catch (thrown) {
    await rm(beside, { force: true }).catch(() => undefined);
    throw thrown;
  }
}

async function writable(folder: string, path: string): Promise<FileHandle> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return await open(path, 'wx', 0o600);
  } catch (thrown) {
    throw unwritable(folder, thrown);
  }
}

/** A fault of the folder, and not of where the content comes from. */
async function write(file: FileHandle, piece: Uint8Array, folder: string): Promise<void> {
  try {
    await file.writeFile(piece);
  } catch (thrown) {
    throw unwritable(folder, thrown);
  }
}

/** What was kept in clear before a key was set gives way to the encrypted file. */
async function moveTo(folder: string, beside: string, sha256: string, isEncrypted: boolean): Promise<void> {
  const path = pathOf(folder, sha256);
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await rename(beside, isEncrypted ? `${path}${ENCRYPTED}` : path);
    if (isEncrypted) await rm(path, { force: true });
  } catch (thrown) {
    throw unwritable(folder, thrown);
  }
}

async function openFile(folder: string, sha256: string, key: Buffer | null): ReturnType<Artifacts['open']> {
  const path = pathOf(folder, sha256);
  const hidden = await sizeOrNull(`${path}${ENCRYPTED}`);
  if (hidden !== null)
    return { bytes: contentBytes(hidden), content: checked(clear(`${path}${ENCRYPTED}`, key), sha256, path) };
  const bytes = await sizeOrNull(path);
  return bytes === null ? null : { bytes, content: checked(plain(path), sha256, path) };
}

async function sizeOrNull(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size;
  } catch (thrown) {
    if (isMissing(thrown)) return null;
    throw thrown;
  }
}

/** A file is opened when it is read, and closed when nobody reads on. */
async function* plain(path: string, range: { start?: number; end?: number } = {}): AsyncGenerator<Buffer> {
  yield* createReadStream(path, range);
}

async function* clear(path: string, key: Buffer | null): AsyncGenerator<Buffer> {
  if (key === null) throw withoutKey(path);
  const header: Buffer[] = [];
  for await (const chunk of plain(path, { end: HEADER_BYTES - 1 })) header.push(chunk);
  const content = plain(path, { start: HEADER_BYTES });
  yield* decrypted({ header: Buffer.concat(header), content, where: path }, key);
}

/** The content, which must be what its name says. */
async function* checked(content: AsyncGenerator<Buffer>, sha256: string, where: string): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  for await (const chunk of content) {
    hash.update(chunk);
    yield chunk;
  }
  if (hash.digest('hex') !== sha256)
    throw new KintsugiError('invalid', 'the artifact is not what its name says: it was altered since it was written', {
      where,
      fix: 'Take it from a backup; nothing of it can be trusted.',
    });
}

async function wholeOrNull(content: AsyncIterable<Buffer>): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of content) chunks.push(chunk);
    return Buffer.concat(chunks);
  } catch (thrown) {
    if (thrown instanceof KintsugiError && thrown.code === 'invalid') return null;
    throw thrown;
  }
}

async function list(folder: string): Promise<ArtifactEntry[]> {
  const entries = (await filesBelow(folder)).flatMap(({ name, bytes, writtenAt }) => {
    const isEncrypted = name.endsWith(ENCRYPTED);
    const sha256 = isEncrypted ? name.slice(0, -ENCRYPTED.length) : name;
    if (!NAME.test(sha256)) return [];
    return [{ sha256, bytes: isEncrypted ? contentBytes(bytes) : bytes, encrypted: isEncrypted, writtenAt }];
  });
  return entries.sort((a, b) => b.writtenAt.getTime() - a.writtenAt.getTime());
}

function tooLarge(bytes: number, maxBytes: number, folder: string): KintsugiError {
  return new KintsugiError('invalid', `it is too large: ${bytes} bytes and more, over the limit of ${maxBytes}`, {
    where: folder,
    fix: 'Keep less of it, or raise the limit.',
  });
}

function withoutKey(path: string): KintsugiError {
  return new KintsugiError('forbidden', 'the artifact is encrypted and no key is set', {
    where: path,
    fix: 'Set KINTSUGI_ARTIFACT_KEY (or KINTSUGI_ARTIFACT_KEY_FILE) to the key that it was written with.',
  });
}

function unwritable(folder: string, cause: unknown): KintsugiError {
  return new KintsugiError('unavailable', `the artifact cannot be written: ${messageOf(cause)}`, {
    where: folder,
    fix: 'Check that KINTSUGI_HOME can be written and has room.',
    cause,
  });
}
