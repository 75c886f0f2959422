// Reads and writes MessagePack by its specification, without a library. The programs here, the testkit itself
// and reliability/ use only this coder. This coder shares no code with the coder of core, so that tests can
// check each coder against the other.
import { Buffer } from 'node:buffer';

/** Bytes that are copied into a message unchanged. */
export class Raw {
  constructor(bytes) {
    this.bytes = bytes;
  }
}

/** Thrown for bytes that no MessagePack value can begin with. */
export class MalformedError extends Error {
  name = 'MalformedError';
}

/** Values nested deeper than this are refused. */
export const deepest = 512;

/**
 * Encodes a value in its shortest form. Maps and plain objects become maps, and the bytes of {@link Raw} are
 * copied. `{ ext, data }` becomes ext 8, 16 or 32, even if a fixext would be shorter. So the conformance
 * suite tests that plugins also accept longer forms.
 */
export function encode(value) {
  const out = [];
  put(value, out);
  return Buffer.concat(out);
}

function put(value, out) {
  if (value instanceof Raw) out.push(value.bytes);
  else if (value === null || value === undefined) out.push(Buffer.from([0xc0]));
  else if (typeof value === 'boolean') out.push(Buffer.from([value ? 0xc3 : 0xc2]));
  else if (typeof value === 'bigint' || Number.isSafeInteger(value)) out.push(integer(BigInt(value)));
  else if (typeof value === 'number') out.push(float(value));
  else if (typeof value === 'string') {
    const text = Buffer.from(value);
    out.push(header(text.length, 0xd9, 0xa0, 31), text);
  } else if (value instanceof Uint8Array) out.push(header(value.length, 0xc4), value);
  else if (Array.isArray(value)) {
    out.push(header(value.length, 0xdb, 0x90, 15));
    for (const item of value) put(item, out);
  } else if (typeof value !== 'object') throw new TypeError(`MessagePack has no value for a ${typeof value}`);
  else if (typeof value.ext === 'number' && value.data instanceof Uint8Array) {
    out.push(header(value.data.length, 0xc7), Buffer.from([value.ext & 0xff]), value.data);
  } else {
    const entries = value instanceof Map ? [...value] : Object.entries(value);
    out.push(header(entries.length, 0xdd, 0x80, 15));
    for (const entry of entries) for (const part of entry) put(part, out);
  }
}

/**
 * Returns the shortest header for `length`. A length up to `fixMax` is part of the first byte (`fix`). A longer
 * length follows its tag in 8 bits (`tag`), 16 bits (`tag + 1`) or 32 bits (`tag + 2`). Lists and maps have no
 * form with 8 bits.
 */
function header(length, tag, fix = 0, fixMax = -1) {
  if (length <= fixMax) return Buffer.from([fix | length]);
  if (fixMax !== 15 && length < 0x100) return Buffer.from([tag, length]);
  return length < 0x1_0000 ? sized(tag + 1, 2, length) : sized(tag + 2, 4, length);
}

function sized(tag, size, value) {
  const bytes = Buffer.alloc(1 + size, tag);
  bytes.writeUIntBE(value, 1, size);
  return bytes;
}

function integer(value) {
  if (value >= -32n && value < 128n) return Buffer.from([Number(value) & 0xff]);
  const [first, bits] = value >= 0n ? [0xcc, value] : [0xd0, (-1n - value) << 1n];
  const size = bits < 1n << 8n ? 1 : bits < 1n << 16n ? 2 : bits < 1n << 32n ? 4 : 8;
  if (bits >= 1n << 64n) throw new RangeError(`MessagePack integers have at most 64 bits; ${value} has more`);
  const bytes = Buffer.alloc(9);
  bytes.writeBigUInt64BE(BigInt.asUintN(64, value), 1);
  // The integer is in the last `size` bytes. The next line puts the tag before these bytes.
  bytes[8 - size] = first + Math.log2(size);
  return bytes.subarray(8 - size);
}

function float(value) {
  const bytes = Buffer.alloc(9, 0xcb);
  bytes.writeDoubleBE(value, 1);
  return bytes;
}

const incomplete = new Error('incomplete');

/**
 * The default of the parameter `makes` of `decode`. MessagePack's maps become objects of the class Map, and
 * extensions become `{ ext, data }`. With these functions, decode() returns undefined if bytes are missing.
 */
const plainly = {
  map: (entries) => new Map(entries),
  bin: (data) => Buffer.from(data),
  text: (data) => Buffer.from(data.buffer, data.byteOffset, data.length).toString(),
  ext: (ext, data) => ({ ext, data: Buffer.from(data) }),
  cut: () => {
    throw incomplete;
  },
};

/**
 * Returns the value at the beginning of `bytes`, and the position where it ends. By default, returns
 * undefined if the value is incomplete. The functions of `makes` make maps, binary data, texts and
 * extensions. `makes.cut(count)` returns a replacement for `count` missing values, or throws.
 * If `cut` returns, texts and binary data may be shorter than their headers say.
 */
