import pico from 'picocolors';

/** The flag that every command has. */
export interface JsonOption {
  json?: true;
}

/** Prints a command's result, the only thing that goes to stdout: as JSON if asked for, else as the text for people. */
export function printResult(options: JsonOption, result: object, text: () => string): void {
  process.stdout.write(`${options.json === true ? JSON.stringify(result, null, 2) : text()}\n`);
}

/** Prints one line of a result that goes on: with `--json` one object a line, so that it can be read as it comes. */
export function printLine(options: JsonOption, result: object, text: string | null): void {
  if (options.json === true) process.stdout.write(`${JSON.stringify(result)}\n`);
  else if (text !== null) process.stdout.write(`${text}\n`);
}

/** Says something that is no result: progress, hints, what it waits for. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Colours for a stream: none unless it is a terminal (or FORCE_COLOR asks), and none if NO_COLOR forbids. */
export function coloursFor(stream: { isTTY?: boolean }): ReturnType<typeof pico.createColors> {
  const { NO_COLOR, FORCE_COLOR } = process.env;
  return pico.createColors((NO_COLOR ?? '') === '' && (stream.isTTY === true || (FORCE_COLOR ?? '') !== ''));
}

/** Rows in columns as wide as their widest cell. Empty cells are dashes. */
export function table(heads: string[], rows: (string | null)[][]): string {
  const cells = [heads, ...rows.map((row) => row.map((cell) => cell ?? '-'))];
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
