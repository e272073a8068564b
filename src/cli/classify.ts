import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import { z } from 'zod';
import { classify } from '../diagnosis/classify.ts';
import { type EventInput, eventInput, evidenceOfLogFile } from '../diagnosis/log-file.ts';
import { createRedactor } from '../diagnosis/redaction.ts';
import { KintsugiError, messageOf } from '../errors.ts';
import type { Finding } from '../recovery/values.ts';
import { printResult } from './output.ts';

/** A log is a file that a person names: no more is read of it than fits in memory well. */
const MOST_BYTES = 256 * 1024 * 1024;

/** Events as `kubectl get events -o json` prints them, or a plain list of them. */
const eventsFile = z.union([
  z.array(eventInput),
  z.object({ items: z.array(eventInput) }).transform(({ items }) => items),
]);

export interface ClassifyOptions {
  exitCode?: number;
  reason?: string;
  events?: string;
  json?: boolean;
}

/** What the command answers; `ms` is the classification alone, without reading the file. */
export interface ClassifyAnswer {
  findings: Finding[];
  ms: number;
}

/**
 * Classifies a log file by itself.
 * @throws KintsugiError `not-found` or `invalid` for a file that cannot be read or is no list of events
 */
export function classifyFile(path: string, options: ClassifyOptions): ClassifyAnswer {
  // Without a key of its own the tags compare nothing beyond this one answer.
  const { redact } = createRedactor({ key: 'kintsugi classify' });
  const text = redact(readText(path));
  const evidence = evidenceOfLogFile({
    text,
    exitCode: options.exitCode,
    reason: options.reason,
    events: options.events === undefined ? [] : readEvents(options.events, redact),
  });
  const started = performance.now();
  const findings = classify(evidence);
  return { findings, ms: Math.round((performance.now() - started) * 1000) / 1000 };
}

/** Registers `kintsugi classify`. */
export default function register(program: Command): void {
  program
    .command('classify')
    .description('say why a container does not run, from its log and what the kubelet reported')
    .argument('<logfile>', 'the log of the instance that ended; - reads standard input')
    .option('--exit-code <n>', 'the exit code of that instance', exitCode)
    .option('--reason <reason>', "the kubelet's reason: Error, OOMKilled, Completed ...")
    .option('--events <file>', 'events as JSON: kubectl get events -o json, or a list of {type, reason, message}')
    .option('--json', 'print JSON')
    .action((path: string, options: ClassifyOptions) => {
      const answer = classifyFile(path, options);
      printResult(options.json === true ? { json: true } : {}, answer, () => asText(answer));
    });
}

function asText({ findings }: ClassifyAnswer): string {
  if (findings.length === 0) return 'nothing is wrong with what was seen';
  return findings
    .map(({ cause, summary, quotes }) =>
      [`${cause}: ${summary}`, ...quotes.map(({ source, text }) => `  ${source}: ${text}`)].join('\n'),
    )
    .join('\n');
}

function exitCode(text: string): number {
  if (!/^\d{1,3}$/.test(text) || Number(text) > 255)
    throw new InvalidArgumentError('an exit code is a number from 0 to 255');
  return Number(text);
}

function readText(path: string): string {
  try {
    const content = readFileSync(path === '-' ? 0 : path);
    return content.subarray(Math.max(0, content.length - MOST_BYTES)).toString('utf8');
  } catch (thrown) {
    throw new KintsugiError('not-found', `the file cannot be read: ${messageOf(thrown)}`, {
      where: path,
      fix: 'Name a readable file.',
      cause: thrown,
    });
  }
}

function readEvents(path: string, redact: (text: string) => string): EventInput[] {
  const text = readText(path);
  try {
    return eventsFile.parse(JSON.parse(text)).map((event) => ({ ...event, message: redact(event.message) }));
  } catch (thrown) {
    const why = thrown instanceof z.ZodError ? z.prettifyError(thrown) : messageOf(thrown);
    throw new KintsugiError('invalid', `these are no events: ${why}`, {
      where: path,
      fix: 'Give the output of kubectl get events -o json, or a list of {type, reason, message}.',
      cause: thrown,
    });
  }
}
