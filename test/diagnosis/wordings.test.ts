import { describe, expect, test } from '@jest/globals';
import { findingOf } from './finding-of-log.ts';

describe('what the words of a log mean', () => {
  test.each(['Error 111', 'Error -2', 'Error -3', 'Error 8', 'Error 60'])(
    'redis-py: %s while connecting is Redis',
    (error) => {
      const text = `redis.exceptions.ConnectionError: ${error} connecting to redis-master.redis:6379. It did not work.\n`;
      expect(findingOf(text)).toMatchObject({ cause: 'redis-connection-failure', subject: 'redis-master.redis:6379' });
    },
  );

  const WORDINGS: [sentence: string, text: string, cause: string][] = [
    [
      'redis-py’s TimeoutError is Redis',
      'redis.exceptions.TimeoutError: Timeout connecting to server\n',
      'redis-connection-failure',
    ],
    [
      'redis-py’s AuthenticationError is configuration, since Redis is up',
      'redis.exceptions.AuthenticationError: Authentication required.\n',
      'configuration-error',
    ],
    [
      'Redis out of its maxmemory is neither memory of the pod nor a lost connection',
      "redis.exceptions.OutOfMemoryError: command not allowed when used memory > 'maxmemory'.\n",
      'redis-full',
    ],
    [
      'a read-only Redis is no file permission',
      "redis.exceptions.ReadOnlyError: You can't write against a read only replica.\n",
      'redis-read-only',
    ],
    ['httpx’s ConnectTimeout has no message and names no host', 'httpx.ConnectTimeout\n', 'ollama-timeout'],
    ['Node: ECONNREFUSED', 'Error: connect ECONNREFUSED 10.0.0.1:6379\n', 'redis-connection-failure'],
    [
      'Node: MongoServerSelectionError',
      'MongoServerSelectionError: Server selection timed out after 30000 ms\n',
      'mongodb-connection-failure',
    ],
    ['Node: EADDRINUSE', 'Error: listen EADDRINUSE: address already in use :::8080\n', 'port-in-use'],
    ['Node: EACCES', "Error: EACCES: permission denied, open '/data/x'\n", 'permission-denied'],
    [
      'Java: BindException',
      'Exception in thread "main" java.net.BindException: Address already in use\n',
      'port-in-use',
    ],
    [
      'Java: a port that may not be bound is no port in use',
      'Exception in thread "main" java.net.BindException: Permission denied\n',
      'permission-denied',
    ],
    ['Go: bind', 'listen tcp :8080: bind: address already in use\n', 'port-in-use'],
    ['Go: dial', 'dial tcp 10.0.0.1:27017: connect: connection refused\n', 'mongodb-connection-failure'],
    [
      '.NET: Kestrel',
      'Unhandled exception. System.IO.IOException: Failed to bind to address http://0.0.0.0:8080: address already in use.\n',
      'port-in-use',
    ],
    [
      '.NET: StackExchange.Redis',
      'Unhandled exception. StackExchange.Redis.RedisConnectionException: It was not possible to connect to the redis server(s). UnableToConnect on redis:6379/Interactive\n',
      'redis-connection-failure',
    ],
    [
      'the name of a service that no cause stands for may be wrong without the name service being at fault',
      "requests.exceptions.ConnectionError: HTTPConnectionPool(host='elasticsearch.logging', port=9200): Max retries exceeded (Caused by NameResolutionError(\"Failed to resolve 'elasticsearch.logging' ([Errno -2] Name or service not known)\"))\n",
      'unknown',
    ],
    [
      'a script that begins with Windows’ line ends has no such program',
      '/usr/bin/env: \u2018python3\\r\u2019: No such file or directory\n',
      'command-not-found',
    ],
    [
      'an exception that is logged by its representation is read like any other',
      `{"level": "fatal", "error": "ValueError(\\"invalid literal for int() with base 10: 'ten'\\")"}\n`,
      'configuration-error',
    ],
    [
      'data that a program’s own model refuses is no setting',
      'Traceback (most recent call last):\n  File "/app/m.py", line 3, in handle\n    Order(id="x")\npydantic_core._pydantic_core.ValidationError: 1 validation error for Order\nid\n  Input should be a valid integer\n',
      'unknown',
    ],
    [
      'a shell’s own check of a variable is configuration',
      'start.sh: 3: MONGODB_URL: must be set\n',
      'configuration-error',
    ],
  ];
  test.each(WORDINGS)('%s', (_sentence, text, cause) => {
    expect(findingOf(text)?.cause).toBe(cause);
  });

  const NOT_WHAT_IT_SEEMS: [sentence: string, text: string, label: string][] = [
    [
      'the codes that a client would try again on are no failure',
      "retry: {\n  errorCodes: [\n    'ECONNRESET',\n    'EADDRINUSE',\n    'ECONNREFUSED',\n  ]\n}\n",
      'unknown',
    ],
    [
      'a Service’s variable in a port is configuration, though Redis stands around it',
      `  File "/usr/local/lib/python3.11/site-packages/redis/connection.py", line 10, in __init__\n    self.port = int(port)\nValueError: invalid literal for int() with base 10: 'tcp://172.30.138.62:6379'\n`,
      'configuration-error',
    ],
    [
      'a password with a slash leaves its user as the host: configuration',
      'pymongo.errors.ServerSelectionTimeoutError: root:12: [Errno -2] Name or service not known (configured timeouts: connectTimeoutMS: 20000.0ms), Timeout: 30s\n',
      'configuration-error',
    ],
    [
      'a wrong Redis password is configuration',
      'ReplyError: WRONGPASS invalid username-password pair\n',
      'configuration-error',
    ],
    [
      'a database that no cause stands for is unknown',
      'Error: connect ECONNREFUSED 10.0.0.5:5432\n    at TCPConnectWrap.afterConnect (node:net:1611:16)\n',
      'unknown',
    ],
    [
      'gunicorn’s guess at memory is no fact',
      '[ERROR] Worker (pid:12) was sent SIGKILL! Perhaps out of memory?\n',
      'unknown',
    ],
  ];
  test.each(NOT_WHAT_IT_SEEMS)('%s', (_sentence, text, label) => {
    expect(findingOf(text)?.label).toBe(label);
  });
});
