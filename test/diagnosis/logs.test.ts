import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { classify } from '../../src/diagnosis/classify.ts';
import { evidenceOfLogFile } from '../../src/diagnosis/log-file.ts';
import type { Finding } from '../../src/recovery/values.ts';

/** Outputs of real programs, made by running them with the fault that the file's name tells. */
const FOLDER = new URL('./logs/', import.meta.url);
const read = (name: string): string => readFileSync(new URL(`${name}.log`, FOLDER), 'utf8');

function findingOf(text: string, exitCode = 1): Finding | undefined {
  return classify(evidenceOfLogFile({ text, exitCode, reason: 'Error' }))[0];
}

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

describe('which line decides', () => {
  const REDIS = 'redis.exceptions.ConnectionError: Error 111 connecting to redis:6379. Connection refused.';

  const ORDER: [sentence: string, text: string, label: string][] = [
    [
      'an exception while handling another one decides',
      `Traceback (most recent call last):\n  File "/app/m.py", line 3, in <module>\n    url = os.environ["CACHE"]\nKeyError: 'CACHE'\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File "/app/m.py", line 5, in <module>\n${REDIS}\n`,
      'redis-connection-failure',
    ],
    [
      'the declared cause of the last exception decides',
      `Traceback (most recent call last):\n  File "/app/m.py", line 3, in <module>\n    url = os.environ["REDIS_URL"]\nKeyError: 'REDIS_URL'\n\nThe above exception was the direct cause of the following exception:\n\nTraceback (most recent call last):\n  File "/app/m.py", line 5, in <module>\nConnectionError: cannot connect to redis\n`,
      'configuration-error',
    ],
    [
      'the last of Java’s causes decides',
      `Exception in thread "main" java.lang.RuntimeException: boot\n\tat A.main(A.java:1)\nCaused by: java.nio.file.AccessDeniedException: /data\n\tat B.x(B.java:2)\n`,
      'permission-denied',
    ],
    [
      'a warning that the program goes on without Redis decides nothing',
      `2026-01-01 10:00:00,000 - app - WARNING - Redis unavailable: Error 111 connecting to redis:6379. Connection refused. - service will continue with degraded functionality\nTraceback (most recent call last):\n  File "/app/m.py", line 9, in <module>\nRuntimeError: boom\n`,
      'unknown',
    ],
    [
      'an error that many lines of ordinary work follow gives way to the last one',
      `ERROR could not connect to redis: connection refused\n${Array.from({ length: 60 }, (_, index) => `request ${index} served`).join('\n')}\nOSError: [Errno 98] Address already in use\n`,
      'port-in-use',
    ],
    [
      'lines of an orderly shutdown are no work',
      `ERROR:    [Errno 98] error while attempting to bind on address ('0.0.0.0', 8080): address already in use\nINFO:     Waiting for application shutdown.\nINFO:     Application shutdown complete.\n`,
      'port-in-use',
    ],
    [
      'a trace that a driver logs at INFO gives way to the report of the failed start',
      `2026-01-01T00:00:00.000Z  INFO 1 --- [localhost:27017] org.mongodb.driver.cluster : Exception in monitor thread\n\ncom.mongodb.MongoSocketOpenException: Exception opening socket\n\tat com.mongodb.A.b(A.java:1)\nCaused by: java.net.ConnectException: Connection refused\n\tat java.base/sun.nio.ch.Net.pollConnect(Native Method)\n\n2026-01-01T00:00:01.000Z ERROR 1 --- [main] o.s.b.d.LoggingFailureAnalysisReporter :\n\n***************************\nAPPLICATION FAILED TO START\n***************************\n\nDescription:\n\nWeb server failed to start. Port 8080 was already in use.\n`,
      'port-in-use',
    ],
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
  test.each(ORDER)('%s', (_sentence, text, label) => {
    expect(findingOf(text)?.label).toBe(label);
  });

  test.each(['Error 111', 'Error -2', 'Error -3', 'Error 8', 'Error 60'])(
    'redis-py: %s while connecting is Redis',
    (error) => {
      const text = `redis.exceptions.ConnectionError: ${error} connecting to redis-master.redis:6379. It did not work.\n`;
      expect(findingOf(text)).toMatchObject({ cause: 'redis-connection-failure', subject: 'redis-master.redis:6379' });
    },
  );

  const TRAPS: [sentence: string, text: string, cause: string][] = [
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
    [
      'the last line of uvicorn is not the cause',
      "KeyError: 'MONGODB_URL'\n\nERROR:    Application startup failed. Exiting.\n",
      'configuration-error',
    ],
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
      'a word for carrying on in a path is no tolerance',
      "PermissionError: [Errno 13] Permission denied: '/var/lib/fallback/default.db'\n",
      'permission-denied',
    ],
    [
      'warnings of tries that end in giving up decide',
      'WARNING Redis not reachable (attempt 3/3): Error 111 connecting to redis:6379. Connection refused.\nERROR giving up\n',
      'redis-connection-failure',
    ],
    [
      'warnings of tries before an exception of another kind decide nothing',
      'WARNING Redis not reachable (attempt 3/3): Error 111 connecting to redis:6379. Connection refused.\nTraceback (most recent call last):\n  File "/app/m.py", line 2, in <module>\nZeroDivisionError: division by zero\nERROR exiting\n',
      'unknown',
    ],
    [
      'an exception raised while another is handled decides though its wording weighs less',
      "ModuleNotFoundError: No module named 'tzdata.zoneinfo.Mars'\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\nzoneinfo._common.ZoneInfoNotFoundError: 'No time zone found with key Mars/Olympus'\n",
      'configuration-error',
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
      'what a client logs by itself of a failure that the program then does without is noise',
      'redis: 2026/01/01 00:00:00 pool.go:770: failed to dial: dial tcp 10.0.0.1:6379: connect: connection refused\nWARN continuing without redis: dial tcp 10.0.0.1:6379: connect: connection refused\nfatal: schema is too old\n',
      'unknown',
    ],
    [
      'what was only logged before a defect of the program ended it is noise',
      "Redis error Error: connect ECONNREFUSED 10.0.0.1:6379\n/app/main.js:7\n    user.name.first\n         ^\n\nTypeError: Cannot read properties of undefined (reading 'first')\n    at Timeout._onTimeout (/app/main.js:7:10)\n\nNode.js v20.20.2\n",
      'unknown',
    ],
    [
      'a traceback that was logged at a warning, with all that it is linked to, is tolerated when the program goes on',
      'WARNING session cache is off, continuing in memory\nTraceback (most recent call last):\n  File "/a/redis/connection.py", line 1, in _connect\nConnectionRefusedError: [Errno 111] Connection refused\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File "/app/m.py", line 3, in <module>\nredis.exceptions.ConnectionError: Error 111 connecting to redis:6379. Connection refused.\nINFO ready\nfatal: schema is too old\n',
      'unknown',
    ],
    [
      'what a log ends with trying again is what the program does not get past',
      'INFO starting\nWARNING Redis not ready, retrying in 1 s: Error 111 connecting to redis:6379. Connection refused.\n',
      'redis-connection-failure',
    ],
    [
      'a script that still waits does not get past what it waits for',
      'Waiting for redis...\n',
      'redis-connection-failure',
    ],
    [
      'what a script waited for says nothing once it goes on',
      'Waiting for redis...\nredis is up\nrunning migrations\nloading plugins\nfatal: schema is too old\n',
      'unknown',
    ],
    [
      'a warning that the program goes on without Redis does not tolerate the traceback of the failed start after it',
      'WARNING Redis unavailable: [Errno 111] Connection refused - service will continue with degraded functionality\nERROR:    Traceback (most recent call last):\n  File "/app/m.py", line 3, in lifespan\nPermissionError: [Errno 13] Permission denied: \'/var/log/a.log\'\n\nERROR:    Application startup failed. Exiting.\n',
      'permission-denied',
    ],
    [
      'a warning about one service does not tolerate the failure of another',
      'WARNING Redis unavailable, continuing without it\nTraceback (most recent call last):\n  File "/app/m.py", line 3, in <module>\npymongo.errors.ServerSelectionTimeoutError: mongodb:27017: [Errno 111] Connection refused\nworker 3 of 4 is still there\n',
      'mongodb-connection-failure',
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
    [
      'a tolerated failure that stands right before the last traceback is not its introduction',
      `WARNING MongoDB unavailable, continuing without it: connection refused\nTraceback (most recent call last):\n  File "/app/m.py", line 2, in <module>\n    os.environ["TOKEN_KEY"]\nKeyError: 'TOKEN_KEY'\n`,
      'configuration-error',
    ],
  ];
  test.each(TRAPS)('%s', (_sentence, text, cause) => {
    expect(findingOf(text)?.cause).toBe(cause);
  });

  test('an end that no cause stands for is quoted by the exception, not by the runtime’s last line', () => {
    const text =
      'Error: inventory checksum mismatch\n    at Object.<anonymous> (/app/main.js:1:7)\n\nNode.js v20.20.2\n';
    expect(findingOf(text)?.summary).toContain('Error: inventory checksum mismatch');
  });

  test('a variable that zod names on the line after is the subject', () => {
    const text = '✖ Invalid input: expected string, received undefined\n  → at OLLAMA_URL\n';
    expect(findingOf(text)).toMatchObject({ cause: 'configuration-error', subject: 'OLLAMA_URL' });
  });

  test('a dependency looked for in the pod itself is said to be so', () => {
    const text = 'Error: connect ECONNREFUSED 127.0.0.1:6379\n';
    expect(findingOf(text)?.summary).toBe(
      'container cannot use Redis at 127.0.0.1:6379 (refused); that is the pod itself, so its address may not be set.',
    );
  });

  test('an injected address of a Service is named with its variable', () => {
    const text = `  File "/app/m.py", line 3, in <module>\n    port = int(os.environ["REDIS_PORT"])\nValueError: invalid literal for int() with base 10: 'tcp://172.20.3.4:6379'\n`;
    expect(findingOf(text)?.summary).toBe(
      'container is configured wrongly: REDIS_PORT holds the address of a Service, tcp://172.20.3.4:6379, which Kubernetes injects; rename the variable or set enableServiceLinks: false.',
    );
  });

  test('the constants of a library are not taken for variables', () => {
    const text = `  File "/usr/local/lib/python3.11/site-packages/pymongo/uri_parser.py", line 9, in parse\n    raise InvalidURI(SRV_SCHEME)\npymongo.errors.InvalidURI: Invalid URI scheme: URI must begin with 'mongodb://'\n`;
    expect(findingOf(text)?.summary).not.toContain('SRV_SCHEME');
  });

  test('a service that no cause stands for is named all the same', () => {
    expect(findingOf('dial tcp 10.0.0.5:5432: connect: connection refused\n')?.summary).toBe(
      'container cannot reach 10.0.0.5:5432 (refused); no cause of the runbook stands for it.',
    );
  });

  test('a process that was killed from outside was not ended by what it logged as tried again', () => {
    const text = 'ERROR redis connection failed, retrying in 5 s (attempt 4)\n';
    expect(findingOf(text, 137)?.cause).toBe('unknown');
    expect(findingOf(text, 1)?.cause).toBe('redis-connection-failure');
  });
});
