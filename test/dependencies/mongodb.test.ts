import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { afterEach, describe, expect, test } from '@jest/globals';
import { parseAddress } from '../../src/dependencies/address.ts';
import { askPod } from '../../src/dependencies/ask.ts';
import { type BsonDocument, decodeDocument, encodeDocument } from '../../src/dependencies/bson.ts';
import { scramClient } from '../../src/dependencies/scram.ts';
import { type FakeDependency, startMongo } from './servers.ts';

let mongo: FakeDependency | undefined;
afterEach(async () => {
  await mongo?.close();
  mongo = undefined;
});

const to = { namespace: 'mongodb', pod: 'mongodb-0', port: 27017 };
const OK: BsonDocument = { ok: 1 };
const PRIMARY: BsonDocument = { ok: 1, isWritablePrimary: true, saslSupportedMechs: ['SCRAM-SHA-256'] };

async function ask(answer: (command: BsonDocument) => BsonDocument | null, url: string | null) {
  const server = await startMongo(answer);
  mongo = server;
  const address = url === null ? null : parseAddress(url);
  return askPod(server.forward, { type: 'mongodb', to, address }, new AbortController().signal);
}

/** The server's side of SCRAM-SHA-256 for one user: RFC 7677. */
function admitting(password: string, hello: BsonDocument = PRIMARY) {
  const salt = Buffer.from('salt-of-16-bytes');
  let auth = '';
  const failed: BsonDocument = { ok: 0, code: 18, codeName: 'AuthenticationFailed', errmsg: 'Authentication failed.' };
  return (command: BsonDocument): BsonDocument => {
    if ('hello' in command) return hello;
    const sent = Buffer.isBuffer(command.payload) ? command.payload.toString() : '';
    if ('saslStart' in command) {
      const bare = sent.slice(3);
      const first = `${/r=.*/.exec(bare)?.[0]}server,s=${salt.toString('base64')},i=4096`;
      auth = `${bare},${first}`;
      return { ok: 1, conversationId: 1, done: false, payload: Buffer.from(first) };
    }
    if (!('saslContinue' in command)) return OK;
    const [withoutProof = '', proof = ''] = sent.split(',p=');
    const salted = pbkdf2Sync(password, salt, 4096, 32, 'sha256');
    const key = createHmac('sha256', salted).update('Client Key').digest();
    const stored = createHash('sha256').update(key).digest();
    const signature = createHmac('sha256', stored).update(`${auth},${withoutProof}`).digest();
    const expected = Buffer.from(key.map((byte, index) => byte ^ (signature[index] ?? 0)));
    return proof === expected.toString('base64') ? { ok: 1, done: true, payload: Buffer.from('v=') } : failed;
  };
}

describe('a MongoDB asked for real', () => {
  const unauthorized = (command: BsonDocument): BsonDocument =>
    'hello' in command
      ? PRIMARY
      : { ok: 0, code: 13, codeName: 'Unauthorized', errmsg: 'command ping requires authentication' };
  test.each<[string, (command: BsonDocument) => BsonDocument | null, string | null, string, string]>([
    ['that says hello is well', () => PRIMARY, 'mongodb://m:27017/db', 'well', 'a server of its own'],
    ['that never answers is silent', () => null, null, 'silent', 'no answer within 3000 ms'],
    ['that takes the password is well', admitting('pw-1234'), 'mongodb://app:pw-1234@m:27017', 'well', 'hello'],
    [
      'that refuses the password is up',
      admitting('other'),
      'mongodb://app:pw-1234@m:27017',
      'denied',
      'AuthenticationFailed',
    ],
    [
      'that asks for a login, and the address has none, is up',
      unauthorized,
      'mongodb://m:27017',
      'denied',
      'requires authentication',
    ],
    ['whose address is not known here is well', unauthorized, null, 'well', 'hello'],
    [
      'that is a secondary is read-only',
      () => ({ ok: 1, isWritablePrimary: false, secondary: true, setName: 'rs0' }),
      null,
      'read-only',
      'replica set rs0, secondary',
    ],
    [
      'that fails is failing',
      () => ({ ok: 0, code: 91, codeName: 'ShutdownInProgress', errmsg: 'bye' }),
      null,
      'failing',
      'ShutdownInProgress (bye)',
    ],
  ])('%s', async (_, answer, url, state, saw) => {
    const answered = await ask(answer, url);
    expect(answered).toMatchObject({ state, saw: expect.stringContaining(saw) });
    expect(JSON.stringify(answered)).not.toContain('pw-1234');
  });
});

test('a document is read as it was written, and values of no use are passed over', () => {
  const document = { a: 1, b: 'text', c: true, d: null, e: [1, 'two'], f: { g: Buffer.from('bytes') } };
  expect(decodeDocument(encodeDocument(document))).toEqual(document);
  // {"when": Date(1), "x": 1.5, "n": int64 7}, by hand.
  const bytes = Buffer.from(
    '2a00000009' +
      Buffer.from('when\0').toString('hex') +
      '0100000000000000' +
      '017800' +
      '000000000000f83f' +
      '126e00' +
      '0700000000000000' +
      '00',
    'hex',
  );
  bytes.writeInt32LE(bytes.length, 0);
  expect(decodeDocument(bytes)).toEqual({ when: null, x: 1.5, n: 7 });
  expect(() => decodeDocument(bytes.subarray(0, 12))).toThrow('no BSON');
});

test('the login with SCRAM-SHA-1 is that of the drivers: name and password digested, the example of RFC 5802 otherwise', () => {
  const client = scramClient('SCRAM-SHA-1', { username: 'user', password: 'pencil' }, 'fyko+d2lbbFgONRv9qkxdawL');
  expect(client.first).toBe('n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL');
  // The conversation of the drivers' specification (auth.md, "SCRAM-SHA-1").
  const final = client.final(
    'r=fyko+d2lbbFgONRv9qkxdawLHo+Vgk7qvUOKUwuWLIWg4l/9SraGMHEE,s=rQ9ZY3MntBeuP3E1TDVC4w==,i=10000',
  );
  expect(final).toBe(
    'c=biws,r=fyko+d2lbbFgONRv9qkxdawLHo+Vgk7qvUOKUwuWLIWg4l/9SraGMHEE,p=MC2T8BvbmWRckDw8oWl5IVghwCY=',
  );
});
