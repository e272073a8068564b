import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import type { Login } from './redis.ts';

/** The client's side of SCRAM (RFC 5802, RFC 7677), without channel binding: what MongoDB's drivers log in with. */
export interface ScramClient {
  mechanism: Mechanism;
  first: string;
  /** @throws RangeError where the server's first message is none */
  final(serverFirst: string): string;
}

export type Mechanism = 'SCRAM-SHA-256' | 'SCRAM-SHA-1';

/** A server that asks for more would only keep us busy. */
const MOST_ITERATIONS = 200_000;

/** @param nonce only tests give one */
export function scramClient(
  mechanism: Mechanism,
  { username = '', password = '' }: Login,
  nonce = randomBytes(18).toString('base64'),
): ScramClient {
  const hash = mechanism === 'SCRAM-SHA-256' ? 'sha256' : 'sha1';
  const bare = `n=${username.replaceAll('=', '=3D').replaceAll(',', '=2C')},r=${nonce}`;
  return {
    mechanism,
    first: `n,,${bare}`,
    final(serverFirst) {
      const [, theirs = '', salt = '', times = ''] = /^r=([^,]+),s=([^,]+),i=(\d+)/.exec(serverFirst) ?? [];
      const iterations = Number(times);
      if (!theirs.startsWith(nonce) || !(iterations > 0) || iterations > MOST_ITERATIONS)
        throw new RangeError('no SCRAM message');
      const withoutProof = `c=biws,r=${theirs}`;
      const secret = saltedPassword(hash, { username, password }, Buffer.from(salt, 'base64'), iterations);
      const clientKey = createHmac(hash, secret).update('Client Key').digest();
      const storedKey = createHash(hash).update(clientKey).digest();
      const signature = createHmac(hash, storedKey).update(`${bare},${serverFirst},${withoutProof}`).digest();
      const proof = clientKey.map((byte, index) => byte ^ (signature[index] ?? 0));
      return `${withoutProof},p=${Buffer.from(proof).toString('base64')}`;
    },
  };
}

/** With SHA-1 MongoDB takes an MD5 of name and password for the password (the drivers' specification, "SCRAM-SHA-1"). */
function saltedPassword(
  hash: 'sha256' | 'sha1',
  { username, password }: Required<Login>,
  salt: Buffer,
  iterations: number,
): Buffer {
  const digested = hash === 'sha1' ? createHash('md5').update(`${username}:mongo:${password}`).digest('hex') : password;
  return pbkdf2Sync(digested, salt, iterations, hash === 'sha1' ? 20 : 32, hash);
}
