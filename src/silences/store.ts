import { randomBytes } from 'node:crypto';
import type { V1ConfigMap } from '@kubernetes/client-node';
import { readConfigMap } from '../activities/config-map.ts';
import { KintsugiError, messageOf } from '../errors.ts';
import type { Kubernetes } from '../kubernetes/client.ts';
import { callOptions } from '../kubernetes/transport.ts';
import { formatTarget } from '../recovery/ids.ts';
import { legible, nameOf } from '../recovery/words.ts';
import { type Entry, entrySchema, isActive, type Scope } from './entry.ts';

/** Kintsugi's own list of silences: a ConfigMap beside the pause switch, one key each, so that kubectl shows it too. */
export const SILENCES_NAME = 'kintsugi-silences';

/** No silence is longer than a day: who needs more says so again. */
export const LONGEST_MS = 24 * 3_600_000;
/** What is over stays for so long, for who asks who ended it. */
const KEPT_MS = 24 * 3_600_000;
/** A ConfigMap holds 1 MiB; a list as long as this is a mistake. */
const MOST_ENTRIES = 500;
/** Several people may write at one moment: each reads again what the other has written. */
const MOST_TRIES = 10;

export interface SilenceList {
  kubernetes: Kubernetes;
  /** KINTSUGI_NAMESPACE */
  namespace: string;
}

/**
 * All that is kept, the latest end first; also what is over.
 * @throws KintsugiError when the list cannot be read, `invalid` when an entry in it cannot be understood
 */
export async function readSilences(list: SilenceList, signal?: AbortSignal): Promise<Entry[]> {
  const map = signal === undefined ? await readConfigMap(list.kubernetes, at(list)) : await readWithin(list, signal);
  return entriesOf(map);
}

/** A silence that somebody sets. */
export interface NewSilence {
  scope: Scope;
  actor: string;
  /** A front door has verified who it is. */
  verified?: boolean;
  reason: string;
  forMs: number;
  /** Given where it may be asked for twice: what is there under it already is left as it is. */
  id?: string;
}

/** An id as short as a person types it. */
export function newSilenceId(): string {
  return randomBytes(4).toString('hex');
}

/** Adds one that begins now. @throws KintsugiError `invalid` for a wrong span or where nobody says who or why, and when the list cannot be written */
export async function addSilence(
  list: SilenceList,
  { scope, verified = false, forMs, id = newSilenceId(), ...said }: NewSilence,
): Promise<Entry> {
  if (forMs <= 0 || forMs > LONGEST_MS)
    throw new KintsugiError('invalid', 'a silence lasts from one second to 24 h', {
      where: '--for',
      fix: 'Give a span like 2h; who needs more than a day sets another one before it is over.',
    });
  const actor = sayer(said.actor);
  const reason = legible(said.reason).trim();
  if (reason === '') throw unsaid('why', '--reason');
  const now = new Date();
  const entry: Entry = {
    id,
    ...('runbook' in scope ? { runbook: scope.runbook } : { target: formatTarget(scope.target) }),
    actor,
    ...(verified ? { verified } : {}),
    reason,
    since: now.toISOString(),
    until: new Date(now.getTime() + forMs).toISOString(),
  };
  const entries = await change(list, (present) =>
    present.some((other) => other.id === id) ? present : [...present, entry],
  );
  return entries.find((other) => other.id === id) ?? entry;
}

/**
 * Ends one before its time; who did it, and why, stays for a day. The same person may say so again.
 * @throws KintsugiError `not-found` when none of that id holds
 */
export async function endSilence(list: SilenceList, id: string, by: { actor: string; reason: string }): Promise<Entry> {
  const now = new Date();
  const ended = { by: sayer(by.actor), at: now.toISOString(), reason: legible(by.reason).trim() };
  const entries = await change(list, (present) => {
    const entry = present.find((candidate) => candidate.id === id);
    if (entry?.ended?.by === ended.by) return present;
    if (entry === undefined || !isActive(entry, now)) throw noSuchSilence(list, id);
    return present.map((other) => (other === entry ? { ...entry, ended } : other));
  });
  const entry = entries.find((candidate) => candidate.id === id);
  if (entry === undefined) throw noSuchSilence(list, id);
  return entry;
}

