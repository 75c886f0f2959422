// Implements MessagePack for plugin.mjs. Finds whole messages within the limits, reads them, and writes
// answers.

/** An extension as it was received. */
export class Ext {
  constructor(type, data) {
    this.type = type;
    this.data = data;
  }
}

/** A float of MessagePack. As a JavaScript number, the float 1.0 would be equal to the integer 1. */
export class Float {
  constructor(value) {
    this.value = value;
  }
}

/** Bytes of MessagePack that are written as they are. */
export class Raw {
  constructor(bytes) {
    this.bytes = bytes;
  }
}

const MiB = 1024 * 1024;
const tooLong = 128 * MiB;
const tooMany = MiB;
const tooDeep = 128;

/**
 * A tag is the first byte of a MessagePack value. For each tag from 0xc0 on, `lengthBytes` has the size of
 * the length field. `fixedBytes` has the number of bytes that follow this field and are not counted by the
 * length.
 */
const lengthBytes = [0, 0, 0, 0, 1, 2, 4, 1, 2, 4, ...Array(15).fill(0), 1, 2, 4, 2, 4, 2, 4];
const fixedBytes = [
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  1,
  1,
  1,
  4,
  8,
  1,
  2,
  4,
  8,
  1,
  2,
  4,
  8,
  2,
  3,
  5,
  9,
  17,
  ...Array(7).fill(0),
];

/** The tags that the plugin does not know if it has the named breach. */
const unknownTags = {
  'knows-no-float-32': [0xca],
  'knows-no-ext-16': [0xc8],
  'knows-no-fixext': [0xd4, 0xd5, 0xd6, 0xd7, 0xd8],
};

/** Collects the messages of one stream. `breaks(name)` is true if the plugin has the breach `name`. */
export class MessageReader {
  #breaks;
  #unknown;
  #chunks = [];
  #held = 0;
  #open = [];
  #skip = 0;
  #tag = 0;
  #length = 0;
  #lengthLeft = 0;
  #values = 0;
  #fault;
  /** True if the last value that was read is the header of an array or a map. */
  #fresh = false;

  constructor(breaks) {
    this.#breaks = breaks;
    this.#unknown = Object.keys(unknownTags)
      .filter(breaks)
      .flatMap((name) => unknownTags[name]);
  }

  /** How many bytes of the incomplete message are in memory. */
  get held() {
    return this.#held;
  }

