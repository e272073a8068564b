import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createRedactor, isSecretName } from '../../src/diagnosis/redaction.ts';

const { redact, redactNamed, tag } = createRedactor({ key: 'test' });
const PEM =
  '-----BEGIN PRIVATE KEY-----\nMIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQC7VJTUt9Us8cKj\nMzEfYyjiWA4R4/M2bS1GB4t7NXp98C3S\n-----END PRIVATE KEY-----';

/** What stands in a raw log or spec, and the secret in it. */
const SECRETS: [kind: string, raw: string, secret: string][] = [
  ['a password in an address', 'connecting to redis://:hunter2pass@redis:6379/0', 'hunter2pass'],
  ['a password with @ and / unescaped', 'mongodb://app:p@ss/word9@mongodb:27017', 'p@ss/word9'],
  ['a bearer token', 'sent Authorization: Bearer abcdefghij.klmnop-qrs', 'abcdefghij.klmnop-qrs'],
  ['a bearer token by itself', 'using Bearer abcdefghijklmnopqrs', 'abcdefghijklmnopqrs'],
  ['basic credentials', 'authorization: Basic dXNlcjpwYXNzd29yZDEyMw==', 'dXNlcjpwYXNzd29yZDEyMw=='],
  ['a variable', 'REDIS_PASSWORD=foo-bar-1', 'foo-bar-1'],
  ['a variable in quotes', 'export API_TOKEN="with some spaces"', 'with some spaces'],
  ['a variable with spaces around', 'aws_secret_access_key = wJalrXUtnFEMI/K7MDENG', 'wJalrXUtnFEMI/K7MDENG'],
  ['a JSON field', '{"user":"app","password":"p4ss\\"w","x":1}', 'p4ss'],
  ['a JSON field in camel case', '{"clientSecret":"s3cr3t-value"}', 's3cr3t-value'],
  ['a JSON field inside a string', '{"body":"{\\"password\\":\\"inner-value\\"}"}', 'inner-value'],
  ['a field of a Python dump', "config={'db_password': 'p4ssw0rd', 'db': 'x'}", 'p4ssw0rd'],
  ['a field of a Node dump', "{ apiKey: 'abc-def-123' }", 'abc-def-123'],
  ['a field of YAML', 'token: 9f8e7d6c5b', '9f8e7d6c5b'],
  ['a header', 'x-api-key: 0123456789abcdef', '0123456789abcdef'],
  ['a cookie', 'Set-Cookie: session=deadbeef99; Path=/', 'deadbeef99'],
  ['an address’ parameter', 'GET /api?access_token=tok-12345&page=2', 'tok-12345'],
  ['an argument', 'run --api-key abc123def --port 80', 'abc123def'],
  [
    'a private key over many lines',
    `loading\n${PEM}\ndone`,
    'MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQC7VJTUt9Us8cKj',
  ],
  [
    'a private key whose begin is cut off',
    PEM.split('\n').slice(1).join('\n'),
    'MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQC7VJTUt9Us8cKj',
  ],
  [
    'a private key whose end is cut off',
    PEM.split('\n').slice(0, 2).join('\n'),
    'MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQC7VJTUt9Us8cKj',
  ],
  ['a JSON web token', 'jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.SflKxwRJSMeKKF2QT4', 'SflKxwRJSMeKKF2QT4'],
  ['an AWS key', 'key AKIAIOSFODNN7EXAMPLE used', 'AKIAIOSFODNN7EXAMPLE'],
  [
    'a GitHub token',
    'cloning with ghp_0123456789abcdefghijklmnopqrstuvwxyz',
    'ghp_0123456789abcdefghijklmnopqrstuvwxyz',
  ],
  [
    'Redis’ AUTH in a client’s dump',
    "command: { name: 'hello', args: [ '3', 'AUTH', 'default', 'nope-pass' ] }",
    'nope-pass',
  ],
];

/** What looks like a secret and must stay readable: the classifier lives on it. */
const HARMLESS = [
  "KeyError: 'API_TOKEN'",
  'JWT_SECRET is required',
  'JWT_SECRET: undefined',
  'TOKEN_TTL=3600 MAX_TOKENS=4096 SESSION_TTL=86400',
  'SyntaxError: Unexpected token } in JSON at position 4',
  'WRONGPASS invalid username-password pair or user is disabled.',
  'pymongo.errors.OperationFailure: Authentication failed.',
  'Error: secretOrPrivateKey must have a value',
  'redis://redis-master.redis.svc.cluster.local:6379/0',
  'GET http://ollama:11434/api/version HTTP/1.1',
  'secret "db" not found',
];

