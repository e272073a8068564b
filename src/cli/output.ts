import pico from 'picocolors';
import { legible, oneLine } from '../recovery/words.ts';

/** The flag that every command has. */
export interface JsonOption {
  json?: true;
}

/** Prints a command's result, the only thing that goes to stdout: as JSON if asked for, else as the text for people. */
export function printResult(options: JsonOption, result: object, text: () => string): void {
  process.stdout.write(`${options.json === true ? jsonText(result, 2) : terminalText(text())}\n`);
}

/** The colours that a text of ours may set. */
const COLOUR = new RegExp(`(${String.fromCharCode(27)}\\[[0-9;]*m)`);

/** Text as a terminal gets it: whoever wrote what is in it sets no more than a colour. */
export function terminalText(text: string): string {
  return text
    .split(COLOUR)
    .map((part, i) => (i % 2 === 1 ? part : legible(part)))
    .join('');
}

/** JSON that drives no terminal either: such characters are written by their numbers, which says the same. */
export function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(/(?!\n)[\p{Cc}\p{Cf}]/gu, (found) =>
    found
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

/** Prints one line of a result that goes on: with `--json` one object a line, so that it can be read as it comes. */
export function printLine(options: JsonOption, result: object, text: string | null): void {
  if (options.json === true) process.stdout.write(`${jsonText(result)}\n`);
  else if (text !== null) process.stdout.write(`${terminalText(text)}\n`);
}

/** Says something that is no result: progress, hints, what it waits for. */
export function say(text: string): void {
  process.stderr.write(`${terminalText(text)}\n`);
}

/** Colours for a stream: none unless it is a terminal (or FORCE_COLOR asks), and none if NO_COLOR forbids. */
export function coloursFor(stream: { isTTY?: boolean }): ReturnType<typeof pico.createColors> {
  const { NO_COLOR, FORCE_COLOR } = process.env;
  return pico.createColors((NO_COLOR ?? '') === '' && (stream.isTTY === true || (FORCE_COLOR ?? '') !== ''));
}

/** Rows in columns as wide as their widest cell. Empty cells are dashes. */
export function table(heads: string[], rows: (string | null)[][]): string {
  const cells = [heads, ...rows.map((row) => row.map((cell) => (cell === null ? '-' : oneLine(cell))))];
  const widths = heads.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
