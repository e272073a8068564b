import { afterEach, describe, expect, test } from '@jest/globals';
import { parseAddress } from '../../src/dependencies/address.ts';
import { askPod } from '../../src/dependencies/ask.ts';
import { type FakeDependency, redisAnswers, startRedis } from './servers.ts';

let redis: FakeDependency;
afterEach(() => redis.close());

const to = { namespace: 'redis', pod: 'redis-0', port: 6379 };

async function ask(answer: (command: string) => string | null, url: string | null = 'redis://redis.redis:6379/0') {
  redis = await startRedis(answer);
  const address = url === null ? null : parseAddress(url);
  return askPod(redis.forward, { type: 'redis', to, address }, new AbortController().signal);
}

/** Well but for one command. */
const but = (asked: string, reply: string | null) => (command: string) =>
  command.startsWith(asked) ? reply : redisAnswers()(command);

const OOM = { used_memory: '200', used_memory_human: '200B', maxmemory: '100', maxmemory_human: '100B' };

describe('a Redis asked for real', () => {
  test('is well with a PONG and room to write', async () => {
    expect(await ask(redisAnswers())).toEqual({
      state: 'well',
      saw: 'PONG; role master, 100B used, no limit of its own',
    });
    expect(redis.asked).toEqual(['PING', 'INFO replication', 'INFO memory', 'INFO persistence', 'INFO keyspace']);
  });

  const WRONG = '-WRONGPASS invalid username-password pair or user is disabled.\r\n';
  const NONE = '-ERR AUTH <password> called without any password configured for the default user.\r\n';
  test.each<[string, (command: string) => string | null, string | null, string, string]>([
    ['that never answers is silent', () => null, null, 'silent', 'no answer within 3000 ms'],
    ['that refuses the password is up', but('AUTH', WRONG), 'redis://u:pw-1234@r:6379', 'denied', 'WRONGPASS'],
    [
      'without a password, given one, is up',
      but('AUTH', NONE),
      'redis://:pw-1234@r:6379',
      'denied',
      'without any password',
    ],
    [
      'with a password, given none, is up',
      but('PING', '-NOAUTH Authentication required.\r\n'),
      'redis://r:6379',
      'denied',
      'the address has none',
    ],
    [
      'whose password is not known here is up',
      but('PING', '-NOAUTH Authentication required.\r\n'),
      null,
      'well',
      'not given here',
    ],
    [
      'that forbids PING is up',
      but('PING', "-NOPERM User u has no permissions to run the 'ping' command\r\n"),
      'redis://r',
      'denied',
      'NOPERM',
    ],
    ['that forbids INFO is well', but('INFO', '-NOPERM no\r\n'), 'redis://r', 'well', 'INFO is not allowed'],
    [
      'that reads its data is loading',
      but('PING', '-LOADING Redis is loading the dataset in memory\r\n'),
      null,
      'loading',
      'LOADING',
    ],
    [
      'that runs a script without end is failing',
      but('PING', '-BUSY Redis is busy running a script.\r\n'),
      null,
      'failing',
      'BUSY',
    ],
    [
      'over its limit that evicts nothing is full',
      redisAnswers({ ...OOM, maxmemory_policy: 'noeviction' }),
      null,
      'full',
      '200B of 100B used',
    ],
    [
      'over its limit that evicts is well',
      redisAnswers({ ...OOM, maxmemory_policy: 'allkeys-lru' }),
      null,
      'well',
      'allkeys-lru',
    ],
    [
      'that may evict only what expires, and nothing does, is full',
      redisAnswers({ ...OOM, maxmemory_policy: 'volatile-lru', db0: 'keys=3,expires=0,avg_ttl=0' }),
      null,
      'full',
      'volatile-lru',
    ],
    [
      'that has something that expires is well',
      redisAnswers({ ...OOM, maxmemory_policy: 'volatile-lru', db0: 'keys=3,expires=2,avg_ttl=9' }),
      null,
      'well',
      'volatile-lru',
    ],
    [
      'that is a replica is read-only',
      redisAnswers({ role: 'slave', master_host: 'redis-1', master_link_status: 'down' }),
      null,
      'read-only',
      'a replica of redis-1, link down',
    ],
    [
      'that cannot write its file is failing',
      redisAnswers({ aof_last_write_status: 'err' }),
      null,
      'failing',
      'append-only file',
    ],
    ['that speaks something else is failing', () => 'HTTP/1.1 400 Bad Request\r\n', null, 'failing', 'no RESP'],
  ])('%s', async (_, answer, url, state, saw) => {
    const answered = await ask(answer, url);
    expect(answered).toMatchObject({ state, saw: expect.stringContaining(saw) });
    expect(JSON.stringify(answered)).not.toContain('pw-1234');
  });

  test('logs in as the address says, with user and password decoded', async () => {
    await ask(redisAnswers(), 'redis://app:p%40ss@redis.redis:6379');
    expect(redis.asked[0]).toBe('AUTH app p@ss');
  });
});
