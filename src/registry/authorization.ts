import { z } from 'zod';
import type { Challenge } from './challenge.ts';
import type { Credential } from './credentials.ts';
import { RegistryFailure, statusProblem } from './problem.ts';
import type { ImageReference } from './reference.ts';

const token = z.looseObject({ token: z.string().optional(), access_token: z.string().optional() });

/**
 * The `Authorization` header that a challenge asks for: the credential itself, or a token that is fetched with it for pulling
 * this repository (https://distribution.github.io/distribution/spec/auth/token/). Undefined where it gives none.
 * @throws RegistryFailure when the one that gives tokens has a limit or is broken: that says nothing about the credential
 */
export async function authorizationFor(
  challenge: Challenge,
  asks: { credential: Credential | undefined; address: URL; reference: ImageReference },
  fetchToken: (realm: URL, authorization: string | undefined) => Promise<Response>,
): Promise<string | undefined> {
  const { credential, address, reference } = asks;
  const basic = credential === undefined ? undefined : basicAuthorization(credential);
  if (challenge.scheme === 'basic') return basic;
  const realm = new URL(challenge.realm);
  // A registry reached by TLS must not lure the password onto an open wire.
  if (basic !== undefined && address.protocol === 'https:' && realm.protocol !== 'https:') return undefined;
  if (challenge.service !== undefined) realm.searchParams.set('service', challenge.service);
  realm.searchParams.set('scope', challenge.scope ?? `repository:${reference.repository}:pull`);
  const response = await fetchToken(realm, basic);
  if (response.status === 429 || response.status >= 500) throw new RegistryFailure(statusProblem(response.status));
  if (!response.ok) return undefined;
  const answer = token.parse(JSON.parse(await response.text()));
  const value = answer.token ?? answer.access_token;
  return value === undefined ? undefined : `Bearer ${value}`;
}

function basicAuthorization(credential: Credential): string {
  return `Basic ${Buffer.from(`${credential.username}:${credential.password}`).toString('base64')}`;
}
