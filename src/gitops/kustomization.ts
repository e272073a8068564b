import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { type PatchOperation, performPatch } from '../kubernetes/json-patch.ts';
import { isRecord, toJson } from '../kubernetes/template.ts';
import type { Json, ObjectRef } from '../recovery/values.ts';
import type { Files } from './archive.ts';

/**
 * One object of a folder as Kustomize would build it: plain manifests, `resources`, and JSON patches written in place. What
 * this does not follow is an answer of its own: what Git says is then not known, and no hold ends by it.
 * https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/
 */
export type Built = { document: Json } | { unknown: string };

const NAMES = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];

/** Keys that change neither a workload's own fields nor its name. */
const HARMLESS: ReadonlySet<string> = new Set([
  'apiVersion',
  'kind',
  'metadata',
  'resources',
  'bases',
  'patches',
  'namespace',
  'labels',
  'commonLabels',
  'commonAnnotations',
  'generatorOptions',
  'configMapGenerator',
  'secretGenerator',
  'buildMetadata',
  'sortOptions',
]);

const patchSchema = z.object({
  patch: z.string().optional(),
  path: z.string().optional(),
  target: z
    .object({
      group: z.string().optional(),
      kind: z.string().optional(),
      name: z.string().optional(),
      namespace: z.string().optional(),
      labelSelector: z.string().optional(),
      annotationSelector: z.string().optional(),
    })
    .optional(),
});
export type KustomizePatch = z.infer<typeof patchSchema>;

const kustomizationSchema = z.looseObject({
  resources: z.array(z.string()).default([]),
  bases: z.array(z.string()).default([]),
  patches: z.array(patchSchema).default([]),
});

const operationSchema: z.ZodType<PatchOperation> = z.union([
  z.object({ op: z.enum(['add', 'replace']), path: z.string(), value: z.json() }),
  z.object({ op: z.literal('remove'), path: z.string() }),
]);

/** @param folder the path inside the archive, as a Kustomization's `spec.path` has it */
export function buildObject(
  files: Files,
  folder: string,
  ref: ObjectRef,
  patches: readonly KustomizePatch[] = [],
): Built {
  try {
    const found = documentsOf(files, normal(folder)).filter((document) => isObject(document, ref));
    const [document] = found;
    if (document === undefined || found.length > 1)
      return { unknown: `${found.length} manifests of ${ref.kind} ${ref.name} are in ${folder || 'its source'}` };
    return { document: patches.reduce((before, patch) => patched(before, patch, files, normal(folder)), document) };
  } catch (error) {
    if (error instanceof NotFollowed) return { unknown: error.message };
    throw error;
  }
}

class NotFollowed extends Error {}

/** Every document of a folder; without a kustomization.yaml all its manifests count, as Flux does it. */
function documentsOf(files: Files, folder: string): Json[] {
  const own = NAMES.map((name) => joined(folder, name)).find((path) => files.has(path));
  if (own === undefined)
    return [...files].flatMap(([path, text]) =>
      path.startsWith(folder === '' ? '' : `${folder}/`) && /\.ya?ml$/.test(path) ? readDocuments(text) : [],
    );
  const parsed = kustomizationSchema.safeParse(parse(files.get(own) ?? ''));
  if (!parsed.success) throw new NotFollowed(`${own} cannot be read`);
  const unusual = Object.keys(parsed.data).find((key) => !HARMLESS.has(key));
  if (unusual !== undefined) throw new NotFollowed(`${own} uses ${unusual}, which is not followed`);
  const documents = [...parsed.data.resources, ...parsed.data.bases].flatMap((name) => resource(files, folder, name));
  return parsed.data.patches.reduce(
    (before, patch) => before.map((document) => patched(document, patch, files, folder)),
    documents,
  );
}

function resource(files: Files, folder: string, name: string): Json[] {
  const path = joined(folder, name);
  const text = files.get(path);
  if (text !== undefined) return readDocuments(text);
  if ([...files.keys()].some((key) => key.startsWith(`${path}/`))) return documentsOf(files, path);
  throw new NotFollowed(`resource ${name} of ${folder || 'the source'} is not in it`);
}

function readDocuments(text: string): Json[] {
  return parseAllDocuments(text).map((document) => toJson(document.toJS()));
}

/** The document with a patch, if it is meant. A patch that merges is not followed where it could be about this object. */
function patched(document: Json, { patch, path, target }: KustomizePatch, files: Files, folder: string): Json {
  if (target !== undefined && !isTarget(document, target)) return document;
  const text = patch ?? files.get(joined(folder, path ?? '')) ?? '';
  const operations = z.array(operationSchema).safeParse(parse(text));
  if (operations.success) {
    if (target === undefined) throw new NotFollowed('a JSON patch without a target');
    return performPatch(document, operations.data);
  }
  const merged = readDocuments(text);
  if (target === undefined && merged.every((part) => !sameName(part, document))) return document;
  throw new NotFollowed('a patch that merges, or with other operations than add, replace and remove, is not followed');
}

function isTarget(document: Json, target: NonNullable<KustomizePatch['target']>): boolean {
  if (target.labelSelector !== undefined || target.annotationSelector !== undefined)
    throw new NotFollowed('a patch whose target is a selector is not followed');
  const { kind, name, namespace } = identity(document);
  const matches = (wanted: string | undefined, value: string) =>
    wanted === undefined || wanted === '' || new RegExp(`^(?:${wanted})$`).test(value);
  return (
    matches(target.kind, kind) &&
    matches(target.name, name) &&
    (namespace === '' || matches(target.namespace, namespace))
  );
}

function isObject(document: Json, ref: ObjectRef): boolean {
  const { kind, name, namespace } = identity(document);
  return kind === ref.kind && name === ref.name && (namespace === '' || namespace === ref.namespace);
}

function sameName(a: Json, b: Json): boolean {
  const [one, other] = [identity(a), identity(b)];
  return one.kind === other.kind && one.name === other.name;
}

/** A namespace that is not written is set by the Kustomization. */
function identity(document: Json): { kind: string; name: string; namespace: string } {
  const metadata = isRecord(document) && isRecord(document.metadata) ? document.metadata : {};
  const text = (value: Json | undefined) => (typeof value === 'string' ? value : '');
  return {
    kind: isRecord(document) ? text(document.kind) : '',
    name: text(metadata.name),
    namespace: text(metadata.namespace),
  };
}

/** `./apps/../base` as `base`. */
function normal(path: string): string {
  return path.split('/').reduce((before, part) => {
    if (part === '' || part === '.') return before;
    if (part === '..') return before.split('/').slice(0, -1).join('/');
    return before === '' ? part : `${before}/${part}`;
  }, '');
}

function joined(folder: string, name: string): string {
  return normal(`${folder}/${name}`);
}
