import type { Signature } from '../signature.ts';
import { ownWords } from '../wordings/own-words.ts';

/** Redis (or Valkey) cannot be reached, or closes on us. Plain socket errors are attributed in `../connections.ts`. */
export default {
  cause: 'redis-connection-failure',
  patterns: [
    {
      regex: String.raw`Error (?:-?\d+|while) (?:connecting to|reading from) ([\w.-]+(?::\d+)?|unix socket[^.]{0,120})`,
      weight: 9,
      subject: 1,
      language: 'python',
      unless: String.raw`Errno 13\] Permission denied`,
      source: 'redis-py redis/utils.py format_error_message and redis/connection.py read_response',
    },
    {
      regex: String.raw`Timeout (?:connecting to server|reading from (?:socket|([\w.-]+:\d+)))`,
      weight: 9,
      subject: 1,
      language: 'python',
      source: 'redis-py redis/connection.py connect and read_response',
    },
    {
      regex: String.raw`(?:redis|valkey|glide)(?:\.asyncio)?\.exceptions\.(?:ConnectionError|TimeoutError|BusyLoadingError|MaxConnectionsError|ClusterDownError|ClusterError|RedisClusterException|MasterNotFoundError|SlaveNotFoundError|InvalidResponse)\b`,
      weight: 9,
      language: 'python',
      unless: '(?:NOAUTH|WRONGPASS|invalid password|Client sent AUTH)',
      source: 'redis-py redis/exceptions.py; valkey-py valkey/exceptions.py',
    },
    {
      regex: "(?:MasterNotFoundError|No master found for '([^']{1,80})')",
      weight: 9,
      subject: 1,
      language: 'python',
      source: 'redis-py redis/sentinel.py discover_master',
    },
    {
      regex: String.raw`Cannot connect to (rediss?://[^\s:]*:?[^\s]{0,120}?):? Error`,
      weight: 9,
      subject: 1,
      language: 'python',
      source: 'celery celery/worker/consumer/consumer.py CONNECTION_ERROR',
    },
    {
      regex: 'connection to the message broker after a connection loss has been disabled',
      weight: 9,
      language: 'python',
      near: 'transport: +rediss?://',
      source: 'celery celery/worker/consumer/consumer.py start: no try on startup, and the broker did not answer',
    },
    {
      regex: String.raw`\b(?:BusyLoadingError|LOADING Redis is loading the dataset in memory)`,
      weight: 9,
      source: 'redis src/server.c shared.loadingerr',
    },
    {
      regex: 'CLUSTERDOWN (?:The cluster is down|Hash slot not served)',
      weight: 9,
      source: 'redis src/cluster.c clusterRedirectClient',
    },
    {
      regex: 'MASTERDOWN Link with MASTER is down',
      weight: 9,
      source: 'redis src/server.c shared.masterdownerr',
    },
    {
      regex: 'max number of clients reached',
      weight: 9,
      near: 'redis|valkey',
      source: 'redis src/networking.c acceptCommonHandler',
    },
    {
      regex: '(?:MaxRetriesPerRequestError|Reached the max retries per request limit)',
      weight: 9,
      language: 'node',
      source: 'ioredis lib/errors/MaxRetriesPerRequestError.ts',
    },
    {
      regex: 'ClusterAllFailedError|Failed to refresh slots cache',
      weight: 9,
      language: 'node',
      source: 'ioredis lib/errors/ClusterAllFailedError.ts',
    },
    {
      regex: 'All sentinels are unreachable',
      weight: 9,
      language: 'node',
      source: 'ioredis lib/connectors/SentinelConnector/index.ts',
    },
    {
      regex: String.raw`Error: (?:Connection is closed\.|Connection timeout|Socket closed unexpectedly|The client is closed|Command timed out)`,
      weight: 9,
      language: 'node',
      near: 'redis|bull',
      source: 'ioredis lib/utils/index.ts CONNECTION_CLOSED_ERROR_MSG; @redis/client lib/errors.ts',
    },
    {
      regex: String.raw`\b(?:SocketClosedUnexpectedlyError|ReconnectStrategyError|SocketTimeoutError|RootNodesUnavailableError|ConnectionTimeoutError)\b`,
      weight: 9,
      language: 'node',
      near: 'redis',
      source: '@redis/client lib/errors.ts',
    },
    {
      regex: String.raw`Redis(?:Connection|CommandTimeout|ConnectionFailure|System|Timeout|Server)Exception\b`,
      weight: 8,
      language: 'java',
      unless: '(?:NOAUTH|WRONGPASS|invalid password|NOPERM|-?ERR |OOM command|READONLY|MISCONF)',
      source:
        'lettuce io/lettuce/core/RedisConnectionException.java; spring-data-redis RedisConnectionFailureException; redisson; StackExchange.Redis ExceptionFactory.cs',
    },
    {
      regex: String.raw`Unable to connect to (?:Redis(?: server: ([^\s;]+))?|\[?([\w.-]+[/<>\w.:-]*:6379))`,
      weight: 9,
      subject: 1,
      language: 'java',
      unless: '(?:NOAUTH|WRONGPASS|invalid password)',
      source:
        'lettuce RedisConnectionException.create; spring-data-redis LettuceConnectionFactory; redisson ConnectionPool',
    },
    {
      regex: 'JedisConnectionException|JedisClusterOperationException|JedisExhaustedPoolException',
      weight: 8,
      language: 'java',
      unless: '(?:NOAUTH|WRONGPASS|invalid password)',
      source: 'jedis redis/clients/jedis/exceptions/JedisConnectionException.java',
    },
    {
      regex: String.raw`It was not possible to connect to the redis server|UnableToConnect on ([\w.-]+:\d+)`,
      weight: 9,
      subject: 1,
      language: 'dotnet',
      unless: '(?:NOAUTH|WRONGPASS|AuthenticationFailure|authentication failure)',
      source: 'StackExchange.Redis src/StackExchange.Redis/ExceptionFactory.cs UnableToConnect',
    },
    {
      regex:
        'Redis(?:Client)?::(?:CannotConnectError|BaseConnectionError|ConnectionError|TimeoutError|ReadTimeoutError)',
      weight: 9,
      source: 'redis-rb lib/redis/errors.rb; redis-client lib/redis_client.rb',
    },
    {
      regex:
        'redis: (?:connection pool timeout|connection pool exhausted|client is closed|all sentinels specified in configuration are unreachable)',
      weight: 9,
      language: 'go',
      source: 'go-redis internal/pool/pool.go ErrPoolTimeout; sentinel.go MasterAddr',
    },
    {
      regex:
        'RedisException: (?:Connection (?:refused|timed out|lost)|read error on connection|php_network_getaddresses|Redis server .{0,120} went away)',
      weight: 9,
      source: 'phpredis redis.c and library.c redis_sock_connect',
    },
    ...ownWords(
      'redis|valkey',
      '(?:NOAUTH|WRONGPASS|AuthenticationError|invalid password|OOM command|READONLY|invalid URL|must specify one of the following schemes)',
    ),
  ],
} satisfies Signature;
