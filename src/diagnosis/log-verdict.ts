import type { Cause } from '../runbook/schema/causes.ts';
import { attribute, lastMark } from './attribution.ts';
import type { DependencyEvidence } from './evidence/connection.ts';
import { LogContext } from './log-context.ts';
import { type Hit, scanLog } from './log-scan.ts';
import { isRetried, isTerminal, isTolerated, type Level, levelOf } from './log-text.ts';
import type { Failure } from './wordings/connection.ts';

/** What one log says about why its process ended; `cause` is `unknown` for a failure that no cause stands for. */
export interface LogVerdict {
  cause: Cause;
  subject?: string;
  /** The wording's own words for people, `$` for the subject. */
  says?: string;
  /** For failed connections: how, and to what. */
  connection?: { how: Failure; address?: string };
  /** 0 to 15: the wording's weight with what its place in the log adds or takes. */
  strength: number;
  /** Whether a runtime says that this ended the process, or the program logs it as an error. */
  terminal: boolean;
  /** Whether the line says that the program goes on without what failed. */
  tolerated: boolean;
  /** The line that decided. */
  line: string;
  start: number;
}

/** Below this a wording decides nothing. */
export const DECIDES = 3;

const LEVEL_FACTOR: Record<Level, number> = { fatal: 1.1, error: 1, none: 1, warning: 0.4, info: 0.35 };
/** A whole trace that a library logs at INFO is something that it will try again. */
const RECORDED_AT_INFO = 0.19;
const TERMINAL_FACTOR = 1.5;
const TOLERATED_FACTOR = 0.15;
const RETRIED_FACTOR = 0.7;

/** Lines whose surroundings are looked at. */
const MOST_WEIGHED = 48;

/** Finds what decides in a log, or null. The exception that ended the process outranks the noise before it. */
export function readLog(text: string, dependencies: readonly DependencyEvidence[] = []): LogVerdict | null {
  const hits = scanLog(text);
  if (hits.length === 0) return null;
  const context = new LogContext(text);
  const byLine = Map.groupBy(hits, (hit) => hit.start);
  const verdicts = mostPromising([...byLine.values()])
    .map((ofLine) => strongestOfLine(ofLine, context, dependencies))
    .filter((verdict) => verdict !== undefined)
    .map((verdict) => outlived(verdict, context));
  const weighed = withoutNoise(verdicts, context);
  const deciding = weighed.filter((verdict) => verdict.strength >= DECIDES);
  return decide(deciding, context) ?? stillTrying(weighed, context);
}

/** The lines that may decide, at most 48: those whose wordings weigh most by themselves, the last ones first. */
function mostPromising(lines: Hit[][]): Hit[][] {
  if (lines.length <= MOST_WEIGHED) return lines;
  const promise = (hits: Hit[]): number =>
    Math.max(...hits.map((hit) => hit.weight)) * (isTerminal(hits[0]?.line ?? '') ? TERMINAL_FACTOR : 1);
  return lines
    .map((hits) => ({ hits, promise: promise(hits), start: hits[0]?.start ?? 0 }))
    .toSorted((a, b) => b.promise - a.promise || b.start - a.start)
    .slice(0, MOST_WEIGHED)
    .map(({ hits }) => hits);
}

function strongestOfLine(
  hits: Hit[],
  context: LogContext,
  dependencies: readonly DependencyEvidence[],
): LogVerdict | undefined {
  const weighed = hits
    .map((hit) => weigh(hit, context, dependencies))
    .filter((verdict) => verdict !== undefined)
    .toSorted((a, b) => b.strength - a.strength || Number(b.subject !== undefined) - Number(a.subject !== undefined));
  const best = weighed[0];
  return best === undefined ? undefined : withSubject(best, weighed.toReversed());
}

function weigh(hit: Hit, context: LogContext, dependencies: readonly DependencyEvidence[]): LogVerdict | undefined {
  const meaning = meaningOf(hit, context, dependencies);
  if (meaning === undefined) return undefined;
  const { weight, ...said } = meaning;
  const own = levelOf(hit.line);
  const recorded = own === 'none' && isTerminal(hit.line) ? context.recordLevel(hit.start) : 'none';
  const level = own === 'none' ? recorded : own;
  const terminal = isTerminal(hit.line) || level === 'fatal' || context.isFailureReport(hit.start);
  const tolerated = isTolerated(hit.line) || (terminal && isIntroducedAsTolerated(hit, said.cause, context));
  const given = !tolerated && (level === 'warning' || isRetried(hit.line)) && context.givesUpAfter(hit.start);
  const factor =
    (recorded === 'info' ? RECORDED_AT_INFO : given ? 1 : LEVEL_FACTOR[level]) *
    (terminal ? TERMINAL_FACTOR : 1) *
    (tolerated ? TOLERATED_FACTOR : 1) *
    (isRetried(hit.line) && !given ? RETRIED_FACTOR : 1);
  return {
    ...said,
    terminal: terminal || level === 'error',
    tolerated,
    line: hit.line,
    start: hit.start,
    strength: weight * factor,
  };
}

/** A traceback that was logged with the words that the program goes on without just this service. */
function isIntroducedAsTolerated(hit: Hit, cause: Cause, context: LogContext): boolean {
  const introduction = context.toleranceBefore(hit.start);
  if (introduction === undefined) return false;
  const named = lastMark(introduction);
  return named === undefined || named === cause;
}

type Meaning = Pick<LogVerdict, 'cause' | 'subject' | 'says' | 'connection'> & { weight: number };

