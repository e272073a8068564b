import { z } from 'zod';
import { KintsugiError } from '../../errors.ts';
import type { Difference } from '../../kubernetes/differences.ts';
import type { Json, ObjectRef, Value } from '../../recovery/values.ts';
import type { WriteContext } from '../action.ts';
import type { FieldChange } from '../write/fields.ts';
import { artifactRef, fieldName, toValue } from '../write/secrets.ts';
import type { Manifest } from './parse.ts';

/**
 * What a plan must not hold, kept as an artifact: the manifests as they were read, so that apply works from what was planned,
 * and the former and later values that redaction would alter, so that the undo finds them.
 */

const manifest = z.object({
  ref: z.object({ apiVersion: z.string(), kind: z.string(), namespace: z.string(), name: z.string() }),
  labels: z.record(z.string(), z.string()),
  annotations: z.record(z.string(), z.string()),
  content: z.record(z.string(), z.json()),
  where: z.string(),
});
const record = z.object({ manifests: z.array(manifest) });

/** Differences of one object, as the rehearsal found them. */
export interface Found {
  object: ObjectRef;
  document: { [key: string]: Json };
  differences: readonly Difference[];
}

/** Keeps the manifests and says by which SHA-256. */
export async function keepManifests(context: WriteContext, manifests: readonly Manifest[]): Promise<string> {
  return (await context.artifacts.put(JSON.stringify({ manifests }))).sha256;
}

/** @throws KintsugiError `refused` when the artifact is gone */
export async function readKeptManifests(context: WriteContext, sha256: string): Promise<Manifest[]> {
  const bytes = await context.artifacts.get(sha256);
  if (bytes !== null) return record.parse(JSON.parse(bytes.toString('utf8'))).manifests;
  throw new KintsugiError('refused', 'the manifests that were planned are no longer kept', {
    where: `artifact ${sha256}`,
    fix: 'Plan the action again.',
  });
}

/** The differences as a plan's changes. */
export async function changesIn(context: WriteContext, found: readonly Found[]): Promise<FieldChange[]> {
  const secret = (json: Json | undefined, name: string) =>
    'secret' in toValue(context.secrets, json, name, { object: artifactRef(''), path: '' });
  const rows = found.flatMap(({ object, document, differences }) =>
    differences.map((difference) => ({ object, name: fieldName(document, difference.path), ...difference })),
  );
  const kept: Json[] = rows.flatMap(({ before, after, name }) =>
    [before, after].flatMap((json) => (json !== undefined && secret(json, name) ? [json] : [])),
  );
  const source = artifactRef(kept.length === 0 ? '' : (await context.artifacts.put(JSON.stringify(kept))).sha256);
  let next = 0;
  const value = (json: Json | undefined, name: string): Value => {
    const planned = toValue(context.secrets, json, name, { object: source, path: `/${next}` });
    if ('secret' in planned) next += 1;
    return planned;
  };
  return rows.map(({ object, path, before, after, name }) => ({
    type: 'field',
    object,
    path,
    before: value(before, name),
    after: value(after, name),
  }));
}
