/**
 * Which literal texts a line must contain before a regular expression can match it. The one scan of a log looks for these
 * literals only; the expressions themselves meet just the lines that have one.
 */

/** The shortest literal worth looking for: shorter ones would hit every line. */
const SHORTEST = 4;

/**
 * Finds a set of literals (lower case) of which any match of `regex` contains at least one. Understands what signatures use:
 * literals, escapes, classes, groups, alternatives and quantifiers.
 * @throws RangeError when no such set exists: the expression would have to meet every line.
 */
export function requiredLiterals(regex: string): string[] {
  const parsed = parseAlternatives(regex, 0);
  if (parsed.end !== regex.length) throw new RangeError(`unbalanced parenthesis at ${parsed.end} in /${regex}/`);
  const literals = parsed.literals;
  if (literals === null) throw new RangeError(`no literal of ${SHORTEST} characters is certain in /${regex}/`);
  return literals.map((literal) => literal.toLowerCase());
}

interface Parsed {
  literals: string[] | null;
  end: number;
}

function parseAlternatives(regex: string, start: number): Parsed {
  const branches: (string[] | null)[] = [];
  let position = start;
  for (;;) {
    const branch = parseSequence(regex, position);
    branches.push(branch.literals);
    position = branch.end;
    if (regex[position] !== '|') break;
    position += 1;
  }
  const all = branches.every((branch) => branch !== null) ? branches.flatMap((branch) => branch ?? []) : null;
  return { literals: all, end: position };
}

/** One sequence up to `|`, `)` or the end: the best of its certain parts. */
function parseSequence(regex: string, start: number): Parsed {
  const certain: string[][] = [];
  let run = '';
  let position = start;
  const endRun = (): void => {
    if (run.length >= SHORTEST) certain.push([run]);
    run = '';
  };
  while (position < regex.length && regex[position] !== '|' && regex[position] !== ')') {
    const atom = parseAtom(regex, position);
    const quantifier = parseQuantifier(regex, atom.end);
    position = quantifier.end;
    if (atom.char === undefined) {
      endRun();
      if (atom.literals !== null && quantifier.atLeastOnce) certain.push(atom.literals);
    } else if (!quantifier.present) run += atom.char;
    else {
      if (quantifier.atLeastOnce) run += atom.char;
      endRun();
    }
  }
  endRun();
  return { literals: best(certain), end: position };
}

/** The set whose shortest literal is longest: the rarest text to look for. */
function best(sets: string[][]): string[] | null {
  let found: string[] | null = null;
  for (const set of sets) if (found === null || shortest(set) > shortest(found)) found = set;
  return found;
}

function shortest(set: string[]): number {
  return Math.min(...set.map((literal) => literal.length));
}

interface Atom extends Parsed {
  /** Set when the atom is one certain character. */
  char?: string;
}

function parseAtom(regex: string, position: number): Atom {
  const char = regex.charAt(position);
  if (char === '(') return parseGroup(regex, position);
  if (char === '[') return { literals: null, end: classEnd(regex, position) };
  if (char === '\\') {
    const code = /^\\(?:u([\da-f]{4})|x([\da-f]{2}))/i.exec(regex.slice(position, position + 6));
    if (code !== null) {
      const char = String.fromCharCode(Number.parseInt(code[1] ?? code[2] ?? '0', 16));
      return { ...(char < '\u0080' ? { char } : {}), literals: null, end: position + code[0].length };
    }
    const escaped = regex.charAt(position + 1);
    return /[A-Za-z0-9]/.test(escaped)
      ? { literals: null, end: position + 2 }
      : { char: escaped, literals: null, end: position + 2 };
  }
  if (char === '.' || char === '^' || char === '$') return { literals: null, end: position + 1 };
  return { char, literals: null, end: position + 1 };
}

function parseGroup(regex: string, position: number): Atom {
  const opening = /^\((?:\?(?:[:=!]|<[=!]|<\w+>))?/.exec(regex.slice(position))?.[0] ?? '(';
  const inner = parseAlternatives(regex, position + opening.length);
  const negative = opening === '(?!' || opening === '(?<!';
  return { literals: negative ? null : inner.literals, end: inner.end + 1 };
}

function classEnd(regex: string, position: number): number {
  let index = position + 1;
  while (index < regex.length && regex[index] !== ']') index += regex[index] === '\\' ? 2 : 1;
  return index + 1;
}

function parseQuantifier(regex: string, position: number): { present: boolean; atLeastOnce: boolean; end: number } {
  const found = /^(?:[?*+]|\{(\d+)(?:,\d*)?\})\??/.exec(regex.slice(position, position + 12));
  if (found === null) return { present: false, atLeastOnce: true, end: position };
  const atLeastOnce = found[0].startsWith('+') || Number(found[1] ?? 0) > 0;
  return { present: true, atLeastOnce, end: position + found[0].length };
}