/** What a wording means where it stands; undefined where its conditions do not hold. */
function meaningOf(hit: Hit, context: LogContext, dependencies: readonly DependencyEvidence[]): Meaning | undefined {
  if (hit.matched.kind === 'cause') {
    if (!conditionsHold(hit, context)) return undefined;
    const { says } = hit.matched.pattern;
    const subject = hit.subject === undefined ? {} : { subject: hit.subject };
    return { ...subject, ...(says === undefined ? {} : { says }), cause: hit.matched.cause, weight: hit.weight };
  }
  const { near, how } = hit.matched.wording;
  if (near !== undefined && !context.blockMatches(hit.start, condition(near))) return undefined;
  const to = attribute(hit, context, dependencies);
  const address = to.address === undefined ? {} : { address: to.address };
  return {
    cause: to.cause ?? (how === 'name not found' && to.service !== 'other' ? 'dns-failure' : 'unknown'),
    ...(to.address === undefined ? {} : { subject: to.address }),
    connection: { how, ...address },
    weight: hit.weight * to.certainty,
  };
}

function conditionsHold(hit: Hit, context: LogContext): boolean {
  if (hit.matched.kind !== 'cause') return true;
  const { near, beside, unless, last } = hit.matched.pattern;
  if (last === true && !context.isLast(hit.start)) return false;
  if (near !== undefined && !context.blockMatches(hit.start, condition(near))) return false;
  if (beside !== undefined && !condition(beside).test(context.beside(hit.start))) return false;
  return unless === undefined || !context.blockMatches(hit.start, condition(unless));
}

const conditions = new Map<string, RegExp>();

function condition(source: string): RegExp {
  const known = conditions.get(source) ?? new RegExp(source, 'im');
  conditions.set(source, known);
  return known;
}

/** Takes strength from what the program outlived: many lines of ordinary work after it. */
function outlived(verdict: LogVerdict, context: LogContext): LogVerdict {
  const ordinary = context.ordinaryLinesAfter(verdict.start);
  const factor = ordinary <= 3 ? 1 : ordinary <= 12 ? 0.85 : ordinary <= 40 ? 0.6 : 0.4;
  return { ...verdict, strength: verdict.strength * factor };
}

/** A log that ends while the program tries again and again: that is what it does not get past. */
function stillTrying(verdicts: LogVerdict[], context: LogContext): LogVerdict | null {
  const last = verdicts.findLast(
    (verdict) =>
      verdict.cause !== 'unknown' && !verdict.tolerated && isRetried(verdict.line) && context.isLast(verdict.start),
  );
  return last === undefined ? null : { ...last, strength: DECIDES };
}

/**
 * Takes strength from what was only noise: failures of which the program said later that it goes on without, and those that it
 * only logged before a defect of its own ended it.
 */
function withoutNoise(verdicts: LogVerdict[], context: LogContext): LogVerdict[] {
  const defect = verdicts.length > 0 ? context.defectAtEnd() : undefined;
  return verdicts.map((verdict) => {
    const tolerance = verdicts.some(
      (later) => later.tolerated && later.cause === verdict.cause && later.start > verdict.start,
    );
    const beforeDefect = defect !== undefined && verdict.start < defect;
    const noise = (tolerance && !verdict.tolerated) || beforeDefect;
    return noise ? { ...verdict, strength: verdict.strength * TOLERATED_FACTOR } : verdict;
  });
}

const DIRECT_CAUSE = 'direct cause of the following';
const WHILE_HANDLING = 'During handling of';
/** How weak, against the exception that was handled, the one raised meanwhile may be to decide still. */
const WHILE_HANDLING_FACTOR = 0.6;
/** Characters of a chain of tracebacks between two of its exceptions. */
const LONGEST_CHAIN = 16_384;

/** Of the strongest the last decides, but an exception that was the declared cause of the last one (`raise ... from`) decides over it. */
function decide(verdicts: LogVerdict[], context: LogContext): LogVerdict | null {
  let chosen: LogVerdict | null = null;
  for (const verdict of verdicts.toSorted((a, b) => a.start - b.start)) {
    const between = chosen === null ? '' : context.between(chosen.start, verdict.start);
    if (chosen === null || verdict.strength >= chosen.strength - 0.01 || endsWhileHandling(chosen, verdict, between)) {
      const wrapped = between.includes(DIRECT_CAUSE) && !between.includes(WHILE_HANDLING);
      const named = chosen?.terminal === true && chosen.cause !== 'unknown' && chosen.cause !== verdict.cause;
      if (wrapped && named) continue;
      chosen = verdict;
    }
  }
  return chosen === null ? null : withSubject(chosen, verdicts);
}

/** An exception that is raised while another is handled is the one that ends the process, though its wording may weigh less. */
function endsWhileHandling(handled: LogVerdict, raised: LogVerdict, between: string): boolean {
  return (
    raised.terminal &&
    handled.terminal &&
    raised.cause !== 'unknown' &&
    raised.strength >= WHILE_HANDLING_FACTOR * handled.strength &&
    between.length < LONGEST_CHAIN &&
    between.includes(WHILE_HANDLING) &&
    !between.includes(DIRECT_CAUSE)
  );
}

/** The same cause named more exactly on another line lends its subject. */
function withSubject(chosen: LogVerdict, verdicts: LogVerdict[]): LogVerdict {
  if (chosen.subject !== undefined) return chosen;
  const exact = verdicts.findLast((verdict) => verdict.cause === chosen.cause && verdict.subject !== undefined);
  return exact?.subject === undefined ? chosen : { ...chosen, subject: exact.subject };
}
