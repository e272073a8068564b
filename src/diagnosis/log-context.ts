import { cleanLine, isShutdown, isTerminal, isTolerated, isTracePart, type Level, levelOf } from './log-text.ts';

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
  /** The few lines before the block. */
  earlier: string;
}

interface Line {
  text: string;
  start: number;
  end: number;
  level: Level;
  /** Whether it is a line of ordinary work: no part of a trace, no exception, no word of a shutdown. */
  ordinary: boolean;
}

/** A log as its lines are asked for around a place: each line is cleaned and judged once. Everything is bounded. */
export class LogContext {
  readonly #text: string;
  readonly #lines = new Map<number, Line>();
  readonly #surroundings = new Map<number, Surroundings>();

  readonly #reports: boolean;

  constructor(text: string) {
    this.#text = text;
    this.#reports = text.includes(FAILURE_REPORT);
  }

  /** The surroundings of the line that begins at `start`. */
  surroundings(start: number): Surroundings {
    const known = this.#surroundings.get(start) ?? this.#read(start);
    this.#surroundings.set(start, known);
    return known;
  }

  /** Whether the line that introduces the traceback before `start` says that the program goes on without what failed. */
  introducedAsTolerated(start: number): boolean {
    const before = this.#before(start);
    const opening = before.findLastIndex((line) => /^(?:ERROR: {4})?Traceback/.test(line.text));
    const introduction = opening > 0 ? before[opening - 1] : undefined;
    return introduction !== undefined && isTolerated(introduction.text);
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
    const record = this.#before(start).findLast((line) => !isTracePart(line.text) && !isTerminal(line.text));
    if (record !== undefined) return record.level;
    const above = this.#before(start)[0]?.start ?? start;
    return above === 0 ? 'none' : this.#lineAt(this.#text.lastIndexOf('\n', above - 2) + 1).level;
  }

  /** Whether the line belongs to Spring Boot's report on why the application did not start. */
  isFailureReport(start: number): boolean {
    if (!this.#reports) return false;
    return this.surroundings(start).beside.includes(FAILURE_REPORT);
  }

  /** Lines of ordinary work after the line at `start`, at most 60: many of them mean that the program outlived it. */
  ordinaryLinesAfter(start: number): number {
    let count = 0;
    let line = this.#next(this.#lineAt(start));
    for (let read = 0; line !== undefined && count < MOST_COUNTED && read < MOST_READ; read += 1) {
      if (line.ordinary) count += 1;
      line = this.#next(line);
    }
    return count;
  }

  /** The text from `from` up to `to`. */
  between(from: number, to: number): string {
    return this.#text.slice(from, to);
  }

  #read(start: number): Surroundings {
    const before = this.#before(start);
    const own = this.#lineAt(start);
    const texts = before.map((line) => line.text);
    const at = texts.reduce((sum, text) => sum + text.length + 1, 0);
    const blockStart = before[0]?.start ?? start;
    return {
      block: [...texts, own.text, ...this.#after(own).map((line) => line.text)].join('\n'),
      at,
      beside: [...texts.slice(-BESIDE), own.text].join('\n'),
      earlier: this.#text.slice(Math.max(0, blockStart - EARLIER_CHARS), blockStart),
    };
  }

  #before(start: number): Line[] {
    const lines: Line[] = [];
    let position = start;
    while (position > 0 && lines.length < LINES_BEFORE && start - position < CHARS_BEFORE) {
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
    return line.end + 1 < this.#text.length ? this.#lineAt(line.end + 1) : undefined;
  }

  #lineAt(start: number): Line {
    const known = this.#lines.get(start);
    if (known !== undefined) return known;
    const newline = this.#text.indexOf('\n', start);
    const end = newline === -1 ? this.#text.length : newline;
    const text = cleanLine(this.#text.slice(start, Math.min(end, start + CHARS_AFTER)));
    const level = levelOf(text);
    const ordinary = !isTracePart(text) && !isTerminal(text) && !isShutdown(text);
    const line = { text, start, end, level, ordinary };
    this.#lines.set(start, line);
    return line;
  }
}
