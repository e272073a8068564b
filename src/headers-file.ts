import { readFileSync } from 'node:fs';
import { messageOf } from './errors.ts';

/**
 * The headers of a secret file, one `Name: value` a line. Throws what `fault` makes of the reason, which never shows what stands
 * in the file.
 */
export function readHeadersFile(path: string, fault: (message: string) => Error): Record<string, string> {
  let lines: string[];
  try {
    lines = readFileSync(path, 'utf8').split(/\r?\n/);
  } catch (thrown) {
    throw fault(`the file with its headers cannot be read: ${messageOf(thrown)}`);
  }
  const headers: Record<string, string> = {};
  for (const [at, line] of lines.entries()) {
    if (line.trim() === '') continue;
    const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):\s*(\S.*?)\s*$/.exec(line) ?? [];
    if (name === undefined || value === undefined) throw fault(`line ${at + 1} is no header`);
    headers[name] = value;
  }
  return headers;
}
