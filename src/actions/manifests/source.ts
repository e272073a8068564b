import { readdir, readFile, realpath } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { KintsugiError, messageOf } from '../../errors.ts';
import { callOptions } from '../../kubernetes/transport.ts';
import type { ActionContext } from '../action.ts';
import { liveManifests } from './live.ts';
import { type Manifest, parseManifests } from './parse.ts';

const MANIFEST = /\.(?:ya?ml|json)$/;
const CONFIG_MAP = /^configMap:(?:([a-z0-9-]+)\/)?([a-z0-9.-]+)$/;

/** What `from` may say, for the schema. */
export const SOURCE = /^(?:live|configMap:(?:[a-z0-9-]+\/)?[a-z0-9.$-]+|[\w$-][\w$./-]*)$/;

/** The place of `from`, with the target's name in the place of `$name`. */
export function placeOf({ target }: Pick<ActionContext, 'target'>, from: string): string {
  return from.replaceAll('$name', target.name);
}

/**
 * The manifests of a source, each with where it stands.
 * @throws KintsugiError `invalid` with file and line, `not-found` without the folder, the ConfigMap or anything in it
 */
export async function readManifests(context: ActionContext, from: string): Promise<Manifest[]> {
  const place = placeOf(context, from);
  if (place === 'live') return liveManifests(context);
  const map = CONFIG_MAP.exec(place);
  const { namespace } = context.target;
  const texts =
    map === null
      ? await filesOf(context.runbooks, place)
      : await keysOf(context, { namespace: map[1] ?? namespace, name: map[2] ?? '' });
  const manifests = texts.flatMap(({ text, file }) => parseManifests(text, file, namespace));
  if (manifests.length > 0) return manifests;
  throw nothing(place, 'there is no manifest in it');
}

interface Text {
  file: string;
  text: string;
}

/** `kubectl apply -f FOLDER/`: the manifests of the folder itself, in the order of their names. */
async function filesOf(runbooks: string, place: string): Promise<Text[]> {
  const folder = await folderBeside(runbooks, place);
  const names = (await readdir(folder)).filter((name) => MANIFEST.test(name)).sort();
  return Promise.all(
    names.map(async (name) => ({
      file: join(place, name),
      text: await readFile(await within(folder, join(folder, name)), 'utf8'),
    })),
  );
}

/** Beside the runbooks' folder, and nowhere else: neither by `..` nor by a link. */
async function folderBeside(runbooks: string, place: string): Promise<string> {
  try {
    const base = await realpath(dirname(resolve(runbooks)));
    return await within(base, join(base, place));
  } catch (thrown) {
    if (thrown instanceof KintsugiError) throw thrown;
    throw nothing(place, `the folder beside the runbooks cannot be read: ${messageOf(thrown)}`);
  }
}

async function within(base: string, path: string): Promise<string> {
  const real = await realpath(path);
  if (real.startsWith(base.endsWith(sep) ? base : base + sep)) return real;
  throw new KintsugiError('invalid', 'it leads out of the folder beside the runbooks', {
    where: path,
    fix: 'Name a folder below the one that the runbooks lie in.',
  });
}

async function keysOf(
  { kubernetes, signal }: ActionContext,
  { namespace, name }: { namespace: string; name: string },
): Promise<Text[]> {
  const { data = {} } = await kubernetes.core.readNamespacedConfigMap({ namespace, name }, callOptions({ signal }));
  return Object.entries(data)
    .filter(([key]) => MANIFEST.test(key))
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([key, text]) => ({ file: `ConfigMap ${namespace}/${name}, ${key}`, text }));
}

function nothing(where: string, message: string): KintsugiError {
  return new KintsugiError('not-found', message, {
    where,
    fix: 'Name a folder beside the runbooks, a ConfigMap as configMap:NAMESPACE/NAME, or live.',
    retryable: false,
  });
}
