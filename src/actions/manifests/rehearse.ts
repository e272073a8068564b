import { KintsugiError } from '../../errors.ts';
import type { Kubernetes } from '../../kubernetes/client.ts';
import { type Difference, differences } from '../../kubernetes/differences.ts';
import { APPLY, createObject, sendPatch } from '../../kubernetes/namespaced-objects.ts';
import { isBookkeepingPath, isRecord } from '../../kubernetes/template.ts';
import type { Json } from '../../recovery/values.ts';
import { meansTheSame } from './field-path.ts';
import { bodyOf, type Manifest } from './parse.ts';

/** The field manager under which manifests are applied: its fields are those of the manifest, and go when they leave it. */
export const RESET_MANAGER = 'kintsugi-reset';

type Document = { [key: string]: Json };

/** A field that another manager owns and the manifest sets to something else. */
export interface Conflict {
  manager: string;
  field: string;
}

/** What the API server says that applying would lead to; nothing is written. */
export interface Rehearsal {
  differences: Difference[];
  conflicts: Conflict[];
}

interface Calls {
  kubernetes: Kubernetes;
  signal: AbortSignal;
}

/**
 * Tries a manifest on the object that is there.
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts
 * @throws KintsugiError `invalid` for what the API server does not take: a field that may not change, one that does not exist
 */
export async function rehearse(calls: Calls, manifest: Manifest, live: Document): Promise<Rehearsal> {
  const { after, conflicts } = await tried(calls, manifest);
  const real = conflicts.filter(({ field }) => !meansTheSame(live, after, field));
  return { differences: changedBetween(live, after), conflicts: real };
}

async function tried(calls: Calls, manifest: Manifest): Promise<{ after: Document; conflicts: Conflict[] }> {
  try {
    return { after: await dryRun(calls, manifest, false), conflicts: [] };
  } catch (error) {
    const conflicts = error instanceof KintsugiError && error.code === 'conflict' ? conflictsIn(error.message) : [];
    if (conflicts.length === 0) throw error;
    return { after: await dryRun(calls, manifest, true), conflicts };
  }
}

function dryRun({ kubernetes, signal }: Calls, manifest: Manifest, force: boolean): Promise<Document> {
  const request = {
    body: bodyOf(manifest),
    dryRun: 'All',
    fieldManager: RESET_MANAGER,
    force,
    strategy: APPLY,
    signal,
  };
  return sendPatch<Document>(kubernetes, manifest.ref, request);
}

/** Tries to make an object that is not there. @throws KintsugiError as the API server refuses it */
export async function rehearseCreation(
  { kubernetes, signal }: Calls,
  manifest: Manifest,
  annotations: Record<string, string>,
): Promise<void> {
  const body = bodyOf(manifest, { annotations });
  await createObject(kubernetes, manifest.ref, { body, dryRun: 'All', fieldManager: RESET_MANAGER, signal });
}

/**
 * The API server's message as data: `conflict with "helm-controller" using apps/v1: .spec.replicas`, or a list of fields below
 * each manager (structured-merge-diff, merge/conflict.go).
 */
export function conflictsIn(message: string): Conflict[] {
  if (!message.startsWith('Apply failed with')) return [];
  const found: Conflict[] = [];
  let manager = '';
  for (const line of message.split('\n')) {
    const head = /conflicts? with "([^"]*)"[^:]*:\s*(\S.*)?$/.exec(line);
    if (head !== null) manager = head[1] ?? '';
    const field = head === null ? /^- (.+)$/.exec(line)?.[1] : head[2];
    if (field !== undefined) found.push({ manager, field });
  }
  return found;
}

/** `.spec.replicas (kubectl-scale)`. */
export function conflictText({ manager, field }: Conflict): string {
  return `${field} (owned by ${manager})`;
}

/** Without what the API server and Kintsugi keep on every object. */
function changedBetween(before: Document, after: Document): Difference[] {
  return differences(own(before), own(after)).filter(({ path }) => !isBookkeepingPath(path));
}

function own(document: Document): Document {
  const { metadata, status: _, apiVersion: _version, kind: _kind, ...content } = document;
  const { labels = {}, annotations = {} } = isRecord(metadata) ? metadata : {};
  const notes = isRecord(annotations) ? annotations : {};
  const kept = Object.entries(notes).filter(
    ([key]) => !isBookkeepingPath(`/metadata/annotations/${key.replaceAll('/', '~1')}`),
  );
  return { ...content, metadata: { labels, annotations: Object.fromEntries(kept) } };
}
