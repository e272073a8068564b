import { describe, expect, test } from '@jest/globals';
import type { KintsugiError } from '../../src/errors.ts';
import type { Role } from '../../src/orders/roles.ts';
import { hashOf, identify, newToken } from '../../src/orders/tokens.ts';

const NOW = new Date('2026-01-31T03:05:00Z');

function settings(token: string, changes: object = {}) {
  const role: Role = 'approver';
  return { name: 'alice', person: 'alice@example.org', role, sha256: hashOf(token), ...changes };
}

/** What the error says to the one who asked. */
function refusal(header: string | undefined, known: Parameters<typeof identify>[1]): KintsugiError['message'] {
  try {
    identify(header, known, NOW);
  } catch (thrown) {
    return (thrown as KintsugiError).message;
  }
  throw new Error('the request was let in');
}

describe('a token', () => {
  test('has 256 bits that no two share, and is known by its hash', () => {
    const tokens = Array.from({ length: 50 }, newToken);
    expect(new Set(tokens).size).toBe(50);
    for (const token of tokens) expect(Buffer.from(token.slice(3), 'base64url')).toHaveLength(32);
    const [token = '', other = ''] = tokens;
    const known = [settings(other, { name: 'bob' }), settings(token)];
    expect(identify(`Bearer ${token}`, known, NOW)).toEqual({
      ...{ token: 'alice', person: 'alice@example.org', role: 'approver' },
    });
  });

  test('is refused when it is missing, unknown or expired, and the answer has nothing of it', () => {
    const token = newToken();
    expect(refusal(undefined, [settings(token)])).toMatch(/carries no "Authorization: Bearer <token>"/);
    expect(refusal(`Basic ${token}`, [settings(token)])).toMatch(/carries no/);
    const other = newToken();
    const unknown = refusal(`Bearer ${other}`, [settings(token)]);
    expect(unknown).toBe('the bearer token is none that this gateway knows');
    const expired = refusal(`Bearer ${token}`, [settings(token, { expires: '2026-01-31T03:05:00Z' })]);
    expect(expired).toBe('the token alice has expired (2026-01-31T03:05:00Z)');
    expect(refusal(`Bearer ${hashOf(token)}`, [settings(token)])).toBe(unknown);
  });

  test('that ends later is taken until then', () => {
    const token = newToken();
    const known = [settings(token, { expires: '2026-01-31T03:05:01Z' })];
    expect(identify(`bearer ${token}`, known, NOW)).toMatchObject({ person: 'alice@example.org' });
  });
});
