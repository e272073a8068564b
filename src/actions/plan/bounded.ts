import { shortened } from '../../recovery/words.ts';

const LONGEST_LINE = 700;
const MOST_CHARACTERS = 4_000;

/** Lines for people, what they need most first: each cut, and as many as an event carries well. `more` says where the rest is. */
export function boundedLines(lines: readonly string[], more: string): string[] {
  let room = MOST_CHARACTERS;
  const cut = lines.map((line) => shortened(line, LONGEST_LINE));
  const kept = cut.filter((line) => {
    room -= line.length;
    return room >= 0;
  });
  const left = lines.length - kept.length;
  return left === 0 ? kept : [...kept, `${left} more are left out here: ${more}`];
}
