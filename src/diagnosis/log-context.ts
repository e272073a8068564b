import { isOrdinary, type Line, LogLines, lineMatches, marksIn, marksOf } from './log-lines.ts';
import { givesUp, isDefect, isTerminal, isTolerated, isTracePart, type Level } from './log-text.ts';

/** How far before its block a line is still said to stand under a mark. */
const EARLIER_CHARS = 3072;
const BESIDE = 6;
/** Lines of ordinary work that are counted after a failure, and lines that are read for it. */
const MOST_COUNTED = 60;
const MOST_READ = 300;
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

/** A log as it is asked what stands around a place in it and what became of the program there. Everything is bounded. */
export class LogContext {
  readonly #text: string;
  readonly #lines: LogLines;
  readonly #earlier = new Map<number, { mark: RegExp; at: number }[]>();

  readonly #reports: boolean;

  constructor(text: string) {
    this.#text = text;
    this.#lines = new LogLines(text);
    this.#reports = text.includes(FAILURE_REPORT);
  }

  /** The surroundings of the line that begins at `start`. */
  surroundings(start: number): Surroundings {
    const { before, own, after } = this.#lines.block(start);
    const texts = before.map((line) => line.text);
    return {
      block: [...texts, own.text, ...after.map((line) => line.text)].join('\n'),
      at: texts.reduce((sum, text) => sum + text.length + 1, 0),
      beside: this.beside(start),
    };
  }

  /** The line and the six before it. */
  beside(start: number): string {
    const { before, own } = this.#lines.block(start);
    return [...before.slice(-BESIDE).map((line) => line.text), own.text].join('\n');
  }

  /** Whether a line of the block around `start` matches. */
  blockMatches(start: number, condition: RegExp): boolean {
    const { before, own, after } = this.#lines.block(start);
    return (
      lineMatches(own, condition) ||
      before.some((line) => lineMatches(line, condition)) ||
      after.some((line) => lineMatches(line, condition))
    );
  }

  /** The mark that stands nearest to the line in its block, before it rather than after. */
  nearestMark(start: number, marks: readonly RegExp[]): RegExp | undefined {
    const { before, own, after } = this.#lines.block(start);
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
    const { before, own } = this.#lines.block(start);
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
    const { before, own } = this.#lines.block(start);
    const opening = before.findIndex((line, index) => OPENING.test(line.text) && sameChain(before, index));
    const introduction = opening > 0 ? before[opening - 1] : undefined;
    const tolerated = introduction !== undefined && isTolerated(introduction.text) && this.#isFollowed(own);
    return tolerated ? introduction.text : undefined;
  }

  /** Whether the program says in the next lines that it gives up, and no exception of another kind came in between. */
  givesUpAfter(start: number): boolean {
    let line = this.#lines.next(this.#lines.at(start));
    for (let read = 0; line !== undefined && read < GIVES_UP_WITHIN; read += 1) {
      if (isTracePart(line.text) || isTerminal(line.text)) return false;
      if (givesUp(line.text) && line.level !== 'info') return true;
      line = this.#lines.next(line);
    }
    return false;
  }

  /** Where the trace begins with which a defect of the program ended the log; undefined for any other end. */
  defectAtEnd(): number | undefined {
    let line = this.#lines.before(this.#text.length).findLast((entry) => isTerminal(entry.text));
    if (line === undefined || !isDefect(line.text)) return undefined;
    const before = this.#lines.block(line.start).before;
    for (const entry of before.toReversed()) {
      if (!isTracePart(entry.text) && !isTerminal(entry.text)) break;
      line = entry;
    }
    return line.start;
  }

  /** Whether the program goes on working after the line, as far as the next 60 lines show. */
  #isFollowed(own: Line): boolean {
    let line = this.#lines.next(own);
    for (let read = 0; line !== undefined && read < MOST_COUNTED; read += 1) {
      if (isOrdinary(line) && !givesUp(line.text)) return true;
      line = this.#lines.next(line);
    }
    return false;
  }

  /**
   * The level of the log record that a Java stack trace hangs under: a library may log at INFO, trace and all, what it will try
   * again. `none` for other traces, whose runtime prints them by itself.
   */
  recordLevel(start: number): Level {
    const own = this.#lines.at(start);
    const following = this.#lines.next(own);
    if (following === undefined || !JAVA_FRAME.test(following.text) || /^Exception in thread/.test(own.text))
      return 'none';
    const { before } = this.#lines.block(start);
    if (before.some((line) => line.text.startsWith('Exception in thread'))) return 'none';
    const record = before.findLast((line) => !isTracePart(line.text) && !isTerminal(line.text));
    if (record !== undefined) return record.level;
    const above = before[0]?.start ?? start;
    return above === 0 ? 'none' : this.#lines.at(this.#text.lastIndexOf('\n', above - 2) + 1).level;
  }

  /** Whether the line belongs to Spring Boot's report on why the application did not start. */
  isFailureReport(start: number): boolean {
    if (!this.#reports) return false;
    return this.beside(start).includes(FAILURE_REPORT);
  }

  /** Lines of ordinary work after the line at `start`, at most 60: many of them mean that the program outlived it. */
  ordinaryLinesAfter(start: number): number {
    let count = 0;
    let line = this.#lines.next(this.#lines.at(start));
    for (let read = 0; line !== undefined && count < MOST_COUNTED && read < MOST_READ; read += 1) {
      if (isOrdinary(line)) count += 1;
      line = this.#lines.next(line);
    }
    return count;
  }

  /** Whether the log ends with the line at `start`, but for two more lines. */
  isLast(start: number): boolean {
    let more = 0;
    for (let line = this.#lines.next(this.#lines.at(start)); line !== undefined; line = this.#lines.next(line)) {
      if (line.text.trim() !== '') more += 1;
      if (more > 2) return false;
    }
    return true;
  }

  /** The text from `from` up to `to`. */
  between(from: number, to: number): string {
    return this.#text.slice(from, to);
  }
}

/** Whether the traceback that opens at `index` is linked to all that open after it. */
function sameChain(lines: Line[], index: number): boolean {
  return lines.every(
    (line, at) => at <= index || !OPENING.test(line.text) || isLink(lines[at - 2]) || isLink(lines[at - 1]),
  );
}

const isLink = (line: Line | undefined): boolean => line !== undefined && LINK.test(line.text);
