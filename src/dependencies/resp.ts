import { notUnderstood } from './conversation.ts';

/** RESP2, as far as PING, AUTH and INFO answer in it: https://redis.io/docs/latest/develop/reference/protocol-spec/ */

/** A simple or bulk string, a number as text, or Redis' own error line. */
export type Reply = { text: string } | { error: string };

/** A command as an array of bulk strings. */
export function encodeCommand(words: readonly string[]): Buffer {
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  return Buffer.from(`*${words.length}\r\n${parts.join('')}`);
}

/** @throws KintsugiError `unavailable` for bytes that are no RESP2 */
export function parseReply(bytes: Buffer): { value: Reply; used: number } | null {
  const end = bytes.indexOf('\r\n');
  if (end < 0) {
    if (bytes.length > 0 && !'+-:$'.includes(String.fromCharCode(bytes[0] ?? 0))) throw notUnderstood('no RESP');
    return null;
  }
  const head = bytes.subarray(1, end).toString('utf8');
  const used = end + 2;
  switch (String.fromCharCode(bytes[0] ?? 0)) {
    case '+':
    case ':':
      return { value: { text: head }, used };
    case '-':
      return { value: { error: head }, used };
    case '$':
      return parseBulk(bytes, Number(head), used);
    default:
      throw notUnderstood('no RESP');
  }
}

function parseBulk(bytes: Buffer, length: number, from: number): { value: Reply; used: number } | null {
  if (!Number.isInteger(length)) throw notUnderstood('no RESP');
  if (length < 0) return { value: { text: '' }, used: from };
  if (bytes.length < from + length + 2) return null;
  return { value: { text: bytes.subarray(from, from + length).toString('utf8') }, used: from + length + 2 };
}
