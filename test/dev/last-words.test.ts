import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { lastWords } from '../../dev/build/last-words.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kintsugi-last-words-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function logged(...lines: string[]): string {
  const file = join(folder, 'program.log');
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}

test('the reason of a program that ended with a long stack trace is told before the end of the trace', () => {
  const trace = Array.from({ length: 20 }, (_, i) => `\tmain.go:${i}`);
  const told = lastWords(logged('starting', 'panic: listen tcp 127.0.0.1:1: bind: address already in use', ...trace));
  expect(told).toMatch(/^panic: listen tcp 127\.0\.0\.1:1: bind: address already in use \| /);
  expect(told).toMatch(/main\.go:19$/);
});

test('without a line that names a reason the last ones are told', () => {
  expect(lastWords(logged('a', 'b', 'c', 'd', 'e', 'f'))).toBe('b | c | d | e | f');
});
