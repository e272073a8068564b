/**
 * What others wrote (people, programs, Kubernetes), made safe to be kept and shown: it drives no terminal, turns no line around and
 * is no line of its own where one is expected. Pure.
 */

/** Everything that a terminal, or a reader's eye, takes for the end of a line. */
const LINE_ENDS = /\r\n?|[\v\f\u0085\u2028\u2029]/g;
/** Control and format characters but tab, line end and the joiners that scripts and emoji need; halves of characters. */
const UNSEEN = /(?![\t\n\u200C\u200D])[\p{Cc}\p{Cf}\p{Cs}]/gu;
const JOINERS = /[\u200C\u200D]/g;
const LONGEST_NAME = 200;

/** Text of several lines; what cannot be seen is shown as U+FFFD, for it was there. */
export function legible(text: string): string {
  return text.replace(LINE_ENDS, '\n').replace(UNSEEN, '\uFFFD');
}

/** The same in one line. */
export function oneLine(text: string): string {
  return legible(text).replace(/\s+/g, ' ').trim();
}

/** A name as it stands in histories: one line, without what nobody sees, so that nobody has two that look alike. */
export function nameOf(actor: string): string {
  const seen = actor.replace(LINE_ENDS, '\n').replace(JOINERS, '');
  const name = oneLine(seen);
  // Of a name that is nothing but what cannot be seen nothing is left.
  return /[^\s\uFFFD]/.test(name) ? name.slice(0, LONGEST_NAME).trim() : '';
}

/** The same value with every text in it legible; the further lines of a text stay lines. */
export function legibleAll<T>(value: T): T {
  const copy: T = JSON.parse(
    JSON.stringify(value, (_key, part: unknown) => (typeof part === 'string' ? legible(part) : part)),
  );
  return copy;
}

/** At most so many UTF-16 units, cut between characters. */
export function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  return `${text.slice(0, most - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

/** The further lines of a text below its first, so that none of them looks like a line of its own. */
export function indented(text: string, width: number): string {
  return text.replaceAll('\n', `\n${' '.repeat(width)}`);
}