/** Who sets or ends a silence, as histories name people. */
function sayer(actor: string): string {
  const name = nameOf(actor);
  if (name === '') throw unsaid('by whom', '--actor');
  return name;
}

function unsaid(what: string, where: string): KintsugiError {
  return new KintsugiError('invalid', `a silence says ${what}`, {
    where,
    fix: 'Say it: people read it in the history.',
  });
}

/** Writes the list against the version that was read, and again when another one was faster; what is long over falls out. */
async function change(list: SilenceList, make: (entries: Entry[]) => Entry[]): Promise<Entry[]> {
  for (let tries = 1; ; tries += 1) {
    const map = await readConfigMap(list.kubernetes, at(list));
    const entries = make(entriesOf(map)).filter(isKept);
    if (entries.length > MOST_ENTRIES)
      throw new KintsugiError('refused', `there are ${MOST_ENTRIES} silences already`, {
        where: where(list),
        fix: 'End those that are not needed: kintsugi silence list.',
      });
    try {
      await put(list, map, entries);
      return entries;
    } catch (error) {
      if (!(error instanceof KintsugiError) || error.code !== 'conflict' || tries === MOST_TRIES) throw error;
    }
  }
}

async function put({ kubernetes, namespace }: SilenceList, map: V1ConfigMap | null, entries: Entry[]): Promise<void> {
  const resourceVersion = map?.metadata?.resourceVersion;
  const body: V1ConfigMap = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: SILENCES_NAME,
      namespace,
      labels: { 'app.kubernetes.io/managed-by': 'kintsugi' },
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
    data: Object.fromEntries(entries.map((entry) => [entry.id, JSON.stringify(entry)])),
  };
  if (map === null) await kubernetes.core.createNamespacedConfigMap({ namespace, body });
  else await kubernetes.core.replaceNamespacedConfigMap({ name: SILENCES_NAME, namespace, body });
}

function isKept({ until, ended }: Entry): boolean {
  return Date.parse(ended?.at ?? until) > Date.now() - KEPT_MS;
}

async function readWithin({ kubernetes, namespace }: SilenceList, signal: AbortSignal): Promise<V1ConfigMap | null> {
  try {
    return await kubernetes.core.readNamespacedConfigMap({ namespace, name: SILENCES_NAME }, callOptions({ signal }));
  } catch (error) {
    if (error instanceof KintsugiError && error.code === 'not-found') return null;
    throw error;
  }
}

/** Nothing is passed over: an entry that cannot be understood may be the one that somebody relies on. */
function entriesOf(map: V1ConfigMap | null): Entry[] {
  const entries = Object.entries(map?.data ?? {}).map(([key, text]) => {
    try {
      return entrySchema.parse(JSON.parse(text));
    } catch (error) {
      throw new KintsugiError('invalid', `the silence ${key} cannot be understood: ${messageOf(error)}`, {
        where: `ConfigMap ${map?.metadata?.namespace}/${SILENCES_NAME}`,
        fix: 'Remove that key, and set the silence by `kintsugi silence`.',
        cause: error,
      });
    }
  });
  return entries.toSorted((a, b) => Date.parse(b.until) - Date.parse(a.until));
}

function at({ namespace }: SilenceList): { namespace: string; name: string } {
  return { namespace, name: SILENCES_NAME };
}

function where({ namespace }: SilenceList): string {
  return `ConfigMap ${namespace}/${SILENCES_NAME}`;
}

function noSuchSilence(list: SilenceList, id: string): KintsugiError {
  return new KintsugiError('not-found', `no silence ${id} holds`, {
    where: where(list),
    fix: '`kintsugi silence list` shows those that hold.',
  });
}
