import { describe, expect, test } from '@jest/globals';
import { findingOf } from './finding-of-log.ts';

describe('what is said of a log', () => {
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
});
