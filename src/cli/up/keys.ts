import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Configuration } from '../../configuration/configuration.ts';
import { KintsugiError, messageOf } from '../../errors.ts';
import { publicKeyOf } from '../../orders/sign.ts';

/** The keys that an installation on one machine makes for itself, and the file of each in KINTSUGI_HOME. */
const KEY_FILES = {
  KINTSUGI_REDACTION_KEY: 'redaction-key',
  KINTSUGI_GATEWAY_TOKEN: 'gateway-token',
  KINTSUGI_ORDER_KEY: 'order-key',
} as const;
export type KeyName = keyof typeof KEY_FILES;
const keyNames = [
  'KINTSUGI_REDACTION_KEY',
  'KINTSUGI_GATEWAY_TOKEN',
  'KINTSUGI_ORDER_KEY',
] as const satisfies KeyName[];

/** Where the key of a name is kept. */
export function keyFile(home: string, name: KeyName): string {
  return join(home.replace(/^~(?=\/|$)/, homedir()), KEY_FILES[name]);
}

/**
 * The variables with every key: given ones stay; else what a file of KINTSUGI_HOME holds; else a new one, written there for its
 * owner alone (mode 0600). Throws `forbidden` if the folder cannot be written.
 */
export function withKeys(variables: NodeJS.ProcessEnv, home: string): NodeJS.ProcessEnv {
  const complete = { ...variables };
  for (const name of keyNames) {
    const given = (variables[name] ?? '') !== '' || (variables[`${name}_FILE`] ?? '') !== '';
    if (!given) complete[name] = keptKey(keyFile(home, name));
  }
  return complete;
}

/** The public keys by which orders are verified in a process that is gateway and worker: its own, unless others are given. */
export function orderPublicKeys({ orderKey, orderPublicKeys: given }: Configuration): string[] {
  return given.length > 0 || orderKey === undefined ? given : [publicKeyOf(orderKey)];
}

function keptKey(file: string): string {
  try {
    mkdirSync(join(file, '..'), { recursive: true, mode: 0o700 });
    // `wx` makes it or fails: two that start at once agree on one key.
    writeFileSync(file, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
  } catch (thrown) {
    if (!isThere(thrown)) throw unusable(file, thrown);
  }
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (thrown) {
    throw unusable(file, thrown);
  }
}

function isThere(thrown: unknown): boolean {
  return typeof thrown === 'object' && thrown !== null && 'code' in thrown && thrown.code === 'EEXIST';
}

function unusable(file: string, thrown: unknown): KintsugiError {
  return new KintsugiError('forbidden', `the key file cannot be used: ${messageOf(thrown)}`, {
    where: file,
    fix: 'make the folder writable, or set KINTSUGI_HOME to one that is',
    cause: thrown,
  });
}
