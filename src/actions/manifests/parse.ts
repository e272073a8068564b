import { LineCounter, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { KintsugiError } from '../../errors.ts';
import { isBookkeeping, isRecord } from '../../kubernetes/template.ts';
import type { Json, ObjectRef } from '../../recovery/values.ts';

/** A manifest as it is applied: what is an object's own (uid, version, status, owners) is left out. */
export interface Manifest {
  ref: ObjectRef & { namespace: string };
  labels: Record<string, string>;
  annotations: Record<string, string>;
  /** Everything but `apiVersion`, `kind`, `metadata` and `status`. */
  content: { [field: string]: Json };
  /** Where it stands, for people: file and line, ConfigMap and key, or the live object. */
  where: string;
}

const texts = z.record(z.string(), z.string()).nullish();
const object = z.looseObject({
  apiVersion: z.string().min(1),
  kind: z.string().min(1),
  metadata: z.looseObject({
    name: z.string().min(1),
    namespace: z.string().optional(),
    labels: texts,
    annotations: texts,
  }),
});
const rest = z.record(z.string(), z.json());

/** What `kubectl apply` and a controller leave on an object: said by whoever applies, not by the manifest. */
const LEFT_BEHIND: ReadonlySet<string> = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  'deployment.kubernetes.io/revision',
]);

/**
 * All manifests of one file; a `List` is what is in it, an empty document is nothing.
 * @param namespace of a manifest that names none
 * @throws KintsugiError `invalid` with file and line
 */
export function parseManifests(text: string, file: string, namespace: string): Manifest[] {
  const lineCounter = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter });
  return [...documents].flatMap((document) => {
    const [first] = document.errors;
    if (first !== undefined)
      throw faulty(`${file}:${lineCounter.linePos(first.pos[0]).line}`, first.message.split('\n')[0] ?? '');
    const where = `${file}:${lineCounter.linePos(document.contents?.range?.[0] ?? 0).line}`;
    return itemsOf(document.toJS()).map((item) => toManifest(item, where, namespace));
  });
}

function itemsOf(document: unknown): unknown[] {
  if (document === null || document === undefined) return [];
  const list = z.looseObject({ kind: z.literal('List'), items: z.array(z.unknown()) }).safeParse(document);
  return list.success ? list.data.items : [document];
}

/** One object as a manifest. @throws KintsugiError `invalid` that says what is wrong and where it stands */
export function toManifest(item: unknown, where: string, defaultNamespace: string): Manifest {
  const { success, data, error } = object.safeParse(item);
  if (!success) throw faulty(where, `this is no Kubernetes object: ${z.prettifyError(error)}`);
  const { apiVersion, kind, metadata, status: _, ...content } = data;
  const { name, namespace = defaultNamespace, labels, annotations } = metadata;
  const own = Object.entries(annotations ?? {}).filter(([key]) => !LEFT_BEHIND.has(key) && !isBookkeeping(key));
  return {
    ref: { apiVersion, kind, namespace, name },
    labels: labels ?? {},
    annotations: Object.fromEntries(own),
    content: rest.parse(JSON.parse(JSON.stringify(content))),
    where,
  };
}

/** The object that a manifest stands for, with what more its metadata shall say. */
export function bodyOf(
  { ref, labels, annotations, content }: Manifest,
  more: { annotations?: Record<string, string>; resourceVersion?: string; uid?: string } = {},
): object {
  const { apiVersion, kind, namespace, name } = ref;
  const { annotations: added = {}, ...identity } = more;
  const all = { ...annotations, ...added };
  const metadata = {
    name,
    namespace,
    ...identity,
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
    ...(Object.keys(all).length === 0 ? {} : { annotations: all }),
  };
  return { apiVersion, kind, metadata, ...content };
}

/** The same manifest without how many pods it wants. */
export function withoutReplicas(manifest: Manifest): Manifest {
  const { spec } = manifest.content;
  if (!isRecord(spec)) return manifest;
  const { replicas: _, ...others } = spec;
  return { ...manifest, content: { ...manifest.content, spec: others } };
}

/** How many pods a workload's manifest wants; undefined where it does not say. */
export function replicasOf({ content: { spec } }: Manifest): number | undefined {
  return isRecord(spec) && typeof spec.replicas === 'number' ? spec.replicas : undefined;
}

function faulty(where: string, message: string): KintsugiError {
  return new KintsugiError('invalid', message, {
    where,
    fix: 'Correct the manifest there; `kubectl apply --dry-run=server -f FILE` shows the same.',
  });
}
