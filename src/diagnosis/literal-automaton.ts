/** Columns of the transition table: at most 63 different characters and one for all others; a power of two, so that rows are shifts. */
const WIDTH_BITS = 6;
const WIDTH = 1 << WIDTH_BITS;

/**
 * An Aho-Corasick automaton over lower-cased ASCII: one pass over a text finds every place where any of hundreds of literals
 * stands. (Aho, Corasick: Efficient string matching, CACM 18, 1975.) It reads from the end, since what ended a process stands
 * there: the reader stops it when it has seen enough.
 */
export class LiteralAutomaton {
  /** UTF-16 code unit to column; everything that no literal contains shares column 0. */
  readonly #columns = new Uint8Array(65_536);
  /** `state << WIDTH_BITS | column` to state. States in which literals are complete have the highest numbers. */
  readonly #next: Uint16Array;
  readonly #firstComplete: number;
  /** For each state from `#firstComplete` on, the numbers of the literals that are complete there. */
  readonly #complete: readonly (readonly number[])[];

  /**
   * @param literals lower-case ASCII, not empty; a literal is reported by its place in this list.
   * @throws RangeError when they have more than 63 different characters or need more than 65,535 states.
   */
  constructor(literals: readonly string[]) {
    const alphabet = [...new Set(literals.join(''))];
    if (alphabet.length >= WIDTH || alphabet.some((char) => char >= '\u0080')) {
      throw new RangeError(`literals may have ${WIDTH - 1} different ASCII characters, these have ${alphabet.length}`);
    }
    alphabet.forEach((char, index) => {
      this.#columns[char.charCodeAt(0)] = index + 1;
      this.#columns[char.toUpperCase().charCodeAt(0)] = index + 1;
    });
    const backwards = literals.map((literal) => Array.from(literal).reverse().join(''));
    const trie = buildTrie(backwards, this.#columns);
    if (trie.ends.length > 65_535) throw new RangeError(`literals need ${trie.ends.length} states`);
    link(trie);
    const order = endsLast(trie);
    this.#firstComplete = order.firstEnd;
    this.#complete = order.states.slice(order.firstEnd).map((state) => trie.ends[state] ?? []);
    this.#next = new Uint16Array(order.states.length << WIDTH_BITS);
    order.states.forEach((state, number) => {
      for (let column = 0; column < WIDTH; column += 1) {
        this.#next[(number << WIDTH_BITS) | column] =
          order.numbers[trie.next[(state << WIDTH_BITS) | column] ?? 0] ?? 0;
      }
    });
  }

  /**
   * Calls `report(start, literals)` for each place in [from, to) where literals begin, the last one first, until it answers
   * false. Linear in the length.
   */
  scanBack(
    text: string,
    from: number,
    to: number,
    report: (start: number, literals: readonly number[]) => boolean,
  ): void {
    const columns = this.#columns;
    const next = this.#next;
    const firstComplete = this.#firstComplete;
    let state = 0;
    for (let index = to - 1; index >= from; index -= 1) {
      state = next[(state << WIDTH_BITS) | (columns[text.charCodeAt(index)] ?? 0)] ?? 0;
      if (state >= firstComplete && !report(index, this.#complete[state - firstComplete] ?? [])) return;
    }
  }
}

interface Trie {
  next: number[];
  ends: (number[] | undefined)[];
}

/** The plain trie: 0 in `next` means that there is no edge yet. */
function buildTrie(literals: readonly string[], columns: Uint8Array): Trie {
  const next: number[] = new Array(WIDTH).fill(0);
  const ends: (number[] | undefined)[] = [undefined];
  literals.forEach((literal, number) => {
    let state = 0;
    for (let index = 0; index < literal.length; index += 1) {
      const cell = (state << WIDTH_BITS) | (columns[literal.charCodeAt(index)] ?? 0);
      if (next[cell] === 0) {
        next[cell] = ends.length;
        ends.push(undefined);
        for (let column = 0; column < WIDTH; column += 1) next.push(0);
      }
      state = next[cell] ?? 0;
    }
    const list = ends[state] ?? [];
    list.push(number);
    ends[state] = list;
  });
  return { next, ends };
}

/** Fills every missing edge by the failure links, breadth first; literals that end inside longer ones are reported too. */
function link({ next, ends }: Trie): void {
  const fail = new Int32Array(ends.length);
  const queue: number[] = [];
  for (let column = 0; column < WIDTH; column += 1) if (next[column]) queue.push(next[column] ?? 0);
  for (let head = 0; head < queue.length; head += 1) {
    const state = queue[head] ?? 0;
    const fallback = fail[state] ?? 0;
    const inherited = ends[fallback];
    if (inherited !== undefined) ends[state] = [...(ends[state] ?? []), ...inherited];
    for (let column = 0; column < WIDTH; column += 1) {
      const cell = (state << WIDTH_BITS) | column;
      const target = next[cell] ?? 0;
      const through = next[(fallback << WIDTH_BITS) | column] ?? 0;
      if (target === 0) next[cell] = through;
      else {
        fail[target] = through;
        queue.push(target);
      }
    }
  }
}

/** Renumbers the states: the root stays 0, those in which literals end come last. */
function endsLast(trie: Trie): { states: number[]; numbers: Int32Array; firstEnd: number } {
  const all = trie.ends.map((_, state) => state);
  const plain = all.filter((state) => trie.ends[state] === undefined);
  const states = [...plain, ...all.filter((state) => trie.ends[state] !== undefined)];
  const numbers = new Int32Array(states.length);
  states.forEach((state, number) => {
    numbers[state] = number;
  });
  return { states, numbers, firstEnd: plain.length };
}
