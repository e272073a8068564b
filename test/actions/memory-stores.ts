import { createHash } from 'node:crypto';
import type { Baseline, Baselines } from '../../src/activities/baseline.ts';
import type { Artifacts } from '../../src/artifacts/store.ts';
import { KintsugiError } from '../../src/errors.ts';
import type { Executions, NotedExecution } from '../../src/executions/notes.ts';
import { secrets } from './secrets.ts';

/** Artifacts in memory. */
export function memoryArtifacts(): Artifacts & { kept: Map<string, Buffer> } {
  const kept = new Map<string, Buffer>();
  async function put(content: string | Uint8Array) {
    const bytes = Buffer.from(content);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    kept.set(sha256, bytes);
    return { sha256, bytes: bytes.length };
  }
  async function* contentOf(bytes: Buffer) {
    yield bytes;
  }
  return {
    kept,
    put,
    putStream: async (content, { maxBytes } = {}) => put(await whole(content, maxBytes)),
    get: async (sha256) => kept.get(sha256) ?? null,
    async open(sha256) {
      const bytes = kept.get(sha256);
      return bytes === undefined ? null : { bytes: bytes.length, content: contentOf(bytes) };
    },
    list: async () => [],
    prune: async () => 0,
  };
}

async function whole(content: AsyncIterable<Uint8Array>, maxBytes = Number.POSITIVE_INFINITY): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  if (bytes.length > maxBytes) throw new Error(`too large: ${bytes.length}`);
  return bytes;
}

/** Notes of executions in memory, as strict as those in the cluster about what follows what. */
export function memoryExecutions(): Executions & { notes: Map<string, NotedExecution> } {
  const notes = new Map<string, NotedExecution>();
  return {
    notes,
    read: async (key) => notes.get(key) ?? null,
    async write(key, note, follows) {
      if (notes.get(key)?.version !== follows?.version)
        throw new KintsugiError('refused', 'another step has gone on with it', {
          where: `ConfigMap execution-${key}`,
          fix: 'none',
        });
      const written = { note, version: String(Number(follows?.version ?? 0) + 1) };
      notes.set(key, written);
      return written;
    },
  };
}

/** Baselines in memory. */
export function memoryBaselines(): Baselines & { known: Baseline | null } {
  return {
    secrets,
    known: null,
    async read() {
      return this.known;
    },
    async write(baseline) {
      this.known = baseline;
    },
  };
}
