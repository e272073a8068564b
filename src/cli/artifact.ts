import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { type Command, InvalidArgumentError } from 'commander';
import type { Artifacts } from '../artifacts/store.ts';
import { loadConfiguration } from '../configuration/configuration.ts';
import { KintsugiError } from '../errors.ts';
import { jsonOption } from './options.ts';
import { type JsonOption, printResult, table } from './output.ts';

/** `kintsugi artifact list|get` */
export default function register(program: Command): void {
  const artifact = program
    .command('artifact')
    .description(
      'exported state and large evidence, as it is kept in KINTSUGI_HOME of the machine that it was written on',
    );
  artifact.command('list').description('list what is kept, the newest first').addOption(jsonOption()).action(list);
  artifact
    .command('get')
    .description(
      'write one artifact to stdout or a file, decrypted; what was altered is told and ends with exit code 2',
    )
    .argument('<digest>', 'its SHA-256, or the first eight digits of it and more', digestValue)
    .option('-o, --output <file>', 'write it there, for its owner alone, and not to stdout')
    .addOption(jsonOption())
    .action(get);
}

function digestValue(text: string): string {
  const digits = text.replace(/^sha256:/, '');
  if (/^[0-9a-f]{8,64}$/.test(digits)) return digits;
  throw new InvalidArgumentError('give 8 to 64 hexadecimal digits.');
}

async function configured(): Promise<Artifacts> {
  const { configuredArtifacts } = await import('../artifacts/store.ts');
  return configuredArtifacts(loadConfiguration(process.env));
}

async function list(options: JsonOption): Promise<void> {
  const artifacts = await (await configured()).list();
  printResult(options, { artifacts }, () => {
    const rows = artifacts.map(({ sha256, bytes, encrypted, writtenAt }) => [
      sha256,
      String(bytes),
      encrypted ? 'yes' : 'no',
      writtenAt.toISOString(),
    ]);
    return table(['SHA256', 'BYTES', 'ENCRYPTED', 'WRITTEN'], rows);
  });
}

async function get(digits: string, options: JsonOption & { output?: string }): Promise<void> {
  const artifacts = await configured();
  const sha256 = await fullDigest(artifacts, digits);
  const stored = await artifacts.open(sha256);
  if (stored === null) throw notHere(digits);
  const { output } = options;
  if (output === undefined) {
    await pipeline(stored.content, process.stdout, { end: false });
    return;
  }
  await pipeline(stored.content, createWriteStream(output, { mode: 0o600 }));
  const { bytes } = stored;
  printResult(options, { sha256, bytes, file: output }, () => `${output}: ${bytes} bytes, sha256 ${sha256}`);
}

/** What begins with the digits; people copy the short form from a recovery's record. */
async function fullDigest(artifacts: Artifacts, digits: string): Promise<string> {
  const names = (await artifacts.list()).map(({ sha256 }) => sha256).filter((sha256) => sha256.startsWith(digits));
  const [only] = names;
  if (only === undefined) throw notHere(digits);
  if (names.length === 1) return only;
  throw new KintsugiError('invalid', `${names.length} artifacts begin with ${digits}`, {
    where: 'artifact get',
    fix: `Give more digits: ${names.join(', ')}.`,
  });
}

function notHere(digits: string): KintsugiError {
  return new KintsugiError('not-found', `there is no artifact ${digits} on this machine`, {
    where: 'KINTSUGI_HOME',
    fix: 'Ask on the machine (or the volume) of the worker that wrote it; `kintsugi artifact list` shows what is here.',
  });
}
