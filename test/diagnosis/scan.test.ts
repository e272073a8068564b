import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { classify } from '../../src/diagnosis/classify.ts';
import { connectionWordings } from '../../src/diagnosis/connections.ts';
import { EXCERPT_BYTES, excerptOf, parseEvidence } from '../../src/diagnosis/excerpt.ts';
import { LiteralAutomaton } from '../../src/diagnosis/literal-automaton.ts';
import { evidenceOfLogFile } from '../../src/diagnosis/log-file.ts';
import { readLog } from '../../src/diagnosis/log-verdict.ts';
import { requiredLiterals } from '../../src/diagnosis/regex-literals.ts';
import type { Signature } from '../../src/diagnosis/signature.ts';
import { signatures } from '../../src/diagnosis/signatures/registry.ts';
import { causeNames } from '../../src/runbook/schema/causes.ts';
import { dependency, ended, evidence, pod } from './evidence.ts';

const all = Object.values<Signature>(signatures);
const patterns = all.flatMap((signature) =>
  signature.patterns.map((pattern) => ({ cause: signature.cause, ...pattern })),
);

describe('the literals that a match must contain', () => {
  const CASES: [regex: string, literals: string[]][] = [
    ['Address already in use', ['address already in use']],
    ['colou?rful', ['colo']],
    ['(?:Missing|Invalid) value', ['missing', 'invalid']],
    ['\\d+ (?:refused|denied)', ['refused', 'denied']],
    ['a{0,3}permitted', ['permitted']],
    ['No module named \\u0060x', ['no module named `x']],
    ['(?!never)always', ['always']],
  ];
  test.each(CASES)('/%s/ needs %j', (regex, literals) => {
    expect(requiredLiterals(regex)).toEqual(literals);
  });

  test('an expression without a certain literal is refused', () => {
    expect(() => requiredLiterals('\\w+: \\d*')).toThrow(RangeError);
  });
});

describe('signatures', () => {
  test('every one names a known cause, cites its source and has a weight that counts', () => {
    for (const { cause, source, weight } of patterns) {
      expect(causeNames).toContain(cause);
      expect(source.length).toBeGreaterThan(3);
      expect(weight).toBeGreaterThanOrEqual(5);
      expect(weight).toBeLessThanOrEqual(10);
    }
  });

  test('none repeats a repeat, and every open repeat is bounded or of one class', () => {
    const nested = /\([^()]*[+*][^()]*\)[+*]|\.\*.*\.\*/;
    for (const { regex } of [...patterns, ...connectionWordings]) expect(regex).not.toMatch(nested);
  });

  test.each([...patterns, ...connectionWordings].map(({ regex }) => [regex]))(
    '/%s/ compiles and has a literal',
    (regex) => {
      expect(() => new RegExp(regex, 'im')).not.toThrow();
      expect(requiredLiterals(regex).length).toBeGreaterThan(0);
    },
  );
});

describe('the one scan', () => {
  const word = fc.stringMatching(/^[abc]{1,4}$/);

  test('finds exactly the literals that are there', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(word, { minLength: 1, maxLength: 8 }),
        fc.stringMatching(/^[abcdE\n]{0,80}$/),
        (literals, text) => {
          const found = new Set<string>();
          new LiteralAutomaton(literals).scanBack(text, 0, text.length, (start, numbers) => {
            for (const number of numbers) found.add(`${literals[number]}@${start}`);
            return true;
          });
          const expected = new Set(
            literals.flatMap((literal) =>
              Array.from(text, (_, at) => at)
                .filter((at) => text.toLowerCase().startsWith(literal, at))
                .map((at) => `${literal}@${at}`),
            ),
          );
          expect(found).toEqual(expected);
        },
      ),
    );
  });

  test('a deciding line after a megabyte of other lines is found', () => {
    const text = `${'request served, nothing wrong here\n'.repeat(30_000)}OSError: [Errno 98] Address already in use\n`;
    expect(readLog(text)?.cause).toBe('port-in-use');
  });
});

/** Fragments that real logs are made of, in any order, with anything between. */
const fragment = fc.oneof(
  fc.string({ maxLength: 60 }),
  fc.constantFrom(
    'Traceback (most recent call last):',
    '  File "/app/m.py", line 1, in <module>',
    "KeyError: 'X_Y'",
    'redis.exceptions.ConnectionError: Error 111 connecting to redis:6379.',
    'dial tcp 10.0.0.1:6379: connect: connection refused',
    'Caused by: java.net.ConnectException: Connection refused',
    '\tat a.b.C(C.java:1)',
    'APPLICATION FAILED TO START',
    '{"level":"error","msg":"EADDRINUSE"}',
    '\u001b[31mError\u001b[0m',
    'x'.repeat(9000),
    '{"a":"\\n\\"',
    '[Errno 98]',
  ),
);
const logText = fc.array(fragment, { maxLength: 60 }).map((lines) => lines.join('\n'));
const exitCode = fc.option(fc.integer({ min: 0, max: 255 }), { nil: undefined });

describe('whatever is seen', () => {
  test('classification never throws, is deterministic and says something about a container that crashed', () => {
    fc.assert(
      fc.property(logText, exitCode, fc.string({ maxLength: 20 }), (text, code, reason) => {
        const seen = evidenceOfLogFile({ text, exitCode: code, reason });
        const findings = classify(seen);
        expect(findings.length).toBeGreaterThan(0);
        expect(classify(seen)).toEqual(findings);
        for (const { cause, key, summary, quotes } of findings) {
          expect(causeNames).toContain(cause);
          expect(key.split('|').length).toBeGreaterThanOrEqual(3);
          expect(summary.length).toBeLessThanOrEqual(400);
          for (const quote of quotes) expect(quote.text.length).toBeLessThanOrEqual(400);
        }
      }),
    );
  });

  test('an excerpt keeps the shape and never exceeds its bytes', () => {
    const bigLog = fc
      .tuple(logText, fc.integer({ min: 1, max: 400 }))
      .map(([text, times]) => `${text}\n`.repeat(times));
    fc.assert(
      fc.property(fc.array(bigLog, { minLength: 1, maxLength: 3 }), fc.integer({ min: 0, max: 80 }), (logs, events) => {
        const seen = evidence({
          pods: logs.map((text, index) => pod(ended(1, text), { name: `p${index}`, uid: `p${index}` })),
          events: Array.from({ length: events }, () => ({
            type: 'Warning',
            reason: 'BackOff',
            message: 'é'.repeat(900),
          })),
          dependencies: [dependency()],
        });
        const excerpt = JSON.stringify(excerptOf(seen));
        expect(Buffer.byteLength(excerpt)).toBeLessThanOrEqual(EXCERPT_BYTES);
        expect(() => classify(parseEvidence(excerpt))).not.toThrow();
      }),
      { numRuns: 30 },
    );
  });

  test('an excerpt of a long log still says what the whole says', () => {
    const noise = 'INFO request served\n'.repeat(5000);
    const text = `${noise}Traceback (most recent call last):\n  File "/app/m.py", line 1, in <module>\nModuleNotFoundError: No module named 'fastapi'\n${'  in another thread\n'.repeat(900)}`;
    const seen = evidence({ pods: [pod(ended(1, text))] });
    expect(classify(parseEvidence(JSON.stringify(excerptOf(seen))))[0]?.key).toBe(classify(seen)[0]?.key);
  });

  test('what is no evidence is refused', () => {
    expect(() => parseEvidence('{"v": 2}')).toThrow('not evidence of version 1');
  });
});
