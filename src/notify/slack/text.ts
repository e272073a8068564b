const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/**
 * Text of others for Slack's mrkdwn: `&`, `<` and `>` lead to mentions, links and dates, and are the characters that Slack has
 * an escape for. At most `most` characters as Slack counts them, never cut within an entity.
 */
export function escaped(text: string, most = Number.POSITIVE_INFINITY): string {
  let result = '';
  let whole = '';
  for (const character of text) {
    const next = ENTITIES[character] ?? character;
    if (result.length + next.length > most) return `${whole}…`;
    result += next;
    if (result.length < most) whole = result;
  }
  return result;
}

/** Text of others that must look as it was written, in one line: what would be formatting stands in it as it is. */
export function code(text: string, most = 300): string {
  const line = text
    .slice(0, 2 * most)
    .replaceAll('`', 'ˋ')
    .replace(/\s*\n\s*/g, ' ');
  return `\`${escaped(line, most)}\``;
}

/** Lines of others as a block of code. */
export function codeBlock(text: string, most: number): string {
  return `\`\`\`${escaped(text.replaceAll('```', 'ˋˋˋ'), most)}\`\`\``;
}

/** A link: what would end the address early stands in it encoded, and what is encoded already stays as it is. */
export function link(title: string, url: string): string {
  const address = url.replace(/[<>|\s]/g, (character) => encodeURIComponent(character)).replaceAll('&', '&amp;');
  return `<${address}|${escaped(title.replaceAll('|', '¦'), 150)}>`;
}
