// The part of MessagePack that a plugin without a library needs, in plain JavaScript.
import { Buffer } from 'node:buffer';

/** Bytes that are copied into a message unchanged. */
export class Raw {
  constructor(bytes) {
    this.bytes = bytes;
  }
}

export function encode(value) {
  const out = [];
  put(value, out);
  return Buffer.concat(out);
}

function put(value, out) {
  if (value instanceof Raw) out.push(value.bytes);
  else if (value === null || value === undefined) out.push(Buffer.from([0xc0]));
  else if (typeof value === 'boolean') out.push(Buffer.from([value ? 0xc3 : 0xc2]));
  else if (typeof value === 'bigint' || Number.isSafeInteger(value)) putInteger(BigInt(value), out);
  else if (typeof value === 'number') {
    const chunk = Buffer.alloc(9, 0xcb);
    chunk.writeDoubleBE(value, 1);
    out.push(chunk);
  } else if (typeof value === 'string') {
    const text = Buffer.from(value);
    out.push(head(text.length, 0xa0, 31, 0xdb), text);
  } else if (value instanceof Uint8Array) out.push(head(value.length, 0, -1, 0xc6), value);
  else if (Array.isArray(value)) {
    out.push(head(value.length, 0x90, 15, 0xdd));
    for (const item of value) put(item, out);
  } else if (value instanceof Map) {
    out.push(head(value.size, 0x80, 15, 0xdf));
    for (const [key, item] of value) {
      put(key, out);
      put(item, out);
    }
  } else if (value.ext !== undefined) {
    out.push(
      Buffer.from([0xc9]),
      head(value.data.length, 0, -1, 0).subarray(1),
      Buffer.from([value.ext & 255]),
      value.data,
    );
  } else throw new TypeError(`no MessagePack value for ${typeof value}`);
}

/** Returns the fixed form if it fits, otherwise the 32-bit form, which is longer than necessary but valid. */
function head(length, fix, fixMax, large) {
  if (length <= fixMax) return Buffer.from([fix | length]);
  const chunk = Buffer.alloc(5, large);
  chunk.writeUInt32BE(length, 1);
  return chunk;
}

function putInteger(value, out) {
  if (value >= -32n && value < 128n) return void out.push(Buffer.from([Number(value) & 255]));
  // The id of a message must be a u32.
  if (value >= 0n && value < 2n ** 32n) {
    const chunk = Buffer.alloc(5, 0xce);
    chunk.writeUInt32BE(Number(value), 1);
    return void out.push(chunk);
  }
  const chunk = Buffer.alloc(9, value < 0n ? 0xd3 : 0xcf);
  chunk.writeBigUInt64BE(BigInt.asUintN(64, value), 1);
  out.push(chunk);
}

/**
 * Decodes the value at the start of `bytes`. Returns it with where it ends, or undefined if it is incomplete.
 * Maps become Maps.
 */
export function decode(bytes) {
  let at = 0;
  const take = (count) => {
    if (at + count > bytes.length) throw incomplete;
    at += count;
    return bytes.subarray(at - count, at);
  };
  const uint = (size) => take(size).readUIntBE(0, size);
  const list = (count) => Array.from({ length: count }, () => value());
  const text = (length) => take(length).toString();
  const map = (count) => new Map(Array.from({ length: count }, () => [value(), value()]));
  const ext = (length) => ({ ext: take(1).readInt8(), data: Buffer.from(take(length)) });
  const narrow = (wide) => (wide >= -(2n ** 53n) && wide <= 2n ** 53n ? Number(wide) : wide);
  function value() {
    const tag = uint(1);
    if (tag < 0x80) return tag;
    if (tag < 0x90) return map(tag & 15);
    if (tag < 0xa0) return list(tag & 15);
    if (tag < 0xc0) return text(tag & 31);
    if (tag >= 0xe0) return tag - 256;
    const size = 1 << (tag & 3);
    if (tag >= 0xcc && tag <= 0xce) return uint(size);
    if (tag >= 0xd0 && tag <= 0xd2) return take(size).readIntBE(0, size);
    if (tag >= 0xd4 && tag <= 0xd8) return ext(1 << (tag - 0xd4));
    if (tag >= 0xc4 && tag <= 0xc6) return Buffer.from(take(uint(1 << (tag - 0xc4))));
    if (tag >= 0xc7 && tag <= 0xc9) return ext(uint(1 << (tag - 0xc7)));
    if (tag >= 0xd9 && tag <= 0xdb) return text(uint(1 << (tag - 0xd9)));
    switch (tag) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xca:
        return take(4).readFloatBE();
      case 0xcb:
        return take(8).readDoubleBE();
      case 0xcf:
        return narrow(take(8).readBigUInt64BE());
      case 0xd3:
        return narrow(take(8).readBigInt64BE());
      case 0xdc:
      case 0xdd:
        return list(uint(2 + 2 * (tag & 1)));
      case 0xde:
      case 0xdf:
        return map(uint(2 + 2 * (tag & 1)));
      default:
        throw new Error(`byte ${tag} begins no MessagePack value`);
    }
  }
  try {
    return { value: value(), end: at };
  } catch (error) {
    if (error === incomplete) return undefined;
    throw error;
  }
}
const incomplete = new Error('incomplete');
