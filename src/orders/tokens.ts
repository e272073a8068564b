import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { KintsugiError } from '../errors.ts';
import type { Role } from './roles.ts';
import type { TokenSettings } from './token-settings.ts';

/** Who a token says that its bearer is. */
export interface Person {
  /** The token's own name. */
  token: string;
  person: string;
  role: Role;
}

/**
 * A new token: 256 random bits. Nobody finds so many by trying, whatever the hash costs, so a plain SHA-256 keeps it; the slow,
 * salted hashes are for passwords, which people choose.
 */
export function newToken(): string {
  return `kt_${randomBytes(32).toString('base64url')}`;
}

/** The hash by which the configuration knows a token. */
export function hashOf(token: string): string {
  return digest(token).toString('hex');
}

/**
 * Who sends a request with this Authorization header. Every configured hash is compared, each in constant time, so that the time
 * of an answer tells nothing about any of them.
 * @throws KintsugiError `forbidden`: no token, an unknown one or one that has expired
 */
export function identify(header: string | undefined, tokens: readonly TokenSettings[], now: Date): Person {
  const given = /^Bearer +(\S+) *$/i.exec(header ?? '')?.[1];
  if (given === undefined) throw unknown('the request carries no "Authorization: Bearer <token>"');
  const hash = digest(given);
  const [found] = tokens.filter(({ sha256 }) => timingSafeEqual(Buffer.from(sha256, 'hex'), hash));
  if (found === undefined) throw unknown('the bearer token is none that this gateway knows');
  const { name, person, role, expires } = found;
  if (expires !== undefined && Date.parse(expires) <= now.getTime())
    throw unknown(`the token ${name} has expired (${expires})`);
  return { token: name, person, role };
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

function unknown(message: string): KintsugiError {
  const fix =
    'make one by `kintsugi token new`, and have its hash added to `tokens` in the configuration of the gateway';
  return new KintsugiError('forbidden', message, { where: 'Authorization', fix });
}
