/** Parts of a base64 text shorter than this could be any word. */
const SHORTEST_PART = 8;
/** Lines of a secret file that are worth finding by themselves. */
const SHORTEST_LINE = 16;

/** The texts in which a secret value may stand somewhere else: as it is, in JSON, URL-encoded, in base64 at any alignment. */
export function formsOf(value: string): string[] {
  const lines = value.includes('\n') ? value.split(/\r?\n/).filter((line) => line.trim().length >= SHORTEST_LINE) : [];
  const forms = [value.trim(), ...lines].flatMap((text) => [
    text,
    JSON.stringify(text).slice(1, -1),
    encodeURIComponent(text),
    encodeURIComponent(text).replaceAll('%20', '+'),
    encodeURIComponent(text).replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
    ...base64Parts(text),
  ]);
  return [...new Set(forms)].filter((form) => form !== '');
}

/**
 * What every base64 text that has the value inside contains, wherever in it the value begins: three alignments, without the
 * characters at the edges that depend on the neighbours (`Authorization: Basic` encodes `user:password` together).
 */
function base64Parts(text: string): string[] {
  const parts = [0, 1, 2].flatMap((offset) => {
    const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(text)]);
    const encoded = bytes.toString('base64').replace(/=+$/, '');
    const from = offset === 0 ? 0 : offset + 1;
    const to = bytes.length % 3 === 0 ? encoded.length : encoded.length - 1;
    return [encoded.slice(from, to)];
  });
  const exact = Buffer.from(text).toString('base64').replace(/=+$/, '');
  return [exact, ...parts]
    .filter((part) => part.length >= SHORTEST_PART)
    .flatMap((part) => [part, part.replaceAll('+', '-').replaceAll('/', '_')]);
}
