// MessagePack without a library: enough for RPC, and the forms that a correct encoder never writes.

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
 * Encodes plain data. A Buffer inside an array or a map's value must be MessagePack already, and is copied.
 */
export function encode(value) {
  if (value === null || value === undefined) return nil;
  if (Buffer.isBuffer(value)) return value;
  switch (typeof value) {
    case 'boolean':
      return Buffer.from([value ? 0xc3 : 0xc2]);
    case 'string': {
      const text = Buffer.from(value);
      return Buffer.concat([text.length < 32 ? Buffer.from([0xa0 | text.length]) : str32(text.length), text]);
    }
    case 'number': {
      if (Number.isInteger(value) && value >= 0 && value < 128) return Buffer.from([value]);
      if (Number.isInteger(value) && value >= 0 && value < 2 ** 32) return head(0xce, 4, value);
      const bytes = Buffer.alloc(9);
      bytes[0] = 0xcb;
      bytes.writeDoubleBE(value, 1);
      return bytes;
    }
    default:
  }
  if (value instanceof Uint8Array) return Buffer.concat([bin32(value.length), value]);
  if (Array.isArray(value)) {
    return Buffer.concat([
      value.length < 16 ? fixarray(value.length) : array32(value.length),
      ...value.map(encode),
    ]);
  }
  const entries = Object.entries(value);
  return Buffer.concat([
    map32(entries.length),
    ...entries.flatMap(([key, item]) => [encode(key), encode(item)]),
  ]);
}

/**
 * The protocol's own extension, docs/protocol.md sections 8 and 9: a mark, which is the first element of an
 * array, and a reference.
 */
export const mark = (letter) => fixext1(0x50, letter.charCodeAt(0));
export const reference = (letter, id) => {
  const payload = Buffer.alloc(5, letter);
  payload.writeUInt32BE(id, 1);
  return ext8(0x50, payload);
};
export const bigint = (bytes) => Buffer.concat([ext32(bytes.length + 1, 0x50), Buffer.from('N'), bytes]);

/** A map of pairs exactly as given, with duplicate keys and keys of any type. */
export const pairs = (list) => Buffer.concat([map32(list.length), ...list.flat().map(encode)]);

const INCOMPLETE = Symbol('incomplete');

/**
 * Decodes one value that an honest peer wrote. Returns `{ value, end }`, or undefined if bytes are missing.
 * Extensions become `{ ext, data }`.
 */
export function decode(bytes, start = 0) {
  let at = start;
  const need = (count) => {
    if (at + count > bytes.length) throw INCOMPLETE;
    at += count;
    return at - count;
  };
  const unsigned = (size) => bytes.readUIntBE(need(size), size);
  const slice = (length) => bytes.subarray(need(length), at);
  const text = (length) => slice(length).toString();
  const list = (length) => Array.from({ length }, () => item());
  const map = (length) => new Map(Array.from({ length }, () => [item(), item()]));
  const ext = (length) => ({ ext: bytes.readInt8(need(1)), data: slice(length) });
  const item = () => {
    const byte = unsigned(1);
    if (byte < 0x80) return byte;
    if (byte < 0x90) return map(byte & 0x0f);
    if (byte < 0xa0) return list(byte & 0x0f);
    if (byte < 0xc0) return text(byte & 0x1f);
    if (byte >= 0xe0) return byte - 256;
    // The table of the specification, a row a line.
    // prettier-ignore
    switch (byte) {
      case 0xc0: return null;
      case 0xc2: return false;
      case 0xc3: return true;
      case 0xc4: case 0xc5: case 0xc6: return slice(unsigned(1 << (byte - 0xc4)));
      case 0xc7: case 0xc8: case 0xc9: return ext(unsigned(1 << (byte - 0xc7)));
      case 0xca: return bytes.readFloatBE(need(4));
      case 0xcb: return bytes.readDoubleBE(need(8));
      case 0xcc: case 0xcd: case 0xce: return unsigned(1 << (byte - 0xcc));
      case 0xcf: return bytes.readBigUInt64BE(need(8));
      case 0xd0: return bytes.readInt8(need(1));
      case 0xd1: return bytes.readInt16BE(need(2));
      case 0xd2: return bytes.readInt32BE(need(4));
      case 0xd3: return bytes.readBigInt64BE(need(8));
      case 0xd4: case 0xd5: case 0xd6: case 0xd7: case 0xd8: return ext(1 << (byte - 0xd4));
      case 0xd9: case 0xda: case 0xdb: return text(unsigned(1 << (byte - 0xd9)));
      case 0xdc: case 0xdd: return list(unsigned(byte === 0xdc ? 2 : 4));
      case 0xde: case 0xdf: return map(unsigned(byte === 0xde ? 2 : 4));
      default: throw new Error(`0x${byte.toString(16)} is no MessagePack`);
    }
  };
  try {
    return { value: item(), end: at };
  } catch (error) {
    if (error === INCOMPLETE) return undefined;
    throw error;
  }
}

/**
 * Returns where the values of a message are: `{ start, end, head }` for each, outer ones before inner ones.
 * `head` is the length of the value's header. For bytes that hold no whole value, the list is empty.
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
    if (at > bytes.length) throw INCOMPLETE;
    span.end = at;
  };
  try {
    value();
    return found;
  } catch {
    return []; // The bytes are cut, or not MessagePack, so there is nothing to find.
  }
}

/**
 * Returns the length of a value without its items. Also returns how many items follow, or how many of those
 * bytes are its body.
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
