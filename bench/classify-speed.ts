import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { classify } from '../src/diagnosis/classify.ts';
import { connectionWordings } from '../src/diagnosis/connections.ts';
import { evidenceOfLogFile } from '../src/diagnosis/log-file.ts';
import { requiredLiterals } from '../src/diagnosis/regex-literals.ts';
import type { Signature } from '../src/diagnosis/signature.ts';
import { signatures } from '../src/diagnosis/signatures/registry.ts';

/**
 * `npm run bench:classify-speed -- [--json] [LOG ...]`: milliseconds for one megabyte of log, as minimum, median and maximum of many runs:
 * ordinary work, a real trace after it, and logs made to be as hard as a log can be. Named log files are repeated to a megabyte.
 */

const MEGABYTE = 1024 * 1024;

const words = [
  ...Object.values<Signature>(signatures).flatMap(({ patterns }) => patterns),
  ...connectionWordings,
].flatMap(({ regex }) => requiredLiterals(regex));
const word = (index: number): string => words[index % words.length] ?? '';

/** Lines until a megabyte is full. */
function megabyte(line: (index: number) => string): string {
  const lines: string[] = [];
  let length = 0;
  for (let index = 0; length < MEGABYTE; index += 1) {
    const next = line(index);
    lines.push(next);
    length += next.length + 1;
  }
  return lines.join('\n').slice(-MEGABYTE);
}

/** A word that differs in letters, since lines that differ in numbers only count as alike. */
const letters = (index: number): string =>
  index.toString(36).replace(/\d/g, (digit) => 'ghijklmnop'.charAt(Number(digit)));

const LOGS: Record<string, () => string> = {
  'ordinary work': () => megabyte((index) => `2026-01-01T00:00:00Z INFO request ${index} served in ${index % 97} ms`),
  'ordinary work, then a traceback': () =>
    `${megabyte((index) => `INFO request ${index} served`)}\nTraceback (most recent call last):\n  File "/app/m.py", line 9, in <module>\nredis.exceptions.ConnectionError: Error 111 connecting to redis:6379. Connection refused.\n`,
  'one word of a signature in every line': () =>
    megabyte((index) => `${letters(index)} ${word(index)} ${letters(index)}`),
  'twelve words of signatures in every line': () =>
    megabyte((index) => `${letters(index)} ${Array.from({ length: 12 }, (_, at) => word(index * 12 + at)).join(' ')}`),
  'a failed connection to nobody in every line': () =>
    megabyte((index) => `${letters(index)}: connection refused, connection timed out, no such host, ECONNRESET`),
  'an exception in every line': () => megabyte((index) => `httpx.ReadTimeout: ${letters(index)}`),
  'a variable that is not set in every line': () =>
    megabyte(
      (index) =>
        `ValueError: ${letters(index).toUpperCase()}_URL environment variable must be set, is not set, required`,
    ),
  'lines of nine thousand characters': () =>
    megabyte((index) => `${letters(index)} ${'permission denied, address already in use '.repeat(220)}`),
  'one line': () => 'connection refused '.repeat(MEGABYTE / 19),
  'JSON with escapes in every line': () =>
    megabyte((index) => `{"level":"error","msg":"${letters(index)} \\"connection refused\\"\\n at x\\n EADDRINUSE"}`),
};

function milliseconds(text: string, runs: number): { min: number; median: number; max: number } {
  const evidence = evidenceOfLogFile({ text, exitCode: 1, reason: 'Error' });
  const times: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    const started = performance.now();
    classify(evidence);
    times.push(performance.now() - started);
  }
  const sorted = times.slice(Math.min(5, runs - 1)).toSorted((a, b) => a - b); // the first runs warm the compiler up
  return { min: sorted[0] ?? 0, median: sorted[sorted.length >> 1] ?? 0, max: sorted.at(-1) ?? 0 };
}

const program = new Command('bench:classify-speed')
  .argument('[logs...]', 'log files to repeat to a megabyte')
  .option('--runs <n>', 'runs of each log', '30')
  .option('--json', 'print the result as JSON')
  .action((files: string[], options: { runs: string; json?: boolean }) => {
    const logs: Record<string, () => string> = { ...LOGS };
    for (const file of files) {
      const text = readFileSync(file, 'utf8');
      logs[file] = () => text.repeat(Math.ceil(MEGABYTE / Math.max(1, text.length))).slice(-MEGABYTE);
    }
    const figures = Object.entries(logs).map(([log, make]) => ({ log, ...milliseconds(make(), Number(options.runs)) }));
    if (options.json === true) {
      process.stdout.write(`${JSON.stringify({ runs: Number(options.runs), figures }, null, 2)}\n`);
      return;
    }
    console.log('milliseconds for one megabyte of log\n     min  median     max');
    for (const { log, min, median, max } of figures)
      console.log(`${[min, median, max].map((ms) => ms.toFixed(2).padStart(8)).join('')}  ${log}`);
  });
program.parse();
