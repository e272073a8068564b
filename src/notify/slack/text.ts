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
  return `\`${escaped(text.replaceAll('`', 'ˋ').replace(/\s*\n\s*/g, ' '), most)}\``;
}

/** Lines of others as a block of code. */
export function codeBlock(text: string, most: number): string {
  return `\`\`\`${escaped(text.replaceAll('```', 'ˋˋˋ'), most)}\`\`\``;
}

/** A link whose address cannot end it early. */
export function link(title: string, url: string): string {
  return `<${encodeURI(decodable(url)).replaceAll('|', '%7C')}|${escaped(title.replaceAll('|', '¦'), 150)}>`;
}

/** The address without the escapes that `encodeURI` would escape again. */
function decodable(url: string): string {
  try {
    return decodeURI(url);
  } catch {
    return url;
  }
}