  /**
   * Calls `take(bytes, fault)` with each whole message. `fault` names the limit that the message exceeds, if
   * any. Throws if the stream cannot continue after these bytes.
   */
  push(chunk, take) {
    let from = 0;
    for (let at = 0; at < chunk.length;) {
      if (this.#skip > 0) {
        const passed = Math.min(this.#skip, chunk.length - at);
        this.#skip -= passed;
        at += passed;
        if (this.#skip > 0) break;
      } else {
        const byte = chunk[at++];
        if (this.#lengthLeft > 0) {
          this.#length = this.#length * 256 + byte;
          if (--this.#lengthLeft > 0) continue;
          this.#enter(this.#length, this.#held + at - from);
        } else this.#begin(byte, this.#held + at - 1 - from);
        if (this.#lengthLeft > 0 || this.#skip > 0) continue;
      }
      if (!this.#isWhole()) continue;
      const bytes = Buffer.concat([...this.#chunks, chunk.subarray(from, at)]);
      const fault = this.#fault;
      this.#chunks = [];
      this.#held = this.#values = 0;
      this.#fault = undefined;
      from = at;
      take(bytes, fault);
    }
    if (from === chunk.length) return;
    this.#chunks.push(chunk.subarray(from));
    this.#held += chunk.length - from;
  }

  #begin(tag, offset) {
    if (offset === 0 && (tag & 0xf0) !== 0x90 && !this.#breaks('takes-any-header'))
      throw new Error('no fixarray');
    if (this.#unknown.includes(tag)) throw new Error('an unknown tag');
    this.#tag = tag;
    this.#fresh = false;
    if (tag < 0x80 || tag >= 0xe0) return;
    if (tag < 0xa0) return this.#contain((tag & 15) * (tag < 0x90 ? 2 : 1));
    if (tag < 0xc0) this.#skip = tag & 31;
    else if (lengthBytes[tag - 0xc0] > 0) {
      this.#lengthLeft = lengthBytes[tag - 0xc0];
      this.#length = 0;
    } else this.#skip = fixedBytes[tag - 0xc0];
  }

  #enter(length, size) {
    const tag = this.#tag;
    if (tag === 0xdb && length < 0x1_0000 && this.#breaks('refuses-needless-lengths'))
      throw new Error('the length of a text is encoded in more bytes than it needs');
    if (tag >= 0xdc) return this.#contain(length * (tag >= 0xde ? 2 : 1));
    this.#skip = length + fixedBytes[tag - 0xc0];
    if (size + this.#skip > tooLong && !this.#breaks('takes-any-length'))
      throw new Error('a message that is too long');
  }

  #contain(count) {
    const isMap = this.#tag < 0x90 || this.#tag >= 0xde;
    if (!(isMap && this.#breaks('counts-no-values-of-maps'))) this.#values += count;
    const most = this.#breaks('takes-100000-values') ? 100_000 : tooMany;
    if (this.#values > most && !this.#breaks('takes-any-number')) this.#fault = 'too many values';
    // The limit applies to each parameter. The message itself and its params add two levels.
    if (
      this.#open.length >= (this.#breaks('takes-60-levels') ? 60 : tooDeep) + 2 &&
      !this.#breaks('takes-any-depth') &&
      !(isMap && this.#breaks('takes-maps-of-any-depth'))
    )
      this.#fault = 'too many levels';
    this.#open.push(count);
    this.#fresh = true;
  }

  #isWhole() {
    if (this.#fresh) {
      this.#fresh = false;
      if (this.#open.at(-1) > 0) return false;
      this.#open.pop();
    }
    while (this.#open.length > 0) {
      const left = --this.#open[this.#open.length - 1];
      if (left > 0) return false;
      this.#open.pop();
    }
    return true;
  }
}

/** Reads values from the bytes of a whole message. Reads maps as `Map` and floats as `Float`. */
export class Reader {
  at = 0;
  constructor(bytes) {
    this.bytes = bytes;
  }

  #take(count) {
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  #uint(size) {
    return size === 0 ? 0 : this.#take(size).readUIntBE(0, size);
  }

  /** Returns the number of elements of the next array, or -1 if the next value is no array. */
  array() {
    const tag = this.#uint(1);
    if ((tag & 0xf0) === 0x90) return tag & 15;
    if (tag !== 0xdc && tag !== 0xdd) return -1;
    return this.#uint(tag === 0xdc ? 2 : 4);
  }

  value() {
    const tag = this.bytes[this.at];
    if ((tag & 0xf0) === 0x90 || tag === 0xdc || tag === 0xdd) return this.#list(this.array());
    this.at++;
    if (tag < 0x80) return tag;
    if (tag >= 0xe0) return tag - 256;
    if (tag < 0x90) return this.#map(tag & 15);
    if (tag < 0xc0) return this.#take(tag & 31).toString();
    const length = this.#uint(lengthBytes[tag - 0xc0]);
    switch (tag) {
      case 0xc0:
        return null;
      case 0xc2:
      case 0xc3:
        return tag === 0xc3;
      case 0xca:
        return new Float(this.#take(4).readFloatBE());
      case 0xcb:
        return new Float(this.#take(8).readDoubleBE());
      case 0xcf:
        return narrow(this.#take(8).readBigUInt64BE());
      case 0xd3:
        return narrow(this.#take(8).readBigInt64BE());
      case 0xde:
      case 0xdf:
        return this.#map(length);
      default:
    }
    if (tag >= 0xcc && tag <= 0xce) return this.#uint(1 << (tag - 0xcc));
    if (tag >= 0xd0 && tag <= 0xd2) return this.#take(1 << (tag - 0xd0)).readIntBE(0, 1 << (tag - 0xd0));
    if (tag >= 0xd9 && tag <= 0xdb) return this.#take(length).toString();
    if (tag >= 0xc4 && tag <= 0xc6) return new Uint8Array(this.#take(length));
    const size = tag >= 0xd4 ? 1 << (tag - 0xd4) : length;
    return new Ext(this.#take(1).readInt8(), this.#take(size));
  }

  #list(count) {
    const items = [];
    for (let i = 0; i < count; i++) items.push(this.value());
    return items;
  }

  #map(count) {
    const map = new Map();
    for (let i = 0; i < count; i++) map.set(this.value(), this.value());
    return map;
  }
}

const narrow = (wide) => (wide >= -(2n ** 53n) && wide <= 2n ** 53n ? Number(wide) : wide);

export function encode(value) {
  const out = [];
  write(value, out);
  return Buffer.concat(out);
}

function write(value, out) {
  if (value === null || value === undefined) out.push(Buffer.of(0xc0));
  else if (typeof value === 'boolean') out.push(Buffer.of(value ? 0xc3 : 0xc2));
  else if (typeof value === 'number' || typeof value === 'bigint') out.push(integer(BigInt(value)));
  else if (typeof value === 'string')
    out.push(head(Buffer.byteLength(value), 0xa0, 31, 0xdb), Buffer.from(value));
  else if (value instanceof Raw) out.push(value.bytes);
  else if (value instanceof Float) {
    const bytes = Buffer.alloc(9, 0xcb);
    bytes.writeDoubleBE(value.value, 1);
    out.push(bytes);
  } else if (value instanceof Uint8Array) out.push(head(value.length, 0, -1, 0xc6), value);
  else if (value instanceof Ext)
    out.push(head(value.data.length, 0, -1, 0xc9), Buffer.of(value.type & 255), value.data);
  else if (Array.isArray(value)) {
    out.push(head(value.length, 0x90, 15, 0xdd));
    for (const item of value) write(item, out);
  } else {
    const entries = [...(value instanceof Map ? value : Object.entries(value))];
    out.push(head(entries.length, 0x80, 15, 0xdf));
    for (const [key, item] of entries) {
      write(key, out);
      write(item, out);
    }
  }
}

/**
 * Returns the header of a value. A length of at most `most` is part of the tag, with the bits `fix`. A
 * greater length follows the tag `large` as a u32.
 */
function head(length, fix, most, large) {
  if (length <= most) return Buffer.of(fix | length);
  const bytes = Buffer.alloc(5, large);
  bytes.writeUInt32BE(length, 1);
  return bytes;
}

function integer(value) {
  if (value >= -32n && value < 128n) return Buffer.of(Number(value) & 255);
  const isU32 = value >= 0n && value < 2n ** 32n;
  const bytes = Buffer.alloc(isU32 ? 5 : 9, isU32 ? 0xce : value < 0n ? 0xd3 : 0xcf);
  if (isU32) bytes.writeUInt32BE(Number(value), 1);
  else bytes.writeBigUInt64BE(BigInt.asUintN(64, value), 1);
  return bytes;
}
