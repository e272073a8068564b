import { code as codeOf, escaped } from '../../recovery/markdown.ts';

/** Pieces of GitHub's Markdown in which nothing of what a program or a person wrote becomes markup. Pure. */

/** What nobody has said or seen yet: left open, never made up. */
export const NOT_KNOWN = '_Not known yet_';

/** Text in one line. */
export function plain(text: string): string {
  return escaped(text.trim()).replace(/\s*\n\s*/g, '<br>');
}

/** ` (text)`, or nothing. */
export function aside(text: string | undefined): string {
  return text === undefined || text === '' ? '' : ` (${plain(text)})`;
}

/** Text as it is, also in a table. */
export function code(text: string): string {
  return codeOf(text.replaceAll('|', '\\|'));
}

export function section(title: string, content: string): string {
  return `## ${title}\n\n${content}`;
}

/** A list, or that nothing is known of it. */
export function list(items: string[], nothing: string = NOT_KNOWN): string {
  return items.length === 0 ? nothing : items.map((item) => `- ${item}`).join('\n');
}

export function table(heads: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`;
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n');
}

/** `2026-01-31 03:15:00`, in UTC. */
export function utc(time: string): string {
  const date = new Date(time);
  return Number.isNaN(date.valueOf()) ? plain(time) : date.toISOString().slice(0, 19).replace('T', ' ');
}
