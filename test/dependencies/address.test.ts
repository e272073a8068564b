import { describe, expect, test } from '@jest/globals';
import { parseAddress, usesTls } from '../../src/dependencies/address.ts';

describe('an address', () => {
  test.each([
    ['redis://redis.redis:6379/0', { hosts: [{ host: 'redis.redis', port: 6379 }], path: '0', unescaped: false }],
    ['rediss://u:p@h', { username: 'u', password: 'p', hosts: [{ host: 'h' }], unescaped: false }],
    ['redis://:p%40ss@h:1', { password: 'p@ss', hosts: [{ host: 'h', port: 1 }], unescaped: false }],
    ['redis://:a:b@h:1', { password: 'a:b', hosts: [{ host: 'h', port: 1 }], unescaped: false }],
    [
      'mongodb://a:27017,b:27018/db?replicaSet=rs',
      {
        hosts: [
          { host: 'a', port: 27017 },
          { host: 'b', port: 27018 },
        ],
        path: 'db',
      },
    ],
    ['mongodb://u:p@h/?appName=@x@', { username: 'u', password: 'p', hosts: [{ host: 'h' }], unescaped: false }],
    ['http://ollama:11434/@me', { hosts: [{ host: 'ollama', port: 11434 }], path: '@me', unescaped: false }],
  ])('%s is read by its parts', (text, parts) => {
    expect(parseAddress(text)).toMatchObject(parts);
  });

  test.each([
    ['redis://:p@ss@host:6379', 'p@ss'],
    ['redis://:p/ss@host:6379', 'p/ss'],
    ['mongodb://u:p#s?s@host:27017/db', 'p#s?s'],
    ['mongodb://u:p@s/s@host:27017/db', 'p@s/s'],
    ['mongodb://u:p:ss@host:27017', 'p:ss'],
    ['redis://:50%off@host:6379', '50%off'],
  ])('%s has a password that is not escaped, and its host is never taken out of it', (text, password) => {
    const address = parseAddress(text);
    expect(address).toMatchObject({ password, unescaped: true });
    expect(address?.hosts.map(({ host }) => host)).toEqual(['host']);
  });

  test.each(['', 'redis', 'redis:6379', 'tcp:', '://x'])('%j is none', (text) => {
    expect(parseAddress(text)).toBeNull();
  });

  test.each([
    ['rediss://h', true],
    ['redis://h', false],
    ['mongodb+srv://h', true],
    ['mongodb+srv://h/?tls=false', false],
    ['mongodb://h/?ssl=true', true],
  ])('%s with TLS: %s', (text, tls) => {
    const address = parseAddress(text);
    expect(address !== null && usesTls(address)).toBe(tls);
  });
});
