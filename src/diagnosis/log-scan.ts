import type { Cause } from '../runbook/schema.ts';
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
const MOST_LINES = 200;
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
  at: number;
  patterns: Set<number>;
}

/**
 * Finds every known wording in a log, in its order. One linear pass over the last 320 KiB and the first 32; at most 200 lines that
 * hold a literal meet expressions, of lines alike the last two.
 */
export function scanLog(text: string): Hit[] {
  const tail = candidateLines(text, Math.max(0, text.length - TAIL), text.length);
  const head = text.length > TAIL + HEAD ? candidateLines(text, 0, HEAD) : [];
  return withoutRepeats(text, [...head, ...tail]).flatMap((candidate) => confirm(text, candidate));
}

function candidateLines(text: string, from: number, to: number): Candidate[] {
  const ring: Candidate[] = [];
  let current: Candidate | undefined;
  automaton.scan(text, from, to, (end, found) => {
    if (current === undefined || end > current.end) {
      const start = text.lastIndexOf('\n', end - 1) + 1;
      const newline = text.indexOf('\n', end);
      current = { start, end: newline === -1 ? text.length : newline, at: end, patterns: new Set() };
      ring.push(current);
      if (ring.length >= 8 * MOST_LINES) ring.splice(0, ring.length - 4 * MOST_LINES);
    }
    for (const literal of found) for (const owner of ownersOf[literal] ?? []) current.patterns.add(owner);
  });
  return ring.slice(-4 * MOST_LINES);
}

function withoutRepeats(text: string, candidates: Candidate[]): Candidate[] {
  const seen = new Map<string, number>();
  const kept: Candidate[] = [];
  for (const candidate of candidates.toReversed()) {
    const shape = text.slice(candidate.start, Math.min(candidate.end, candidate.start + 240)).replace(/\d+/g, '0');
    const count = seen.get(shape) ?? 0;
    seen.set(shape, count + 1);
    if (count < ALIKE) kept.push(candidate);
    if (kept.length === MOST_LINES) break;
  }
  return kept.reverse();
}

function confirm(text: string, candidate: Candidate): Hit[] {
  const { start, end, at } = candidate;
  const raw =
    end - start <= LONGEST_LINE
      ? text.slice(start, end)
      : text.slice(Math.max(start, at - LONGEST_LINE / 2), Math.min(end, at + LONGEST_LINE / 2));
  const line = cleanLine(raw);
  if (CODE_LIST.test(line)) return [];
  const hits: Hit[] = [];
  for (const number of candidate.patterns) {
    const compiled = all[number]?.compiled;
    const found = compiled?.regex.exec(line);
    if (compiled !== undefined && found) hits.push({ start, end, line, ...compiled.build(found) });
  }
  return hits;
}
