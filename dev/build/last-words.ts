import { readFileSync } from 'node:fs';

const LINES = 5;
const MOST_CHARACTERS = 1500;
/** How programs begin to say why they end; a stack trace of many lines may follow. */
const REASON = /\bpanic: |\bfatal\b|\blevel=(?:error|fatal)\b|"level":"fatal"|address already in use/i;

/** What the log of a program that has ended says of why: the line that names the reason, if one does, and the last ones. */
export function lastWords(logFile: string): string {
  const lines = readFileSync(logFile, 'utf8').trim().split('\n');
  const end = lines.slice(-LINES);
  const reason = lines.slice(0, -LINES).findLast((line) => REASON.test(line));
  const told = end.join(' | ').slice(-MOST_CHARACTERS);
  return reason === undefined ? told : `${reason.trim().slice(0, MOST_CHARACTERS)} | ... | ${told}`;
}
