import { createHash, timingSafeEqual } from 'node:crypto';
import { KintsugiError } from '../errors.ts';

/**
 * Throws `forbidden` unless the Authorization header is `Bearer <token>`. Hashes of equal length are compared in constant time,
 * so that the time of an answer tells nothing about the token.
 */
export function requireToken(header: string | undefined, token: string): void {
  if (header === undefined) throw denied('the request carries no Authorization header');
  const given = /^Bearer +(\S+) *$/i.exec(header)?.[1];
  if (given === undefined) throw denied('the Authorization header is not "Bearer <token>"');
  if (!timingSafeEqual(digest(given), digest(token))) throw denied('the bearer token is not the one of this gateway');
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function denied(message: string): KintsugiError {
  const fix =
    "send the gateway's KINTSUGI_GATEWAY_TOKEN: in Alertmanager http_config.authorization.credentials_file, in Grafana the authorization header of the contact point";
  return new KintsugiError('forbidden', message, { where: 'Authorization', fix });
}
