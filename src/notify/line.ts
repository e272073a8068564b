import { oneLine, shortened } from '../recovery/words.ts';
import { briefHeadlineOf, headlineOf } from './headline.ts';
import type { PageMessage } from './page-message.ts';

/**
 * A message in one line of at most so many characters: its first line where that fits; else in brief, each part cut by itself, so
 * that what stands last is said too. It never holds a line break.
 */
export function lineOf(message: PageMessage, most: number): string {
  const whole = oneLine(headlineOf(message).join(' '));
  if (whole === '') return shortened(oneLine(message.page.title), most);
  if (whole.length <= most) return whole;
  const parts = briefHeadlineOf(message).map(({ text, share }) => ({ text: oneLine(text), share: share * most }));
  let left = most;
  const said: string[] = [];
  for (const [index, { text }] of parts.entries()) {
    const rest = parts.slice(index + 1);
    const kept = rest.reduce((sum, part) => sum + Math.min(part.text.length, Math.floor(part.share)) + 1, 0);
    const room = left - kept;
    if (room < FEWEST) continue;
    const cut = shortened(text, room);
    said.push(cut);
    left -= cut.length + 1;
  }
  return said.join(' ');
}

/** A part of less says nothing. */
const FEWEST = 10;
