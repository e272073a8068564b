import { z } from 'zod';
import { readConfigMap, writeConfigMap } from '../activities/config-map.ts';
import type { Kubernetes } from '../kubernetes/client.ts';

const note = z.object({
  hook: z.string(),
  image: z.string(),
  commit: z.string(),
  /** RFC 3339: the timeout counts from here, however often the step is begun again. */
  startedAt: z.string(),
  /** Where the status is asked. */
  handle: z.string().optional(),
  digest: z.string().optional(),
});

/** What is known of a build besides where it runs. */
export type BuildNote = z.infer<typeof note>;

/** Notes of builds by key, in ConfigMaps of Kintsugi's own namespace: a worker that takes over goes on from them. */
export interface BuildNotes {
  read(key: string): Promise<BuildNote | null>;
  write(key: string, note: BuildNote): Promise<void>;
}

const KEY = 'build';

/** @param dependencies.namespace KINTSUGI_NAMESPACE */
export function createBuildNotes(dependencies: { kubernetes: Kubernetes; namespace: string }): BuildNotes {
  const { kubernetes, namespace } = dependencies;
  const name = (key: string) => `build-${key}`;
  return {
    async read(key) {
      const map = await readConfigMap(kubernetes, { namespace, name: name(key) });
      const text = map?.data?.[KEY];
      return text === undefined ? null : note.parse(JSON.parse(text));
    },
    async write(key, value) {
      await writeConfigMap(kubernetes, {
        namespace,
        name: name(key),
        labels: { 'kintsugi.dev/build': 'true' },
        data: { [KEY]: JSON.stringify(value) },
      });
    },
  };
}
