/** Pieces of GitHub's Markdown in which nothing of what a program or a person wrote becomes markup. Pure. */

/** What nobody has said or seen yet: left open, never made up. */
export const NOT_KNOWN = '_Not known yet_';

/** Text in one line. */
export function plain(text: string): string {
  return text
    .trim()
    .replace(/[\\`*_[\]<>|]/g, (sign) => `\\${sign}`)
    .replace(/\s*\n\s*/g, '<br>');
}

/** ` (text)`, or nothing. */
export function aside(text: string | undefined): string {
  return text === undefined || text === '' ? '' : ` (${plain(text)})`;
}

/** Text as it is, in a fence that is longer than any that stands in it. */
export function code(text: string): string {
  const line = text.replace(/\s*\n\s*/g, ' ').replaceAll('|', '\\|');
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  const room = line.startsWith('`') || line.endsWith('`') ? ' ' : '';
  return `${fence}${room}${line}${room}${fence}`;
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
