import { cleanLine, isShutdown, isTerminal, isTracePart, type Level, levelOf } from './log-text.ts';

/** How far the surroundings of a line reach. */
const LINES_BEFORE = 100;
const LINES_AFTER = 30;
const CHARS_BEFORE = 12_288;
const CHARS_AFTER = 4096;
/** Lines that are looked at for one log altogether: beyond them the log counts as ended. */
const MOST_LINES = 3000;

/** One line of a log, cleaned, and what it was judged to be. */
export interface Line {
  text: string;
  start: number;
  end: number;
  level: Level;
  /** Whether it is a line of ordinary work: no part of a trace, no exception, no word of a shutdown. Judged when asked for. */
  ordinary?: boolean;
  /** What was asked of the line before: whether a condition matches, where marks stand. */
  matches: Map<RegExp, boolean>;
  marks?: { mark: RegExp; at: number }[];
}

/** A line with those before and after it, each as far as the next line of ordinary information. */
export interface Block {
  before: Line[];
  own: Line;
  after: Line[];
}

/** The lines of a log as they are asked for: each is cleaned and judged once, and no more are looked at than is bounded. */
export class LogLines {
  readonly #text: string;
  readonly #lines = new Map<number, Line>();
  readonly #blocks = new Map<number, Block>();

  constructor(text: string) {
    this.#text = text;
  }

  /** The line that begins at `start` with what stands around it. */
  block(start: number): Block {
    const known = this.#blocks.get(start);
    if (known !== undefined) return known;
    const own = this.at(start);
    const block = { before: this.before(start), own, after: this.#after(own) };
    this.#blocks.set(start, block);
    return block;
  }

  /** The lines before `start`, the nearest last. */
  before(start: number): Line[] {
    const lines: Line[] = [];
    let position = start;
    while (
      position > 0 &&
      this.#lines.size <= MOST_LINES &&
      lines.length < LINES_BEFORE &&
      start - position < CHARS_BEFORE
    ) {
      const line = this.at(this.#text.lastIndexOf('\n', position - 2) + 1);
      if (line.level === 'info') break;
      lines.push(line);
      position = line.start;
    }
    return lines.reverse();
  }

  #after(own: Line): Line[] {
    const lines: Line[] = [];
    let line = this.next(own);
    while (line !== undefined && lines.length < LINES_AFTER && line.start - own.end < CHARS_AFTER) {
      if (line.level === 'info') break;
      lines.push(line);
      line = this.next(line);
    }
    return lines;
  }

  /** The line after this one; undefined at the end of the log. */
  next(line: Line): Line | undefined {
    if (line.end + 1 >= this.#text.length || this.#lines.size > MOST_LINES) return undefined;
    return this.at(line.end + 1);
  }

  /** The line that begins at `start`. */
  at(start: number): Line {
    const known = this.#lines.get(start);
    if (known !== undefined) return known;
    const newline = this.#text.indexOf('\n', start);
    const end = newline === -1 ? this.#text.length : newline;
    const text = cleanLine(this.#text.slice(start, Math.min(end, start + CHARS_AFTER)));
    const level = levelOf(text);
    const line = { text, start, end, level, matches: new Map() };
    this.#lines.set(start, line);
    return line;
  }
}

/** Whether it is a line of ordinary work: no part of a trace, no exception, no word of a shutdown. */
export function isOrdinary(line: Line): boolean {
  line.ordinary ??= !isTracePart(line.text) && !isTerminal(line.text) && !isShutdown(line.text);
  return line.ordinary;
}

/** Whether the line matches; asked once. */
export function lineMatches(line: Line, condition: RegExp): boolean {
  const known = line.matches.get(condition) ?? condition.test(line.text);
  line.matches.set(condition, known);
  return known;
}

/** The marks of the line by their place; looked for once. */
export function marksOf(line: Line, marks: readonly RegExp[]): { mark: RegExp; at: number }[] {
  line.marks ??= marksIn(line.text, marks);
  return line.marks;
}

/** All marks of a text by their place; the expressions are global. */
export function marksIn(text: string, marks: readonly RegExp[]): { mark: RegExp; at: number }[] {
  const found = marks.flatMap((mark) => Array.from(text.matchAll(mark), ({ index }) => ({ mark, at: index })));
  return found.length < 2 ? found : found.toSorted((a, b) => a.at - b.at);
}
