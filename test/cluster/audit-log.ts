import { readFileSync, statSync } from 'node:fs';
import { z } from 'zod';

/** What tests read of an entry (https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/). */
const entrySchema = z.object({
  verb: z.string(),
  requestURI: z.string(),
  userAgent: z.string().default(''),
  user: z.object({ username: z.string() }),
  objectRef: z
    .object({
      resource: z.string().default(''),
      subresource: z.string().default(''),
      namespace: z.string().default(''),
      name: z.string().default(''),
    })
    .prefault({}),
  responseStatus: z.object({ code: z.int().default(0) }).prefault({}),
});

export type AuditEntry = z.infer<typeof entrySchema>;

/** Where the log ends now, in bytes: what is read from here on happened later. */
export function auditLogEnd(file: string): number {
  return statSync(file).size;
}

/** The path of a cluster's audit log. Throws where it keeps none that can be read here, as a cluster of the user's own. */
export function auditLogOf(path: string | undefined): string {
  if (path !== undefined) return path;
  throw new Error('this cluster keeps no audit log that can be read here: run the file on the built-in one');
}

/** The entries since `start` (bytes) in whose line `text` stands, the oldest first; a line that is half written is left. */
export function entriesSince(file: string, start: number, text: string): AuditEntry[] {
  const lines = readFileSync(file).subarray(start).toString('utf8').split('\n');
  return lines
    .filter((line) => line.includes(text) && line.endsWith('}'))
    .map((line) => entrySchema.parse(JSON.parse(line)));
}

/** The entries of the user `kintsugi` in the given namespaces since `start` (bytes). */
export function kintsugiCalls(file: string, start: number, namespaces: string[]): AuditEntry[] {
  return entriesSince(file, start, '"username":"kintsugi"').filter(
    ({ user, objectRef }) => user.username === 'kintsugi' && namespaces.includes(objectRef.namespace),
  );
}

const WRITES: ReadonlySet<string> = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);
/** Ways of looking at a pod that the API server counts as `create`. */
const LOOKS: ReadonlySet<string> = new Set(['portforward', 'proxy']);

/** The changes among them, e.g. `patch deployments agent-bruno`: neither dry runs nor refused ones. */
export function changesOf(calls: AuditEntry[]): string[] {
  return calls
    .filter(({ verb, objectRef }) => WRITES.has(verb) && !LOOKS.has(objectRef.subresource))
    .filter(({ requestURI, responseStatus }) => !requestURI.includes('dryRun=All') && responseStatus.code < 300)
    .map(({ verb, objectRef }) => {
      const { resource, subresource, name } = objectRef;
      return `${verb} ${resource}${subresource === '' ? '' : `/${subresource}`} ${name}`;
    });
}
