import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Secrets } from '../actions/write/secrets.ts';
import { KintsugiError } from '../errors.ts';
import type { Kubernetes } from '../kubernetes/client.ts';
import type { Json, Target } from '../recovery/values.ts';
import { type Baseline, type Baselines, type SeenHealthy, withNewest } from './baseline.ts';
import { readConfigMap, writeConfigMap } from './config-map.ts';

const KEY = 'baseline';
/** Beside it, for a Kintsugi that knows only the baseline goes on reading that. */
const SEEN = 'seen';

const variable = z.union([
  z.strictObject({ value: z.string() }),
  z.strictObject({ hmac: z.string() }),
  z.strictObject({ from: z.json() }),
]);

const stored = z.strictObject({
  target: z.strictObject({ namespace: z.string(), kind: z.string(), name: z.string() }),
  seenAt: z.iso.datetime(),
  revision: z.string(),
  templateHash: z.string(),
  replicas: z.number(),
  containers: z.array(
    z.strictObject({
      name: z.string(),
      image: z.string(),
      digest: z.string(),
      env: z.record(z.string(), variable),
    }),
  ),
  references: z.record(z.string(), z.string()),
  referenceKeys: z.record(z.string(), z.record(z.string(), z.string())).optional(),
  dependencies: z
    .record(z.string(), z.array(z.strictObject({ kind: z.string(), name: z.string(), replicas: z.number() })))
    .optional(),
});

const seenList = z.array(
  z.object({
    templateHash: z.string(),
    revision: z.string(),
    seenAt: z.iso.datetime(),
    digests: z.record(z.string(), z.string()),
  }),
);

/** Baselines in ConfigMaps of Kintsugi's own namespace, one a target: with the pause switch all that `observe` may write. */
export function createBaselines(dependencies: {
  kubernetes: Kubernetes;
  /** KINTSUGI_NAMESPACE */
  namespace: string;
  secrets: Secrets;
}): Baselines {
  const { kubernetes, namespace, secrets } = dependencies;
  return {
    secrets,
    async read(target) {
      const map = await readConfigMap(kubernetes, { namespace, name: nameOf(target) });
      const text = map?.data?.[KEY];
      if (text === undefined) return null;
      return { ...parse(text, `ConfigMap ${namespace}/${nameOf(target)}`), seen: parseSeen(map?.data?.[SEEN]) };
    },
    async write({ seen: _seen, ...baseline }: Baseline) {
      const { target } = baseline;
      const before = await readConfigMap(kubernetes, { namespace, name: nameOf(target) });
      const seen = withNewest(parseSeen(before?.data?.[SEEN]), baseline);
      await writeConfigMap(kubernetes, {
        namespace,
        name: nameOf(target),
        labels: { 'kintsugi.dev/baseline': 'true' },
        annotations: { 'kintsugi.dev/target': `${target.namespace}/${target.kind}/${target.name}` },
        data: { [KEY]: JSON.stringify(baseline), [SEEN]: JSON.stringify(seen) },
      });
    },
  };
}

/** Names of targets may be too long for one of ours, and lower-cased they may meet. */
function nameOf({ namespace, kind, name }: Target): string {
  const digest = createHash('sha256').update(`${namespace}/${kind}/${name}`).digest('hex').slice(0, 12);
  return `baseline-${namespace}-${kind.toLowerCase()}-${name}`
    .slice(0, 200)
    .replace(/[^a-z0-9]+$/, '')
    .concat('-', digest);
}

/** Only a memory: one that is missing or cannot be read is as good as empty. */
function parseSeen(text: string | undefined): SeenHealthy[] {
  return seenList.safeParse(parseJson(text ?? 'null')).data ?? [];
}

function parse(text: string, where: string): Baseline {
  const read = stored.safeParse(parseJson(text));
  if (read.success) {
    const { dependencies, referenceKeys, ...rest } = read.data;
    return {
      ...rest,
      ...(referenceKeys === undefined ? {} : { referenceKeys }),
      ...(dependencies === undefined ? {} : { dependencies }),
    };
  }
  throw new KintsugiError('invalid', `the recorded baseline cannot be read: ${z.prettifyError(read.error)}`, {
    where,
    fix: 'Delete the ConfigMap; the next healthy look records it anew.',
  });
}

function parseJson(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
