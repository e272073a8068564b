import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { findingOf } from './finding-of-log.ts';

/** Outputs of real programs, made by running them with the fault that the file's name tells. */
const FOLDER = new URL('./logs/', import.meta.url);
const read = (name: string): string => readFileSync(new URL(`${name}.log`, FOLDER), 'utf8');

/** The file, the label, what the finding is about, and the words that decide: without them nothing is known. */
const CASES: [file: string, label: string, subject: string | undefined, decides: string[]][] = [
  [
    'python-redis-name-not-found',
    'redis-connection-failure',
    'redis-master.redis.svc.cluster.local:6379',
    ['redis.exceptions.ConnectionError', 'connecting to', 'Name or service not known'],
  ],
  [
    'node-ioredis-refused',
    'redis-connection-failure',
    '127.0.0.1:6399',
    ['ECONNREFUSED', 'MaxRetriesPerRequestError', 'max retries per request limit'],
  ],
  ['go-redis-zap-json', 'redis-connection-failure', '127.0.0.1:6379', ['connection refused', 'dial tcp']],
  [
    'java-lettuce-refused',
    'redis-connection-failure',
    undefined,
    ['RedisConnectionException', 'Unable to connect to', 'Connection refused', 'ConnectException'],
  ],
  [
    'node-mongodb-selection',
    'mongodb-connection-failure',
    '127.0.0.1:27099',
    ['MongoServerSelectionError', 'MongoNetworkError', 'ECONNREFUSED'],
  ],
  [
    'java-mongodb-refused',
    'mongodb-connection-failure',
    undefined,
    [
      'MongoTimeoutException',
      'MongoSocketOpenException',
      'Timed out',
      'ConnectException',
      'Connection refused',
      'Client view of cluster state',
      'client view of cluster state',
    ],
  ],
  [
    'python-httpx-read-timeout',
    'ollama-timeout',
    undefined,
    ['httpx.ReadTimeout', 'httpcore.ReadTimeout', 'TimeoutError', 'timed out'],
  ],
  ['node-got-timeout', 'ollama-timeout', undefined, ['Timeout awaiting', 'ETIMEDOUT', 'TimeoutError']],
  ['go-http-client-timeout', 'ollama-timeout', '127.0.0.1:11434', ['context deadline exceeded', 'Client.Timeout']],
  ['python-module-missing', 'application-startup-failure', 'aioredis', ['ModuleNotFoundError', 'No module named']],
  ['node-export-missing', 'application-startup-failure', 'node:fs', ['SyntaxError', 'does not provide an export']],
  ['python-pydantic-settings', 'configuration-error', 'hosts', ['SettingsError', 'JSONDecodeError']],
  ['node-zod', 'configuration-error', undefined, ['ZodError', 'invalid_type']],
  [
    'java-spring-placeholder',
    'configuration-error',
    'app.api.key',
    ['Could not resolve placeholder', 'APPLICATION FAILED', 'IllegalArgumentException'],
  ],
  ['go-envconfig', 'configuration-error', 'APP_PORT', ['required key', 'missing value']],
  ['python-permission', 'permission-denied', '/var/log/app.log', ['PermissionError', 'Permission denied']],
  ['java-permission', 'permission-denied', '/etc/x.conf', ['Permission denied']],
  ['python-uvicorn-port', 'port-in-use', '127.0.0.1:18090', ['already in use', 'attempting to bind']],
  ['java-spring-port', 'port-in-use', '18392', ['already in use', 'BindException', 'PortInUseException']],
  ['go-listen', 'port-in-use', '18291', ['address already in use']],
  [
    'go-mongo-name-not-found',
    'mongodb-connection-failure',
    'mongo.data.svc.cluster.local',
    ['server selection', 'current topology', 'no such host', 'dial tcp'],
  ],
  [
    'python-celery-broker',
    'redis-connection-failure',
    undefined,
    ['connection to the message broker after a connection loss has been disabled'],
  ],
  ['python-base64', 'configuration-error', 'ENCRYPTION_KEY holds no valid base64', ['binascii.Error']],
  ['go-redis-tolerated', 'unknown', 'invariant violated', ['invariant violated']],
  ['python-tolerated-then-keyerror', 'configuration-error', 'OPENAI_API_KEY is not set', ['KeyError']],
  [
    'python-redis-given-up',
    'redis-connection-failure',
    'redis-master.redis.svc.cluster.local:6379',
    ['connecting to', 'Connection refused', 'not reachable', 'giving up waiting'],
  ],
  [
    'python-redis-then-permission',
    'permission-denied',
    '/var/lib/fallback.db',
    [
      'PermissionError',
      'Permission denied',
      'redis.exceptions.ConnectionError',
      'connecting to',
      'ConnectionRefusedError',
      'Connection refused',
    ],
  ],
  ['python-typer-missing', 'configuration-error', '--url', ['Missing option']],
  ['python-kombu-version', 'application-startup-failure', 'redis-py versions 6.1.0', ['VersionMismatch']],
  ['node-openai-timeout', 'ollama-timeout', undefined, ['APIConnectionTimeoutError', 'Request timed out']],
  [
    'node-openai-credentials',
    'configuration-error',
    'OPENAI_API_KEY',
    ['Missing credentials', 'environment variable', 'OPENAI_API_KEY', 'OPENAI_ADMIN_KEY'],
  ],
  [
    'node-redis-wrong-password',
    'configuration-error',
    'Redis answers but refuses its user or password',
    ['WRONGPASS', 'invalid username-password pair'],
  ],
  ['java-jetty-port', 'port-in-use', undefined, ['BindException', 'already in use']],
  ['java-snakeyaml', 'configuration-error', 'a YAML file does not parse', ['mapping values are not allowed here']],
  ['java-url-connection-refused', 'ollama-timeout', undefined, ['ConnectException', 'Connection refused']],
];

describe('a log of a real program', () => {
  test.each(CASES)('%s is %s', (file, label) => {
    expect(findingOf(read(file))).toMatchObject({ label });
  });

  test.each(CASES.filter(([, , subject]) => subject !== undefined))('%s: %s, about %s', (file, _label, subject) => {
    expect(findingOf(read(file))?.summary).toContain(subject);
  });

  test.each(CASES)('%s without the words that decide is no longer %s', (file, _label, _subject, decides) => {
    const noise = decides.reduce((text, word) => text.replaceAll(word, word.replace(/[A-Za-z]/g, 'q')), read(file));
    expect(noise).not.toBe(read(file));
    expect(findingOf(noise)).toMatchObject({ cause: 'unknown' });
  });

  test('every file in the folder is a case', () => {
    const files = readdirSync(FOLDER).map((file) => file.replace(/\.log$/, ''));
    expect(files.toSorted()).toEqual(CASES.map(([file]) => file).toSorted());
  });
});