export function decode(bytes, makes = plainly) {
  const reader = new Reader(bytes, makes);
  try {
    return { value: reader.value(0), end: reader.at };
  } catch (error) {
    if (error === incomplete) return undefined;
    throw error;
  }
}

/** Thrown when the bytes of a number or of a header are missing. */
const noMore = new Error('no more bytes');

class Reader {
  at = 0;
  #bytes;
  #view;
  #makes;

  constructor(bytes, makes) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#makes = makes;
  }

  value(depth) {
    if (depth > deepest) throw new MalformedError(`a value nested deeper than ${deepest} levels`);
    try {
      return this.#read(this.#uint(1), depth);
    } catch (error) {
      if (error !== noMore) throw error;
      this.at = this.#bytes.length;
      return this.#makes.cut(1);
    }
  }

  #read(tag, depth) {
    if (tag < 0x80) return tag;
    if (tag < 0x90) return this.#map(tag & 15, depth);
    if (tag < 0xa0) return this.#list(tag & 15, depth);
    if (tag < 0xc0) return this.#text(tag & 31);
    if (tag >= 0xe0) return tag - 256;
    if (tag >= 0xc4 && tag <= 0xc6) return this.#bin(this.#uint(1 << (tag - 0xc4)));
    if (tag >= 0xc7 && tag <= 0xc9) return this.#ext(this.#uint(1 << (tag - 0xc7)));
    if (tag >= 0xcc && tag <= 0xce) return this.#uint(1 << (tag - 0xcc));
    if (tag >= 0xd4 && tag <= 0xd8) return this.#ext(1 << (tag - 0xd4));
    if (tag >= 0xd9 && tag <= 0xdb) return this.#text(this.#uint(1 << (tag - 0xd9)));
    // Each line is a row of the table of formats in the specification.
    // prettier-ignore
    switch (tag) {
      case 0xc0: return null;
      case 0xc2: return false;
      case 0xc3: return true;
      case 0xca: return this.#view.getFloat32(this.#pass(4));
      case 0xcb: return this.#view.getFloat64(this.#pass(8));
      case 0xcf: return narrow(this.#view.getBigUint64(this.#pass(8)));
      case 0xd0: return this.#view.getInt8(this.#pass(1));
      case 0xd1: return this.#view.getInt16(this.#pass(2));
      case 0xd2: return this.#view.getInt32(this.#pass(4));
      case 0xd3: return narrow(this.#view.getBigInt64(this.#pass(8)));
      case 0xdc: case 0xdd: return this.#list(this.#uint(tag === 0xdc ? 2 : 4), depth);
      case 0xde: case 0xdf: return this.#map(this.#uint(tag === 0xde ? 2 : 4), depth);
      default: throw new MalformedError(`byte 0x${tag.toString(16)} begins no MessagePack value`);
    }
  }

  /** Skips `count` bytes, and returns the position of the first of them. */
  #pass(count) {
    if (this.at + count > this.#bytes.length) throw noMore;
    this.at += count;
    return this.at - count;
  }

  #uint(size) {
    const at = this.#pass(size);
    if (size === 1) return this.#view.getUint8(at);
    return size === 2 ? this.#view.getUint16(at) : this.#view.getUint32(at);
  }

  /**
   * Returns the next `length` bytes. If some of them are missing, calls `cut`, which may throw, and returns
   * the bytes that are there.
   */
  #take(length) {
    const begin = this.at;
    this.at = Math.min(begin + length, this.#bytes.length);
    if (this.at - begin < length) this.#makes.cut(0);
    return this.#bytes.subarray(begin, this.at);
  }

  #text(length) {
    return this.#makes.text(this.#take(length), length);
  }

  #bin(length) {
    return this.#makes.bin(this.#take(length), length);
  }

  #ext(length) {
    const type = this.#view.getInt8(this.#pass(1));
    return this.#makes.ext(type, this.#take(length), length);
  }

  #list(length, depth) {
    const items = [];
    while (items.length < length) {
      if (this.at >= this.#bytes.length) return [...items, this.#makes.cut(length - items.length)];
      items.push(this.value(depth + 1));
    }
    return items;
  }

  #map(length, depth) {
    const entries = [];
    while (entries.length < length) {
      if (this.at >= this.#bytes.length)
        return this.#makes.map(entries, this.#makes.cut(length - entries.length));
      entries.push([this.value(depth + 1), this.value(depth + 1)]);
    }
    return this.#makes.map(entries);
  }
}

/** Returns a 64-bit integer as a number if it is a safe integer, and otherwise as a bigint. */
const narrow = (wide) =>
  wide >= BigInt(Number.MIN_SAFE_INTEGER) && wide <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(wide) : wide;