describe('redaction', () => {
  test.each(SECRETS)('%s is cut', (_kind, raw, secret) => {
    expect(raw).toContain(secret);
    expect(redact(raw)).not.toContain(secret);
    expect(redact(raw)).toMatch(/\[cut:[0-9a-f]{8}\]/);
  });

  test.each(SECRETS)('%s is cut once: redacting again changes nothing', (_kind, raw) => {
    expect(redact(redact(raw))).toBe(redact(raw));
  });

  test.each(HARMLESS)('%s stays', (text) => {
    expect(redact(text)).toBe(text);
  });

  test('what stands around a secret stays', () => {
    expect(redact('redis://app:hunter2pass@redis:6379/0 refused')).toBe(
      `redis://app:[cut:${tag('hunter2pass')}]@redis:6379/0 refused`,
    );
  });

  test('equal secrets have equal tags, other keys have others', () => {
    expect(redact('PASSWORD=abcdef1')).toBe(redact('PASSWORD=abcdef1'));
    expect(redact('PASSWORD=abcdef1')).not.toBe(redact('PASSWORD=abcdef2'));
    expect(createRedactor({ key: 'other' }).redact('PASSWORD=abcdef1')).not.toBe(redact('PASSWORD=abcdef1'));
  });

  test('a value is cut by the name of its variable, whatever it looks like', () => {
    expect(redactNamed('DB_PASSWORD', 'postgres')).toBe(`[cut:${tag('postgres')}]`);
    expect(redactNamed('DB_HOST', 'postgres')).toBe('postgres');
    expect(redactNamed('DB_PASSWORD', '')).toBe('');
  });

  test.each(['REDIS_PASSWORD', 'apiKey', 'client-secret', 'GITHUB_TOKEN', 'db.password', 'PGPASSWORD', 'PG_PASS'])(
    '%s is the name of a secret',
    (name) => expect(isSecretName(name)).toBe(true),
  );
  test.each(['TOKEN_TTL', 'MAX_TOKENS', 'PASSWORD_FILE', 'REDIS_URL', 'AUTHOR', 'SECRETARY', 'authMethod', 'COMPASS'])(
    '%s is none',
    (name) => expect(isSecretName(name)).toBe(false),
  );
});

describe('values known from the cluster', () => {
  const known = 'pl4in/Val+ue with"quote';
  const cluster = createRedactor({ key: 'test', known: [known] });
  const FORMS: [form: string, text: string][] = [
    ['as it is', known],
    ['in JSON', JSON.stringify(known)],
    ['URL-encoded', encodeURIComponent(known)],
    [
      'URL-encoded in lower case',
      encodeURIComponent(known).toLowerCase().replace('pl4in', 'pl4in').replace('val', 'Val'),
    ],
    ['in a form', encodeURIComponent(known).replaceAll('%20', '+')],
    ['in base64', Buffer.from(known).toString('base64')],
    ['in base64 for addresses', Buffer.from(known).toString('base64url')],
    ['in base64 behind a name', Buffer.from(`user:${known}`).toString('base64')],
    ['in base64 behind another name', Buffer.from(`someone:${known}`).toString('base64')],
    ['in base64 between others', Buffer.from(`ab${known}cd`).toString('base64')],
  ];
  test.each(FORMS)('are cut %s', (_form, text) => {
    const redacted = cluster.redact(`value ${text} end`);
    expect(redacted).toContain(`[cut:${cluster.tag(known)}]`);
    expect(redacted).not.toContain(text);
  });

  test('are cut line by line where they have many', () => {
    const { redact: cut } = createRedactor({ key: 'test', known: ['first line of the file\nsecond line of the file'] });
    expect(cut('read: second line of the file')).not.toContain('second line of the file');
  });

  test('a known value of any kind never stays, in any of its forms', () => {
    const value = fc
      .string({ minLength: 8, maxLength: 40, unit: 'grapheme-ascii' })
      .filter((text) => text.trim() === text && !/cut:|\n/.test(text));
    fc.assert(
      fc.property(value, fc.string({ maxLength: 20 }), (secret, around) => {
        const { redact: cut } = createRedactor({ key: 'test', known: [secret] });
        const forms = [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')];
        for (const form of forms)
          expect(cut(`${around} ${form} ${around}`).replaceAll(/\[cut:[0-9a-f]{8}\]/g, '')).not.toContain(` ${form} `);
      }),
    );
  });
});

test('redaction is linear enough for whatever a log may hold', () => {
  const texts = [
    '-----BEGIN X-----',
    'password=',
    '"password":"',
    'http://a:',
    'cookie: ',
    "'AUTH',",
    'a.b.',
    'eyJaaaaaaaaa.',
    'a-',
  ];
  for (const text of texts) expect(redact(text.repeat(20_000)).length).toBeGreaterThan(0);
}, 20_000);
