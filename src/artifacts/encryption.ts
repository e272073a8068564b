import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { KintsugiError } from '../errors.ts';

/**
 * Files at rest, AES-256-GCM in pieces: each piece is authenticated before a byte of it is given out, and none can be altered,
 * left out, moved or cut off. Every file has a key of its own (HKDF over a random salt), so that no nonce is used twice under a
 * key; a piece's nonce is its number and whether it is the last. The construction is STREAM: https://eprint.iacr.org/2015/189
 *
 *     "kintsugi-artifact/1\n" | key id, 8 bytes | salt, 32 bytes | pieces: 64 KiB of ciphertext, the last one less, each with its tag
 */
const MAGIC = Buffer.from('kintsugi-artifact/1\n');
const KEY_ID_BYTES = 8;
const SALT_BYTES = 32;
const PIECE_BYTES = 64 * 1024;
const TAG_BYTES = 16;

/** Bytes before the first piece. */
export const HEADER_BYTES = MAGIC.length + KEY_ID_BYTES + SALT_BYTES;

/** The key that a variable holds: 64 hexadecimal digits. */
export function readKey(digits: string): Buffer {
  return Buffer.from(digits, 'hex');
}

/** Encrypts content as it comes. */
export async function* encrypted(content: AsyncIterable<Uint8Array>, key: Buffer): AsyncGenerator<Buffer> {
  const salt = randomBytes(SALT_BYTES);
  const fileKey = fileKeyOf(key, salt);
  yield Buffer.concat([MAGIC, keyId(key), salt]);
  let number = 0;
  for await (const { piece, last } of piecesOf(content, PIECE_BYTES)) {
    const cipher = createCipheriv('aes-256-gcm', fileKey, nonce(number, last), { authTagLength: TAG_BYTES });
    yield Buffer.concat([cipher.update(piece), cipher.final(), cipher.getAuthTag()]);
    number += 1;
  }
}

/**
 * Decrypts what {@link encrypted} made, piece by piece.
 * @param header the first {@link HEADER_BYTES}; `content` is what follows
 * @throws KintsugiError `forbidden` for another key than it was written with, `invalid` for content that was altered or cut
 */
export async function* decrypted(
  { header, content, where }: { header: Buffer; content: AsyncIterable<Uint8Array>; where: string },
  key: Buffer,
): AsyncGenerator<Buffer> {
  const [magic, id] = [header.subarray(0, MAGIC.length), header.subarray(MAGIC.length, MAGIC.length + KEY_ID_BYTES)];
  if (header.length < HEADER_BYTES || !magic.equals(MAGIC)) throw altered(where);
  if (!id.equals(keyId(key))) throw otherKey(where);
  const fileKey = fileKeyOf(key, header.subarray(MAGIC.length + KEY_ID_BYTES));
  let number = 0;
  for await (const { piece, last } of piecesOf(content, PIECE_BYTES + TAG_BYTES)) {
    yield openPiece(fileKey, { piece, number, last, where });
    number += 1;
  }
}

/** How many bytes of content an encrypted file of that size holds. */
export function contentBytes(fileBytes: number): number {
  const body = Math.max(0, fileBytes - HEADER_BYTES);
  return Math.max(0, body - Math.ceil(body / (PIECE_BYTES + TAG_BYTES)) * TAG_BYTES);
}

function openPiece(
  fileKey: Buffer,
  { piece, number, last, where }: { piece: Buffer; number: number; last: boolean; where: string },
): Buffer {
  if (piece.length < TAG_BYTES) throw altered(where);
  const decipher = createDecipheriv('aes-256-gcm', fileKey, nonce(number, last), { authTagLength: TAG_BYTES });
  decipher.setAuthTag(piece.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(piece.subarray(0, -TAG_BYTES)), decipher.final()]);
  } catch (thrown) {
    throw altered(where, thrown);
  }
}

/** Content in pieces of one size; the last, which may be empty, is known as such. */
async function* piecesOf(
  content: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<{ piece: Buffer; last: boolean }> {
  let held = Buffer.alloc(0);
  for await (const chunk of content) {
    held = Buffer.concat([held, chunk]);
    let from = 0;
    for (; held.length - from > size; from += size) yield { piece: held.subarray(from, from + size), last: false };
    held = held.subarray(from);
  }
  yield { piece: held, last: true };
}

function nonce(number: number, last: boolean): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt32BE(number, 7);
  bytes.writeUInt8(last ? 1 : 0, 11);
  return bytes;
}

function fileKeyOf(key: Buffer, salt: Buffer): Buffer {
  return Buffer.from(hkdfSync('sha256', key, salt, 'kintsugi artifact file', 32));
}

/** Tells keys apart without saying anything about them: another key is another fault than an altered file. */
function keyId(key: Buffer): Buffer {
  return Buffer.from(hkdfSync('sha256', key, '', 'kintsugi artifact key id', KEY_ID_BYTES));
}

function altered(where: string, cause?: unknown): KintsugiError {
  return new KintsugiError('invalid', 'the artifact was altered or cut since it was written', {
    where,
    fix: 'Take it from a backup; nothing of it can be trusted.',
    cause,
  });
}

function otherKey(where: string): KintsugiError {
  return new KintsugiError('forbidden', 'the artifact is encrypted with another key', {
    where,
    fix: 'Set KINTSUGI_ARTIFACT_KEY to the key that it was written with.',
  });
}
