import {
  cleanLine,
  givesUp,
  isDefect,
  isShutdown,
  isTerminal,
  isTolerated,
  isTracePart,
  type Level,
  levelOf,
} from './log-text.ts';

/** How far the surroundings of a line reach. */
const LINES_BEFORE = 100;
const LINES_AFTER = 30;
const CHARS_BEFORE = 12_288;
const CHARS_AFTER = 4096;
const EARLIER_CHARS = 3072;
const BESIDE = 6;
/** Lines of ordinary work that are counted after a failure, and lines that are read for it. */
const MOST_COUNTED = 60;
const MOST_READ = 300;
/** Lines that are looked at for one log altogether: beyond them the log counts as ended. */
const MOST_LINES = 3000;

/** Lines within which a program that could not connect says that it gives up. */
const GIVES_UP_WITHIN = 8;

/** How a traceback of Python opens, and how one is linked to the next. One that is a record of its own has no introduction. */
const OPENING = /^Traceback/;
const LINK = /^(?:During handling of|The above exception was)/;

const FAILURE_REPORT = 'APPLICATION FAILED TO START';
const JAVA_FRAME = /^\s+at [\w.$/<>]+\(.*\)|^Caused by: |^\s+\.\.\. \d+ /;

/** What stands around one line of a log. */
export interface Surroundings {
  /** The traceback, report or run of lines that the line belongs to, up to the last line of ordinary information before it. */
  block: string;
  /** Where in `block` the line begins. */
  at: number;
  /** The line and the six before it. */
  beside: string;
}

interface Line {
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

interface Block {
  before: Line[];
  own: Line;
  after: Line[];
}

/** A log as its lines are asked for around a place: each line is cleaned and judged once. Everything is bounded. */
export class LogContext {
  readonly #text: string;
  readonly #lines = new Map<number, Line>();
  readonly #blocks = new Map<number, Block>();
  readonly #earlier = new Map<number, { mark: RegExp; at: number }[]>();

  readonly #reports: boolean;

  constructor(text: string) {
    this.#text = text;
    this.#reports = text.includes(FAILURE_REPORT);
  }

  /** The surroundings of the line that begins at `start`. */
  surroundings(start: number): Surroundings {
    const { before, own, after } = this.#block(start);
    const texts = before.map((line) => line.text);
    return {
      block: [...texts, own.text, ...after.map((line) => line.text)].join('\n'),
      at: texts.reduce((sum, text) => sum + text.length + 1, 0),
      beside: this.beside(start),
    };
  }

  /** The line and the six before it. */
  beside(start: number): string {
    const { before, own } = this.#block(start);
    return [...before.slice(-BESIDE).map((line) => line.text), own.text].join('\n');
  }

  /** Whether a line of the block around `start` matches. */
  blockMatches(start: number, condition: RegExp): boolean {
    const { before, own, after } = this.#block(start);
    return (
      lineMatches(own, condition) ||
      before.some((line) => lineMatches(line, condition)) ||
      after.some((line) => lineMatches(line, condition))
    );
  }

  /** The mark that stands nearest to the line in its block, before it rather than after. */
  nearestMark(start: number, marks: readonly RegExp[]): RegExp | undefined {
    const { before, own, after } = this.#block(start);
    let best: { mark: RegExp; distance: number } | undefined;
    let distance = 0;
    for (const line of before.toReversed()) {
      distance += line.text.length + 1;
      const last = marksOf(line, marks).at(-1);
      if (last === undefined) continue;
      best = { mark: last.mark, distance: distance - last.at };
      break;
    }
    distance = 0;
    for (const line of [own, ...after]) {
      const first = marksOf(line, marks)[0];
      if (first !== undefined && (best === undefined || 2 * (distance + first.at) < best.distance)) return first.mark;
      if (first !== undefined) break;
      distance += line.text.length + 1;
    }
    return best?.mark;
  }

  /** The last mark in the few lines before the block. */
  earlierMark(start: number, marks: readonly RegExp[]): RegExp | undefined {
    const { before, own } = this.#block(start);
    const blockStart = (before[0] ?? own).start;
    const known =
      this.#earlier.get(blockStart) ??
      marksIn(this.#text.slice(Math.max(0, blockStart - EARLIER_CHARS), blockStart), marks);
    this.#earlier.set(blockStart, known);
    return known.at(-1)?.mark;
  }

  /**
   * The line that introduces the traceback before `start`, where it says that the program goes on without what failed; undefined
   * for others. A traceback after which the program does no more work is its end, whatever was logged before it.
   */
  toleranceBefore(start: number): string | undefined {
    const { before, own } = this.#block(start);
    const opening = before.findIndex((line, index) => OPENING.test(line.text) && sameChain(before, index));
    const introduction = opening > 0 ? before[opening - 1] : undefined;
    const tolerated = introduction !== undefined && isTolerated(introduction.text) && this.#isFollowed(own);
    return tolerated ? introduction.text : undefined;
  }

  /** Whether the program says in the next lines that it gives up, and no exception of another kind came in between. */
  givesUpAfter(start: number): boolean {
    let line = this.#next(this.#lineAt(start));
    for (let read = 0; line !== undefined && read < GIVES_UP_WITHIN; read += 1) {
      if (isTracePart(line.text) || isTerminal(line.text)) return false;
      if (givesUp(line.text) && line.level !== 'info') return true;
      line = this.#next(line);
    }
    return false;
  }

  /** Where the trace begins with which a defect of the program ended the log; undefined for any other end. */
  defectAtEnd(): number | undefined {
    let line = this.#before(this.#text.length).findLast((entry) => isTerminal(entry.text));
    if (line === undefined || !isDefect(line.text)) return undefined;
    const before = this.#block(line.start).before;
    for (const entry of before.toReversed()) {
      if (!isTracePart(entry.text) && !isTerminal(entry.text)) break;
      line = entry;
    }
    return line.start;
  }

  #isOrdinary(line: Line): boolean {
    line.ordinary ??= !isTracePart(line.text) && !isTerminal(line.text) && !isShutdown(line.text);
    return line.ordinary;
  }

