import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { Command } from 'commander';
import { z } from 'zod';
import { classify } from '../src/diagnosis/classify.ts';
import { eventInput, evidenceOfLogFile } from '../src/diagnosis/log-file.ts';

/**
 * `npm run bench:classify -- DIR [--json]`: how many of a folder's labelled logs the classifier gets right, by label, and how
 * long it takes. Of a label file it reads the exit code, the reason, the events and the accepted labels, nothing else.
 */

const labelFile = z.object({
  exitCode: z.int().nullish(),
  reason: z.string().nullish(),
  events: z.array(eventInput).nullish(),
  accept: z.array(z.string()).min(1),
});

interface Answer {
  file: string;
  accepted: string[];
  got: string;
  ms: number;
}

function* logFiles(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true }).toSorted((a, b) => a.name.localeCompare(b.name))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* logFiles(path);
    else if (entry.name.endsWith('.log')) yield path;
  }
}

function answer(folder: string, path: string): Answer {
  const label = labelFile.parse(JSON.parse(readFileSync(path.replace(/\.log$/, '.json'), 'utf8')));
  const text = readFileSync(path, 'utf8');
  const started = performance.now();
  const findings = classify(
    evidenceOfLogFile({
      text,
      exitCode: label.exitCode ?? undefined,
      reason: label.reason ?? undefined,
      events: label.events ?? [],
    }),
  );
  const ms = performance.now() - started;
  return { file: relative(folder, path), accepted: label.accept, got: findings[0]?.label ?? 'unknown', ms };
}

const isRight = (entry: Answer): boolean => entry.accepted.includes(entry.got);

function byLabel(answers: Answer[]): string {
  const labels = [...new Set(answers.map((entry) => entry.accepted[0] ?? ''))].toSorted();
  const width = Math.max(...labels.map((label) => label.length));
  return labels
    .map((label) => {
      const of = answers.filter((entry) => entry.accepted[0] === label);
      return `${label.padEnd(width)}  ${of.filter(isRight).length} of ${of.length}`;
    })
    .join('\n');
}

function confusion(answers: Answer[]): string {
  const counts = new Map<string, number>();
  for (const entry of answers) {
    const cell = `${entry.accepted.join(' or ')} -> ${entry.got}`;
    counts.set(cell, (counts.get(cell) ?? 0) + 1);
  }
  return [...counts]
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([cell, count]) => `${String(count).padStart(4)}  ${cell}`)
    .join('\n');
}

const program = new Command('bench:classify')
  .argument('<dir>', 'a folder of .log files, each with a .json of its labels beside it')
  .option('--json', 'print the result as JSON')
  .action((folder: string, options: { json?: boolean }) => {
    const files = [...logFiles(folder)];
    for (const file of files) answer(folder, file); // once unmeasured: the compiler warms up
    const answers = files.map((file) => answer(folder, file));
    const wrong = answers.filter((entry) => !isRight(entry));
    const msPerLog = answers.reduce((sum, entry) => sum + entry.ms, 0) / Math.max(1, answers.length);
    if (options.json === true) {
      const result = {
        total: answers.length,
        right: answers.length - wrong.length,
        wrong: wrong.map(({ file, accepted, got }) => ({ file, accepted, got })),
        msPerLog,
      };
      process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
      return;
    }
    console.log(`${byLabel(answers)}\n\naccepted -> got\n${confusion(answers)}\n`);
    for (const entry of wrong)
      console.log(`wrong: ${entry.file}: ${entry.got}, accepted ${entry.accepted.join(' or ')}`);
    console.log(`${answers.length - wrong.length} of ${answers.length} right, ${msPerLog.toFixed(3)} ms a log`);
  });
program.parse();
