import { describe, expect, test } from '@jest/globals';
import { classify } from '../../src/diagnosis/classify.ts';
import { ended, evidence, pod } from './evidence.ts';
import { workload } from './workload.ts';

describe('the subject of a configuration error', () => {
  const trace = (source: string, error: string): string =>
    `Traceback (most recent call last):\n  File "/app/src/main.py", line 9, in lifespan\n    ${source}\n${error}\n`;
  const NAMES: [sentence: string, text: string, name: string, value: string][] = [
    [
      'is the variable that the failing line reads',
      trace('ttl = int(os.getenv("SESSION_TTL", "1"))', "ValueError: invalid literal for int() with base 10: '24h'"),
      'SESSION_TTL',
      '24h',
    ],
    [
      'is the variable that has the refused value',
      trace('ttl = int(settings.ttl)', "ValueError: invalid literal for int() with base 10: 'one hour'"),
      'SESSION_TTL',
      'one hour',
    ],
    [
      'is the variable that the message means',
      trace('r = from_url(url)', 'ValueError: Redis URL must specify one of the following schemes (redis://)'),
      'REDIS_URL',
      'redis',
    ],
    [
      'is the variable that is missing',
      trace('url = os.environ["MONGODB_URL"]', "KeyError: 'MONGODB_URL'"),
      'MONGODB_URL',
      '',
    ],
    [
      'is the field of a settings class',
      'pydantic_core._pydantic_core.ValidationError: 1 validation error for Settings\nollama_url\n  Field required [type=missing]\n',
      'OLLAMA_URL',
      'x',
    ],
  ];
  test.each(NAMES)('%s', (_sentence, text, name, value) => {
    const seen = evidence({ pods: [pod(ended(3, text))], workload: workload({ env: [{ name, value }] }) });
    expect(classify(seen)[0]?.key).toBe(`configuration-error|agent-bruno|${name}`);
  });
});
