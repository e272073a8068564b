import { legible } from './words.ts';

/** Text of others in Markdown: nothing of it becomes markup. Pure. */

/** Text as it was written, on as many lines. */
export function escaped(text: string): string {
  return legible(text).replace(/[\\`*_[\]<>|~]/g, (sign) => `\\${sign}`);
}

/** Markdown of which each value is text of others, in one line: md`**Note** ${text}`. */
export function md(parts: TemplateStringsArray, ...values: (string | number | undefined)[]): string {
  return parts
    .map((part, i) => (i === 0 ? part : `${escaped(inOneLine(String(values[i - 1] ?? '')))}${part}`))
    .join('');
}

function inOneLine(text: string): string {
  return legible(text).replace(/\s*\n\s*/g, ' ');
}

/** Text as it is, in one line, in a fence that is longer than any that stands in it. */
export function code(text: string): string {
  const line = inOneLine(text);
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  const room = line.startsWith('`') || line.endsWith('`') ? ' ' : '';
  return `${fence}${room}${line}${room}${fence}`;
}

/** Lines as they are, which cannot end their block. */
export function codeBlock(text: string, language: string): string[] {
  return [`\`\`\`${language}`, legible(text).replaceAll('```', 'ˋˋˋ'), '```'];
}
