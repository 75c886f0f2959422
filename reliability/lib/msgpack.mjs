// Reads and writes MessagePack without a library. Adds to the testkit's coder the forms that a correct
// encoder never writes.
import { encode as encodeValue, Raw } from '../../packages/testkit/programs/msgpack.mjs';

export { decode } from '../../packages/testkit/programs/msgpack.mjs';

const head = (byte, size, value) => {
  const bytes = Buffer.alloc(1 + size);
  bytes[0] = byte;
  if (size > 0) bytes.writeUIntBE(value, 1, size);
  return bytes;
};

export const nil = Buffer.from([0xc0]);
export const fixarray = (length) => Buffer.from([0x90 | (length & 0x0f)]);
export const array32 = (length) => head(0xdd, 4, length);
export const map32 = (length) => head(0xdf, 4, length);
export const str32 = (length) => head(0xdb, 4, length);
export const bin32 = (length) => head(0xc6, 4, length);
export const ext32 = (length, type) => Buffer.concat([head(0xc9, 4, length), Buffer.from([type & 0xff])]);
export const ext8 = (type, payload) =>
  Buffer.concat([Buffer.from([0xc7, payload.length, type & 0xff]), payload]);
export const fixext1 = (type, byte) => Buffer.from([0xd4, type & 0xff, byte]);

/**
 * Encodes plain data. The bytes of a Buffer in the data are MessagePack already, and are written unchanged.
 */
export const encode = (value) => encodeValue(withRaw(value));

function withRaw(value) {
  if (Buffer.isBuffer(value)) return new Raw(value);
  if (Array.isArray(value)) return value.map(withRaw);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  return new Map(Object.entries(value).map(([key, item]) => [key, withRaw(item)]));
}

/**
 * The protocol's own extension is either a mark, which is the first element of an array, or a reference. See
 * docs/protocol.md, sections 8 and 9.
 */
export const mark = (letter) => fixext1(0x50, letter.charCodeAt(0));
export const reference = (letter, id) => {
  const payload = Buffer.alloc(5, letter);
  payload.writeUInt32BE(id, 1);
  return ext8(0x50, payload);
};
export const bigint = (bytes) => Buffer.concat([ext32(bytes.length + 1, 0x50), Buffer.from('N'), bytes]);

/** Returns a map of exactly these pairs. Keys may be of any type, and may repeat. */
export const pairs = (list) => Buffer.concat([map32(list.length), ...list.flat().map(encode)]);

/**
 * Returns `{ start, end, head }` for each value of a message, with outer values before inner ones. `start`
 * and `end` are positions in `bytes`, and `head` is the length of the value's header. If `bytes` holds no
 * whole value, the list is empty.
 */
export function spans(bytes) {
  const found = [];
  let at = 0;
  const value = () => {
    const span = { start: at, end: 0, head: 0 };
    found.push(span);
    const byte = bytes.readUInt8(at);
    const [size, inner] = shape(bytes, at, byte);
    span.head = size - (inner.body ?? 0);
    at += size;
    for (let i = 0; i < (inner.items ?? 0); i++) value();
    if (at > bytes.length) throw new RangeError('the bytes end within a value');
    span.end = at;
  };
  try {
    value();
    return found;
  } catch {
    return []; // The bytes are cut, or not MessagePack, so there is nothing to find.
  }
}

/** Finds the end of a value whose bytes arrive in parts. Looks at each byte once. */
export class EndOfValue {
  #at = 0;
  #values = 1;

  /**
   * `bytes` begins with a value. Returns the position where this value ends; undefined if bytes are missing.
   * Each call must pass the bytes of the previous call again, followed by new ones.
   */
  in(bytes) {
    try {
      while (this.#values > 0) {
        if (this.#at >= bytes.length) return undefined;
        const [length, { items = 0 }] = shape(bytes, this.#at, bytes[this.#at]);
        if (this.#at + length > bytes.length) return undefined;
        this.#at += length;
        this.#values += items - 1;
      }
      return this.#at;
    } catch {
      return undefined; // The bytes end within a header.
    }
  }
}

/**
 * Reads the header of the value at `at`, whose first byte is `byte`. For an array or a map, returns
 * `[length, { items }]`: the length of the header, and the number of values that follow. For a text, a bin or
 * an extension, returns `[length, { body }]`: the length of the whole value, and the number of its bytes
 * after the header. For any other value, returns `[length, {}]`.
 */
function shape(bytes, at, byte) {
  const body = (head, length) => [head + length, { body: length }];
  const sized = (size, extra = 0) => body(1 + size + extra, bytes.readUIntBE(at + 1, size));
  const items = (size, factor) => [1 + size, { items: bytes.readUIntBE(at + 1, size) * factor }];
  if (byte < 0x80 || byte >= 0xe0) return [1, {}];
  if (byte < 0x90) return [1, { items: (byte & 0x0f) * 2 }];
  if (byte < 0xa0) return [1, { items: byte & 0x0f }];
  if (byte < 0xc0) return body(1, byte & 0x1f);
  if (byte < 0xc4) return [1, {}];
  if (byte < 0xc7) return sized(1 << (byte - 0xc4));
  if (byte < 0xca) return sized(1 << (byte - 0xc7), 1);
  if (byte < 0xd4) return [[5, 9, 2, 3, 5, 9, 2, 3, 5, 9][byte - 0xca], {}];
  if (byte < 0xd9) return body(2, 1 << (byte - 0xd4));
  if (byte < 0xdc) return sized(1 << (byte - 0xd9));
  return byte < 0xde ? items(byte === 0xdc ? 2 : 4, 1) : items(byte === 0xde ? 2 : 4, 2);
}