  /** Whether the program goes on working after the line, as far as the next 60 lines show. */
  #isFollowed(own: Line): boolean {
    let line = this.#next(own);
    for (let read = 0; line !== undefined && read < MOST_COUNTED; read += 1) {
      if (this.#isOrdinary(line) && !givesUp(line.text)) return true;
      line = this.#next(line);
    }
    return false;
  }

  /**
   * The level of the log record that a Java stack trace hangs under: a library may log at INFO, trace and all, what it will try
   * again. `none` for other traces, whose runtime prints them by itself.
   */
  recordLevel(start: number): Level {
    const own = this.#lineAt(start);
    const following = this.#next(own);
    if (following === undefined || !JAVA_FRAME.test(following.text) || /^Exception in thread/.test(own.text))
      return 'none';
    const { before } = this.#block(start);
    if (before.some((line) => line.text.startsWith('Exception in thread'))) return 'none';
    const record = before.findLast((line) => !isTracePart(line.text) && !isTerminal(line.text));
    if (record !== undefined) return record.level;
    const above = before[0]?.start ?? start;
    return above === 0 ? 'none' : this.#lineAt(this.#text.lastIndexOf('\n', above - 2) + 1).level;
  }

  /** Whether the line belongs to Spring Boot's report on why the application did not start. */
  isFailureReport(start: number): boolean {
    if (!this.#reports) return false;
    return this.beside(start).includes(FAILURE_REPORT);
  }

  /** Lines of ordinary work after the line at `start`, at most 60: many of them mean that the program outlived it. */
  ordinaryLinesAfter(start: number): number {
    let count = 0;
    let line = this.#next(this.#lineAt(start));
    for (let read = 0; line !== undefined && count < MOST_COUNTED && read < MOST_READ; read += 1) {
      if (this.#isOrdinary(line)) count += 1;
      line = this.#next(line);
    }
    return count;
  }

  /** Whether the log ends with the line at `start`, but for two more lines. */
  isLast(start: number): boolean {
    let more = 0;
    for (let line = this.#next(this.#lineAt(start)); line !== undefined; line = this.#next(line)) {
      if (line.text.trim() !== '') more += 1;
      if (more > 2) return false;
    }
    return true;
  }

  /** The text from `from` up to `to`. */
  between(from: number, to: number): string {
    return this.#text.slice(from, to);
  }

  #block(start: number): Block {
    const known = this.#blocks.get(start);
    if (known !== undefined) return known;
    const own = this.#lineAt(start);
    const block = { before: this.#before(start), own, after: this.#after(own) };
    this.#blocks.set(start, block);
    return block;
  }

  #before(start: number): Line[] {
    const lines: Line[] = [];
    let position = start;
    while (
      position > 0 &&
      this.#lines.size <= MOST_LINES &&
      lines.length < LINES_BEFORE &&
      start - position < CHARS_BEFORE
    ) {
      const line = this.#lineAt(this.#text.lastIndexOf('\n', position - 2) + 1);
      if (line.level === 'info') break;
      lines.push(line);
      position = line.start;
    }
    return lines.reverse();
  }

  #after(own: Line): Line[] {
    const lines: Line[] = [];
    let line = this.#next(own);
    while (line !== undefined && lines.length < LINES_AFTER && line.start - own.end < CHARS_AFTER) {
      if (line.level === 'info') break;
      lines.push(line);
      line = this.#next(line);
    }
    return lines;
  }

  #next(line: Line): Line | undefined {
    if (line.end + 1 >= this.#text.length || this.#lines.size > MOST_LINES) return undefined;
    return this.#lineAt(line.end + 1);
  }

  #lineAt(start: number): Line {
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

/** Whether the traceback that opens at `index` is linked to all that open after it. */
function sameChain(lines: Line[], index: number): boolean {
  return lines.every(
    (line, at) => at <= index || !OPENING.test(line.text) || isLink(lines[at - 2]) || isLink(lines[at - 1]),
  );
}

const isLink = (line: Line | undefined): boolean => line !== undefined && LINK.test(line.text);

function lineMatches(line: Line, condition: RegExp): boolean {
  const known = line.matches.get(condition) ?? condition.test(line.text);
  line.matches.set(condition, known);
  return known;
}

function marksOf(line: Line, marks: readonly RegExp[]): { mark: RegExp; at: number }[] {
  line.marks ??= marksIn(line.text, marks);
  return line.marks;
}

/** All marks of a text by their place; the expressions are global. */
function marksIn(text: string, marks: readonly RegExp[]): { mark: RegExp; at: number }[] {
  const found = marks.flatMap((mark) => Array.from(text.matchAll(mark), ({ index }) => ({ mark, at: index })));
  return found.length < 2 ? found : found.toSorted((a, b) => a.at - b.at);
}
