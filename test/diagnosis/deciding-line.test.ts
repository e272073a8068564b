import { describe, expect, test } from '@jest/globals';
import { findingOf } from './finding-of-log.ts';

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
  ];
  test.each(ORDER)('%s', (_sentence, text, label) => {
    expect(findingOf(text)?.label).toBe(label);
  });

  const TOLERATED: [sentence: string, text: string, cause: string][] = [
    [
      'the last line of uvicorn is not the cause',
      "KeyError: 'MONGODB_URL'\n\nERROR:    Application startup failed. Exiting.\n",
      'configuration-error',
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
      'a tolerated failure that stands right before the last traceback is not its introduction',
      `WARNING MongoDB unavailable, continuing without it: connection refused\nTraceback (most recent call last):\n  File "/app/m.py", line 2, in <module>\n    os.environ["TOKEN_KEY"]\nKeyError: 'TOKEN_KEY'\n`,
      'configuration-error',
    ],
  ];
  test.each(TOLERATED)('%s', (_sentence, text, cause) => {
    expect(findingOf(text)?.cause).toBe(cause);
  });

  test('a process that was killed from outside was not ended by what it logged as tried again', () => {
    const text = 'ERROR redis connection failed, retrying in 5 s (attempt 4)\n';
    expect(findingOf(text, 137)?.cause).toBe('unknown');
    expect(findingOf(text, 1)?.cause).toBe('redis-connection-failure');
  });
});
