/** Edits (insert, delete, replace) that turn one word into the other, by the two-row Levenshtein table. */
function distance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const replace = (previous[column - 1] ?? 0) + (from[row - 1] === to[column - 1] ? 0 : 1);
      current.push(Math.min(replace, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[to.length] ?? 0;
}

/**
 * What was probably meant: the known word nearest to `word`, or null if none is near. `most` is how many edits are near:
 * by default a third of the letters.
 */
export function closest(word: string, known: readonly string[], most?: number): string | null {
  const lower = word.toLowerCase();
  const ranked = known
    .map((candidate) => ({ candidate, edits: distance(lower, candidate.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits);
  const best = ranked[0];
  if (best === undefined) return null;
  const near = most ?? Math.ceil(Math.max(word.length, best.candidate.length) / 3);
  return best.edits <= near ? best.candidate : null;
}

/** The fix for an unknown word: `did you mean "x"? Known: a, b, c`. */
export function suggest(word: string, known: readonly string[]): string {
  const best = closest(word, known);
  const list = known.length === 0 ? 'nothing is known here' : `known: ${known.join(', ')}`;
  return best === null ? list : `did you mean "${best}"? ${list}`;
}
