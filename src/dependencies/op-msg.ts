import { type BsonDocument, decodeDocument, encodeDocument } from './bson.ts';
import { notUnderstood } from './conversation.ts';

/** MongoDB's one message today: https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/#op_msg */
const OP_MSG = 2013;
const HEADER = 16;
/** A server's answer to `hello` has at most a few kilobytes. */
const LONGEST = 256 * 1024;

/** A command as one message with one body section. */
export function encodeMessage(id: number, command: BsonDocument): Buffer {
  const body = encodeDocument(command);
  const head = Buffer.alloc(HEADER + 5);
  head.writeInt32LE(head.length + body.length, 0);
  head.writeInt32LE(id, 4);
  head.writeInt32LE(OP_MSG, 12);
  return Buffer.concat([head, body]);
}

/** @throws KintsugiError `unavailable` for bytes that are no such message */
export function parseMessage(bytes: Buffer): { value: BsonDocument; used: number } | null {
  if (bytes.length < HEADER) return null;
  const length = bytes.readInt32LE(0);
  if (length < HEADER + 5 || length > LONGEST || bytes.readInt32LE(12) !== OP_MSG) throw notUnderstood('no OP_MSG');
  if (bytes.length < length) return null;
  // Section kind 0 is the body; a server answers with nothing else (no flags were asked for).
  if (bytes[HEADER + 4] !== 0) throw notUnderstood('an OP_MSG without a body');
  const size = bytes.readInt32LE(HEADER + 5);
  return { value: decodeDocument(bytes.subarray(HEADER + 5, HEADER + 5 + size)), used: length };
}
