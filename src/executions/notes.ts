import { setTimeout as sleep } from 'node:timers/promises';
import type { V1ConfigMap } from '@kubernetes/client-node';
import { z } from 'zod';
import { readConfigMap } from '../activities/config-map.ts';
import { KintsugiError } from '../errors.ts';
import type { Kubernetes } from '../kubernetes/client.ts';
import { canonicalText, toJson } from '../kubernetes/template.ts';

const artifact = z.object({
  sha256: z.string(),
  bytes: z.number(),
  /** What the program itself calls the state that it wrote: two files of one state may differ. */
  state: z.string().optional(),
});

const ended = z.object({ result: z.enum(['done', 'failed', 'unknown']), saw: z.array(z.string()) });

/** Whose step runs programs, and which try of it: another try of the same step does not go on with it. */
const runner = z.object({ step: z.string(), attempt: z.string(), begunAt: z.string() });

const execution = z.object({
  action: z.string(),
  by: runner,
  container: z.object({ namespace: z.string(), pod: z.string(), container: z.string(), id: z.string() }),
  /** What was brought out: of an export its result, of an import what was there before. */
  saved: artifact.optional(),
  /** When the program that changes something was started, RFC 3339; it is noted before. */
  startedAt: z.string().optional(),
  ended: ended.optional(),
  /** The step by which it may not go on any more. */
  takenBack: z.string().optional(),
  /** The undo that stopped and asked, because an outcome is not known. A later one is a person's answer. */
  asked: z.string().optional(),
  undo: z.object({ by: runner, ended: ended.optional() }).optional(),
});

/**
 * What is known of programs that were run in a container: written before and after each, so that none runs twice whoever dies,
 * and so that nothing is taken for done that may not be (safety 23).
 */
export type Execution = z.infer<typeof execution>;
export type SavedState = z.infer<typeof artifact>;

/** A note as it was read: what is written next must follow it. */
export interface NotedExecution {
  note: Execution;
  version: string;
}

/** Notes of executions by key, in ConfigMaps of Kintsugi's own namespace: no one else can write what they lead to. */
export interface Executions {
  read(key: string): Promise<NotedExecution | null>;
  /**
   * Writes the note that follows what was read; null where none may be there. An answer that was lost is looked up.
   * @throws KintsugiError `refused` when somebody else has written since
   */
  write(key: string, note: Execution, follows: NotedExecution | null): Promise<NotedExecution>;
}

const KEY = 'execution';
/** An API server that is away is asked again for so long: what came of a program must be noted. */
const PATIENCE_MS = 20_000;
const PAUSE_MS = 500;

/** @param dependencies.namespace KINTSUGI_NAMESPACE */
export function createExecutions(dependencies: { kubernetes: Kubernetes; namespace: string }): Executions {
  const { kubernetes, namespace } = dependencies;
  const read: Executions['read'] = async (key) => {
    const map = await readConfigMap(kubernetes, { namespace, name: nameOf(key) });
    const text = map?.data?.[KEY];
    return text === undefined ? null : { note: execution.parse(JSON.parse(text)), version: versionOf(map) };
  };
  return {
    read,
    async write(key, note, follows) {
      const until = Date.now() + PATIENCE_MS;
      for (;;) {
        try {
          const written = await put(kubernetes, bodyOf({ namespace, key, note, follows }));
          return { note, version: versionOf(written) };
        } catch (error) {
          if (!(error instanceof KintsugiError) || !error.retryable) throw error;
          const there = await read(key).catch(() => undefined);
          if (there !== undefined && there !== null && isSame(there.note, note)) return there;
          if (error.code === 'conflict') throw overtaken(key, error);
          if (Date.now() > until) throw error;
        }
        await sleep(PAUSE_MS);
      }
    },
  };
}

function nameOf(key: string): string {
  return `execution-${key}`;
}

function versionOf(map: V1ConfigMap | null): string {
  return map?.metadata?.resourceVersion ?? '';
}

function bodyOf(write: {
  namespace: string;
  key: string;
  note: Execution;
  follows: NotedExecution | null;
}): V1ConfigMap {
  const { namespace, key, note, follows } = write;
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: nameOf(key),
      namespace,
      labels: { 'app.kubernetes.io/managed-by': 'kintsugi', 'kintsugi.dev/execution': 'true' },
      ...(follows === null ? {} : { resourceVersion: follows.version }),
    },
    data: { [KEY]: JSON.stringify(note) },
  };
}

/** Only what follows that very version is taken. */
function put({ core }: Kubernetes, body: V1ConfigMap): Promise<V1ConfigMap> {
  const { name = '', namespace = '', resourceVersion } = body.metadata ?? {};
  return resourceVersion === undefined
    ? core.createNamespacedConfigMap({ namespace, body })
    : core.replaceNamespacedConfigMap({ name, namespace, body });
}

function isSame(a: Execution, b: Execution): boolean {
  return canonicalText(toJson(a)) === canonicalText(toJson(b));
}

function overtaken(key: string, cause: KintsugiError): KintsugiError {
  return new KintsugiError('refused', 'another step has gone on with it, or has taken it back', {
    where: `ConfigMap ${nameOf(key)}`,
    fix: 'Look at what the other step did.',
    cause,
  });
}
