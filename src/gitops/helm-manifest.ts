import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { isRecord, toJson } from '../kubernetes/template.ts';
import type { Json, ObjectRef } from '../recovery/values.ts';

const unzip = promisify(gunzip);
const MOST_BYTES = 32 << 20;
const stored = z.object({ manifest: z.string() });

/**
 * One object as a Helm release has installed it. Helm 3 keeps a release in a Secret: base64 of gzip of JSON, and base64 once
 * more by Kubernetes. https://helm.sh/docs/topics/advanced/#storage-backends
 * @param data the Secret's `data.release`
 */
export async function objectInRelease(data: string, ref: ObjectRef): Promise<Json | null> {
  const packed = Buffer.from(Buffer.from(data, 'base64').toString('utf8'), 'base64');
  const text = (await unzip(packed, { maxOutputLength: MOST_BYTES })).toString('utf8');
  const { manifest } = stored.parse(JSON.parse(text));
  const documents = parseAllDocuments(manifest).map((document) => toJson(document.toJS()));
  return documents.find((document) => isObject(document, ref)) ?? null;
}

function isObject(document: Json, ref: ObjectRef): boolean {
  if (!isRecord(document) || !isRecord(document.metadata) || document.kind !== ref.kind) return false;
  const { name, namespace } = document.metadata;
  return name === ref.name && (namespace === undefined || namespace === ref.namespace);
}
