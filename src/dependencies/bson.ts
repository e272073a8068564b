import { notUnderstood } from './conversation.ts';

/** As much of BSON as `hello`, `ping` and a SASL login need: https://bsonspec.org/spec.html */
export type BsonValue = string | number | boolean | null | Buffer | BsonValue[] | BsonDocument;
export interface BsonDocument {
  [key: string]: BsonValue;
}

/** Numbers are written as int32. */
export function encodeDocument(document: BsonDocument): Buffer {
  const elements = Object.entries(document).map(([key, value]) => encodeElement(key, value));
  return framed(Buffer.concat([...elements, Buffer.from([0])]));
}

function encodeElement(key: string, value: BsonValue): Buffer {
  const [type, body] = encodeValue(value);
  return Buffer.concat([Buffer.from([type]), cstring(key), body]);
}

function encodeValue(value: BsonValue): [type: number, body: Buffer] {
  if (value === null) return [0x0a, Buffer.alloc(0)];
  if (typeof value === 'string') {
    const text = cstring(value);
    return [0x02, Buffer.concat([int32(text.length), text])];
  }
  if (typeof value === 'number') return [0x10, int32(value)];
  if (typeof value === 'boolean') return [0x08, Buffer.from([Number(value)])];
  if (Buffer.isBuffer(value)) return [0x05, Buffer.concat([int32(value.length), Buffer.from([0]), value])];
  if (Array.isArray(value)) return [0x04, encodeDocument(Object.fromEntries(value.entries()))];
  return [0x03, encodeDocument(value)];
}

function framed(body: Buffer): Buffer {
  return Buffer.concat([int32(body.length + 4), body]);
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}

function cstring(text: string): Buffer {
  return Buffer.from(`${text}\0`);
}

/** Sizes of the types that are passed over: their values are of no use here. */
const PASSED_OVER: Record<number, number> = { 6: 0, 7: 12, 9: 8, 17: 8, 19: 16, 127: 0, 255: 0 };

/** Reads a document. Types without use here (ids, dates, timestamps, decimals) become null. @throws KintsugiError `unavailable` */
export function decodeDocument(bytes: Buffer): BsonDocument {
  try {
    return new Reader(bytes).document();
  } catch (thrown) {
    if (thrown instanceof RangeError) throw notUnderstood('no BSON');
    throw thrown;
  }
}

/** Reads forward; every read beyond the end is a RangeError. */
class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  document(): BsonDocument {
    return Object.fromEntries(this.#elements());
  }

  #elements(): [string, BsonValue][] {
    const end = this.#at + this.#int32();
    const elements: [string, BsonValue][] = [];
    for (let type = this.#byte(); type !== 0; type = this.#byte()) elements.push([this.#cstring(), this.#value(type)]);
    if (this.#at !== end) throw new RangeError('a document of another length than it says');
    return elements;
  }

  #value(type: number): BsonValue {
    switch (type) {
      case 0x01:
        return this.#take(8).readDoubleLE();
      case 0x02:
      case 0x0d:
      case 0x0e:
        return this.#take(this.#int32()).subarray(0, -1).toString('utf8');
      case 0x03:
        return this.document();
      case 0x04:
        return this.#elements().map(([, value]) => value);
      case 0x05: {
        const length = this.#int32();
        this.#byte();
        return this.#take(length);
      }
      case 0x08:
        return this.#byte() !== 0;
      case 0x0a:
        return null;
      case 0x10:
        return this.#int32();
      case 0x12:
        return Number(this.#take(8).readBigInt64LE());
      default:
        return this.#passOver(type);
    }
  }

  #passOver(type: number): null {
    const size = PASSED_OVER[type];
    if (size === undefined) throw new RangeError(`type ${type}`);
    this.#take(size);
    return null;
  }

  #int32(): number {
    return this.#take(4).readInt32LE();
  }

  #byte(): number {
    return this.#take(1).readUInt8();
  }

  #cstring(): string {
    const end = this.#bytes.indexOf(0, this.#at);
    if (end < 0) throw new RangeError('a name without an end');
    const text = this.#bytes.subarray(this.#at, end).toString('utf8');
    this.#at = end + 1;
    return text;
  }

  #take(length: number): Buffer {
    if (length < 0 || this.#at + length > this.#bytes.length) throw new RangeError('beyond the end');
    const part = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return part;
  }
}
