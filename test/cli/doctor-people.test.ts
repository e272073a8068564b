import { expect, test } from '@jest/globals';
import { peopleCheck } from '../../src/cli/doctor/people.ts';
import type { Role } from '../../src/orders/roles.ts';
import { publicKeyOf } from '../../src/orders/sign.ts';

const NOW = new Date('2026-01-31T03:05:00Z');
const KEY = 'a1'.repeat(32);
const token = { name: 'alice', person: 'alice@example.org', role: 'approver' as Role, sha256: 'ab'.repeat(32) };

test.each([
  ['no key and no tokens', {}, true, /every order is unverified/],
  ['tokens without a key', { tokens: [token] }, false, /every order is unverified/],
  ['tokens and a key', { tokens: [token], orderKey: KEY }, true, /verified by 1 token/],
  ['the public half alone', { orderPublicKeys: [publicKeyOf(KEY)] }, true, /no tokens are configured here/],
  ['halves that do not fit', { orderKey: KEY, orderPublicKeys: ['cd'.repeat(32)] }, false, /does not know the key/],
  [
    'a token that has expired',
    { tokens: [{ ...token, expires: '2026-01-31T00:00:00Z' }], orderKey: KEY },
    false,
    /have expired: alice/,
  ],
])('doctor tells of %s', (_, settings, ok, saw) => {
  const check = peopleCheck({ tokens: [], orderPublicKeys: [], ...settings }, NOW);
  expect(check).toMatchObject({ ok, saw: expect.stringMatching(saw) });
});
