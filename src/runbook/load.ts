import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { KintsugiError, messageOf } from '../errors.ts';
import { recordAt } from '../faults/data.ts';
import { type Fault, formatFault } from '../faults/fault.ts';
import { type Catalogue, knownCatalogue } from './catalogue.ts';
import { type Names, namesOf, resolveReferences, withNames } from './references.ts';
import { type Runbook, runbookSchema } from './schema.ts';
import { type Start, settleStart } from './start.ts';
import { validateRunbook } from './validate.ts';

/** A runbook as it was read: its file, the SHA-256 of that file, and its content with every `$name` replaced. */
export interface StoredRunbook {
  name: string;
  file: string;
  digest: string;
  runbook: Runbook;
}

/** Every runbook of a folder, and everything that is wrong with those that cannot run. */
export interface Runbooks {
  runbooks: StoredRunbook[];
  faults: Fault[];
}

/** Reads all runbooks of a folder. One faulty file does not hide the others. Throws `not-found` if there is no such folder. */
export async function loadRunbooks(dir: string, catalogue: Catalogue = knownCatalogue): Promise<Runbooks> {
  const read = await Promise.all(
    (await runbookNames(dir)).map(async (name) => {
      const file = join(dir, `${name}.yaml`);
      return interpret(file, name, await readFile(file, 'utf8'), catalogue);
    }),
  );
  return {
    runbooks: read.flatMap((result) => ('digest' in result ? result : [])),
    faults: read.flatMap((result) => ('digest' in result ? [] : result.faults)),
  };
}

/**
 * Reads one runbook by its name, which is its file's and the workflow type's. Throws `not-found` with the names that there are,
 * or `invalid` with every fault of the file.
 */
export async function loadRunbook(
  dir: string,
  name: string,
  catalogue: Catalogue = knownCatalogue,
): Promise<StoredRunbook> {
  const { file, text } = await readText(dir, name);
  return requireSound(file, interpret(file, name, text, catalogue));
}

/**
 * The same for a recovery that begins: the parameters have their values, which stand for their `$name`s, and the procedure that
 * is meant is known. Throws `invalid` with everything that is wrong with the start.
 */
export async function loadStartedRunbook(
  dir: string,
  name: string,
  start: Start,
  catalogue: Catalogue = knownCatalogue,
): Promise<StoredRunbook & { procedure?: string }> {
  const { file, text } = await readText(dir, name);
  const stored = requireSound(file, interpret(file, name, text, catalogue));
  const { values, procedure } = settleStart(name, stored.runbook.spec, start);
  const raw = parse(text);
  const spec = { ...recordAt(raw, ['spec']), params: values };
  const declared = new Map(Object.keys(stored.runbook.spec.params).map((key) => [key, undefined]));
  const runbook = runbookSchema.parse(withResolvedReferences({ ...raw, spec }, withNames(namesOf(spec), declared)));
  return { ...stored, runbook, ...(procedure === undefined ? {} : { procedure }) };
}

async function readText(dir: string, name: string): Promise<{ file: string; text: string }> {
  const known = await runbookNames(dir);
  if (!known.includes(name)) {
    throw new KintsugiError('not-found', `there is no runbook named "${name}"`, {
      where: dir,
      fix: known.length === 0 ? 'put a runbook into the folder' : `use one of: ${known.join(', ')}`,
    });
  }
  const file = join(dir, `${name}.yaml`);
  return { file, text: await readFile(file, 'utf8') };
}

function requireSound(file: string, read: StoredRunbook | { faults: Fault[] }): StoredRunbook {
  if ('digest' in read) return read;
  throw new KintsugiError('invalid', read.faults.map(formatFault).join('\n'), {
    where: file,
    fix: 'correct what is listed; `kintsugi runbook validate` shows it again',
  });
}

/** The names of the runbooks in a folder, sorted. */
export async function runbookNames(dir: string): Promise<string[]> {
  try {
    const entries = await readdir(dir);
    return entries.flatMap((entry) => /^([^.].*)\.yaml$/.exec(entry)?.[1] ?? []).sort();
  } catch (thrown) {
    throw new KintsugiError('not-found', `the runbooks' folder cannot be read: ${messageOf(thrown)}`, {
      where: dir,
      fix: 'set KINTSUGI_RUNBOOKS to a folder of runbooks',
      cause: thrown,
    });
  }
}

function interpret(
  file: string,
  name: string,
  text: string,
  catalogue: Catalogue,
): StoredRunbook | { faults: Fault[] } {
  const faults = validateRunbook(file, text, catalogue);
  if (faults.length > 0) return { faults };
  const digest = createHash('sha256').update(text).digest('hex');
  const raw: unknown = parse(text);
  const names = new Map([...namesOf(recordAt(raw, ['spec']))].filter(([, value]) => value !== undefined));
  return { name, file, digest, runbook: runbookSchema.parse(withResolvedReferences(raw, names)) };
}

/**
 * Replaces the `$name`s of actions and checks: what is recorded, planned and shown is what will be done. Those that stay are what
 * only a start or a recovery knows.
 */
function withResolvedReferences(value: unknown, names: Names): unknown {
  const spec = recordAt(value, ['spec']);
  const parts = RESOLVED.filter((part) => spec[part] !== undefined);
  const resolved = parts.map((part) => [part, resolveReferences(spec[part], names, () => {})]);
  return { ...recordAt(value, []), spec: { ...spec, ...Object.fromEntries(resolved) } };
}

/** The parts of a runbook in which `$name` has a meaning. */
const RESOLVED = ['causes', 'procedures', 'verify', 'dataCheck', 'postRecovery'] as const;
