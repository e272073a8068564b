import type { Cause } from '../runbook/schema/causes.ts';
import { connectionWordings } from './connections.ts';
import { LiteralAutomaton } from './literal-automaton.ts';
import { cleanLine, LONGEST_LINE } from './log-text.ts';
import { requiredLiterals } from './regex-literals.ts';
import type { Signature, SignaturePattern } from './signature.ts';
import { signatures } from './signatures/registry.ts';
import type { ConnectionWording } from './wordings/connection.ts';

/** What is read of a log: what ended the process stands at its end, what it was started with at its beginning. */
const TAIL = 320 * 1024;
const HEAD = 32 * 1024;
/** Candidate lines that meet the expressions: the last ones of a log. */
const MOST_LINES = 150;
/** Expressions that the candidate lines of one log meet altogether, counted once for each KiB of a line. */
const MOST_EXPRESSIONS = 700;
/** Of lines that differ in numbers only, the last ones say all that the others say. */
const ALIKE = 2;

/** One wording found in one line. */
export interface Hit {
  /** Offsets of the whole line in the log. */
  start: number;
  end: number;
  /** The line, cleaned. */
  line: string;
  weight: number;
  subject?: string;
  matched:
    | { kind: 'cause'; cause: Cause; pattern: SignaturePattern }
    | { kind: 'connection'; wording: ConnectionWording; host?: string; port?: number };
}

interface Compiled {
  regex: RegExp;
  build(found: RegExpExecArray): Pick<Hit, 'weight' | 'matched' | 'subject'>;
}

/** Without regard to case, unless the expression itself tells capitals apart (names of variables). */
function compileRegex(regex: string): RegExp {
  return new RegExp(regex, regex.includes('[A-Z') ? 'm' : 'im');
}

function compileSignature(signature: Signature): { regex: string; compiled: Compiled }[] {
  return signature.patterns.map((pattern) => ({
    regex: pattern.regex,
    compiled: {
      regex: compileRegex(pattern.regex),
      build: (found) => {
        const subject = pattern.subject === undefined ? undefined : firstGroup(found, pattern.subject);
        return {
          weight: pattern.weight,
          matched: { kind: 'cause', cause: signature.cause, pattern },
          ...(subject === undefined ? {} : { subject }),
        };
      },
    },
  }));
}

function compileWording(wording: ConnectionWording): { regex: string; compiled: Compiled } {
  return {
    regex: wording.regex,
    compiled: {
      regex: compileRegex(wording.regex),
      build: (found) => {
        const host = wording.host === undefined ? undefined : found[wording.host];
        const port = wording.port === undefined ? undefined : found[wording.port];
        return {
          weight: wording.weight,
          matched: {
            kind: 'connection',
            wording,
            ...(host === undefined || host === '' ? {} : { host }),
            ...(port === undefined ? {} : { port: Number(port) }),
          },
        };
      },
    },
  };
}

/** The named group, or the first later one that took part: alternatives of one wording each have a group of their own. */
function firstGroup(found: RegExpExecArray, from: number): string | undefined {
  for (let group = from; group < found.length; group += 1) {
    const text = found[group]?.trim();
    if (text !== undefined && text !== '') return text;
  }
  return undefined;
}

const all = [
  ...Object.values<Signature>(signatures).flatMap(compileSignature),
  ...connectionWordings.map(compileWording),
];
const literalOwners = new Map<string, number[]>();
all.forEach(({ regex }, number) => {
  for (const literal of requiredLiterals(regex))
    literalOwners.set(literal, [...(literalOwners.get(literal) ?? []), number]);
});
/** A client's settings dumped with its error: the codes that it would try again on say nothing of what happened. */
const CODE_LIST = /^\s*['"]E[A-Z_]{3,20}['"],?\s*$|(?:['"]E[A-Z_]{3,20}['"],\s*){2}/;

const literals = [...literalOwners.keys()];
const automaton = new LiteralAutomaton(literals);
const ownersOf = literals.map((literal) => literalOwners.get(literal) ?? []);

interface Candidate {
  start: number;
  end: number;
  /** Where the last literal of the line begins. */
  at: number;
  patterns: Set<number>;
}

/**
 * Finds every known wording in a log, in its order. One linear pass over the last 320 KiB, from the end, and over the first 32;
 * at most 150 lines that hold a literal meet expressions, of lines alike the last two.
 */
export function scanLog(text: string): Hit[] {
  const seen = new Map<number, number>();
  const tail = candidateLines(text, Math.max(0, text.length - TAIL), text.length, seen);
  const head = text.length > TAIL + HEAD ? candidateLines(text, 0, HEAD, seen) : [];
  let budget = MOST_EXPRESSIONS;
  const hits: Hit[][] = [];
  for (const candidate of [...tail, ...head].slice(0, MOST_LINES)) {
    if (budget <= 0) break;
    budget -= candidate.patterns.size * (1 + Math.min(LONGEST_LINE, candidate.end - candidate.start) / 1024);
    hits.push(confirm(text, candidate));
  }
  return hits.flat().toSorted((a, b) => a.start - b.start);
}

/** Lines that hold a literal, the last one first; of lines alike the last ones. */
function candidateLines(text: string, from: number, to: number, seen: Map<number, number>): Candidate[] {
  const kept: Candidate[] = [];
  let met = 0;
  let start = to + 1;
  let current: Candidate | undefined;
  automaton.scanBack(text, from, to, (at, found) => {
    if (at < start) {
      start = text.lastIndexOf('\n', at) + 1;
      const newline = text.indexOf('\n', at);
      current = keepUnlessRepeated(
        text,
        { start, end: newline === -1 ? text.length : newline, at, patterns: new Set() },
        seen,
      );
      if (current !== undefined) kept.push(current);
      met += 1;
    }
    if (current !== undefined)
      for (const literal of found) for (const owner of ownersOf[literal] ?? []) current.patterns.add(owner);
    return met < 4 * MOST_LINES && kept.length <= MOST_LINES;
  });
  return kept;
}

/** Counts lines by their first 240 characters without regard to numbers. */
function keepUnlessRepeated(text: string, line: Candidate, seen: Map<number, number>): Candidate | undefined {
  const most = Math.min(line.end, line.start + 240);
  let shape = 0;
  for (let index = line.start; index < most; index += 1) {
    const code = text.charCodeAt(index);
    if (code < 48 || code > 57) shape = (Math.imul(shape, 31) + code) | 0;
  }
  const count = seen.get(shape) ?? 0;
  seen.set(shape, count + 1);
  return count < ALIKE ? line : undefined;
}

function confirm(text: string, candidate: Candidate): Hit[] {
  const { start, end } = candidate;
  const line = cleanLine(end - start <= LONGEST_LINE ? text.slice(start, end) : partsOfLongLine(text, candidate));
  if (CODE_LIST.test(line)) return [];
  const hits: Hit[] = [];
  for (const number of candidate.patterns) {
    const compiled = all[number]?.compiled;
    const found = compiled?.regex.exec(line);
    if (compiled !== undefined && found) hits.push({ start, end, line, ...compiled.build(found) });
  }
  return hits;
}

/** A long line's beginning and what stands around its last literal. */
function partsOfLongLine(text: string, { start, end, at }: Candidate): string {
  const half = LONGEST_LINE / 2;
  const from = Math.max(start + half, at - half / 2);
  return `${text.slice(start, start + half)} ${text.slice(from, Math.min(end, from + half))}`;
}
