/**
 * MessagePack by hand, as its specification has it: for the transcript and the conformance checks, which must not
 * share a coder with what they look at.
 */
import { concat } from './yamux.ts';

/** A value of an extension type that this reader has no own value for. */
export class Extension {
  readonly type: number;
  readonly data: Uint8Array;
  constructor(type: number, data: Uint8Array) {
    this.type = type;
    this.data = data;
  }
}

/** Thrown for bytes that no MessagePack value can begin with. */
export class MalformedError extends Error {
  override readonly name = 'MalformedError';
}

/** Encodes nil, booleans, numbers, bigints of 64 bits, strings, Uint8Array, arrays, plain objects and extensions. */
export function encode(value: unknown): Uint8Array {
  const chunks: Uint8Array[] = [];
  write(value, chunks);
  return concat(chunks);
}

function write(value: unknown, out: Uint8Array[]): void {
  if (value === null || value === undefined) out.push(bytes(0xc0));
  else if (typeof value === 'boolean') out.push(bytes(value ? 0xc3 : 0xc2));
  else if (typeof value === 'number')
    out.push(Number.isSafeInteger(value) ? integer(BigInt(value)) : float(value));
  else if (typeof value === 'bigint') out.push(integer(value));
  else if (typeof value === 'string') writeString(value, out);
  else if (value instanceof Uint8Array) out.push(head(value.length, [-1, 0xc4, 0xc5, 0xc6], 0), value);
  else if (value instanceof Extension) {
    out.push(head(value.data.length, [-1, 0xc7, 0xc8, 0xc9], 0), bytes(value.type & 0xff), value.data);
  } else if (Array.isArray(value)) {
    out.push(head(value.length, [0x90, -1, 0xdc, 0xdd], 15));
    for (const item of value) write(item, out);
  } else if (typeof value === 'object') {
    const entries = Object.entries(value);
    out.push(head(entries.length, [0x80, -1, 0xde, 0xdf], 15));
    for (const [key, item] of entries) {
      writeString(key, out);
      write(item, out);
    }
  } else throw new TypeError(`MessagePack has no value for a ${typeof value}`);
}

function writeString(text: string, out: Uint8Array[]): void {
  const encoded = new TextEncoder().encode(text);
  out.push(head(encoded.length, [0xa0, 0xd9, 0xda, 0xdb], 31), encoded);
}

/** The shortest header for `length`: fix, 8 bit, 16 bit, 32 bit; -1 where the family has no such form. */
function head(
  length: number,
  [fix, small, middle, large]: [number, number, number, number],
  fixMax: number,
): Uint8Array {
  if (fix >= 0 && length <= fixMax) return bytes(fix | length);
  if (small >= 0 && length < 0x100) return bytes(small, length);
  if (length < 0x1_0000) return bytes(middle, length >> 8, length & 0xff);
  return bytes(large, length >>> 24, (length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff);
}

function integer(value: bigint): Uint8Array {
  if (value >= 0n && value < 0x80n) return bytes(Number(value));
  if (value < 0n && value >= -32n) return bytes(Number(value) & 0xff);
  for (const [tag, size] of value >= 0n ? unsignedForms : signedForms) {
    const bits = BigInt(size * 8);
    const fits = value >= 0n ? value < 1n << bits : value >= -(1n << (bits - 1n));
    if (!fits) continue;
    const chunk = new Uint8Array(1 + size);
    chunk[0] = tag;
    let rest = BigInt.asUintN(64, value);
    for (let i = size; i > 0; i--, rest >>= 8n) chunk[i] = Number(rest & 0xffn);
    return chunk;
  }
  throw new RangeError(`MessagePack integers have 64 bits, ${String(value)} has more`);
}
const unsignedForms: [tag: number, size: number][] = [
  [0xcc, 1],
  [0xcd, 2],
  [0xce, 4],
  [0xcf, 8],
];
const signedForms: [tag: number, size: number][] = [
  [0xd0, 1],
  [0xd1, 2],
  [0xd2, 4],
  [0xd3, 8],
];

function float(value: number): Uint8Array {
  const chunk = new Uint8Array(9);
  chunk[0] = 0xcb;
  new DataView(chunk.buffer).setFloat64(1, value);
  return chunk;
}

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

/** Bytes in, values out, across any split. */
export class ValueReader {
  #buffer = new Uint8Array(256);
  #end = 0;
  #at = 0;
  /** Below this many bytes the value at the front can't be whole: saves trying again on every chunk of a large one. */
  #need = 1;

  /** How many bytes of an unfinished value are held. */
  get pendingBytes(): number {
    return this.#end;
  }

  *push(chunk: Uint8Array): Generator<unknown> {
    this.#append(chunk);
    while (this.#end >= this.#need && this.#end > 0) {
      this.#at = 0;
      let value: unknown;
      try {
        value = this.#value(0);
      } catch (error) {
        if (!(error instanceof Incomplete)) throw error;
        this.#need = error.need;
        return;
      }
      this.#buffer.copyWithin(0, this.#at, this.#end);
      this.#end -= this.#at;
      this.#need = 1;
      yield value;
    }
  }

  #append(chunk: Uint8Array): void {
    if (this.#end + chunk.length > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(this.#buffer.length * 2, this.#end + chunk.length));
      larger.set(this.#buffer.subarray(0, this.#end));
      this.#buffer = larger;
    }
    this.#buffer.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  #take(count: number): Uint8Array {
    if (this.#at + count > this.#end) throw new Incomplete(this.#at + count);
    this.#at += count;
    return this.#buffer.subarray(this.#at - count, this.#at);
  }

  #uint(size: number): number {
    let value = 0;
    for (const byte of this.#take(size)) value = value * 256 + byte;
    return value;
  }

  #value(depth: number): unknown {
    if (depth > 512) throw new MalformedError('a value nested deeper than 512 levels');
    const tag = this.#uint(1);
    if (tag < 0x80) return tag;
    if (tag < 0x90) return this.#map(tag & 15, depth);
    if (tag < 0xa0) return this.#array(tag & 15, depth);
    if (tag < 0xc0) return this.#string(tag & 31);
    if (tag >= 0xe0) return tag - 256;
    if (tag >= 0xc4 && tag <= 0xc6) return this.#take(this.#uint(1 << (tag - 0xc4))).slice();
    if (tag >= 0xc7 && tag <= 0xc9) return this.#extension(this.#uint(1 << (tag - 0xc7)));
    if (tag >= 0xcc && tag <= 0xcf) return plain(BigInt.asUintN(64, this.#bits(1 << (tag - 0xcc))));
    if (tag >= 0xd0 && tag <= 0xd3) {
      const size = 1 << (tag - 0xd0);
      return plain(BigInt.asIntN(size * 8, this.#bits(size)));
    }
    if (tag >= 0xd4 && tag <= 0xd8) return this.#extension(1 << (tag - 0xd4));
    if (tag >= 0xd9 && tag <= 0xdb) return this.#string(this.#uint(1 << (tag - 0xd9)));
    switch (tag) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xca:
        return viewOf(this.#take(4)).getFloat32(0);
      case 0xcb:
        return viewOf(this.#take(8)).getFloat64(0);
      case 0xdc:
        return this.#array(this.#uint(2), depth);
      case 0xdd:
        return this.#array(this.#uint(4), depth);
      case 0xde:
        return this.#map(this.#uint(2), depth);
      case 0xdf:
        return this.#map(this.#uint(4), depth);
      default:
        throw new MalformedError(`byte 0x${tag.toString(16)} begins no MessagePack value`);
    }
  }

  #bits(size: number): bigint {
    let value = 0n;
    for (const byte of this.#take(size)) value = (value << 8n) | BigInt(byte);
    return value;
  }

  #string(length: number): string {
    return new TextDecoder().decode(this.#take(length));
  }

  #array(length: number, depth: number): unknown[] {
    const items: unknown[] = [];
    for (let i = 0; i < length; i++) items.push(this.#value(depth + 1));
    return items;
  }

  #map(length: number, depth: number): Record<string, unknown> {
    // No prototype: a peer's `__proto__` is a key like any other.
    const entries = Object.create(null) as Record<string, unknown>;
    for (let i = 0; i < length; i++) {
      const key = this.#value(depth + 1);
      entries[typeof key === 'string' ? key : JSON.stringify(key)] = this.#value(depth + 1);
    }
    return entries;
  }

  #extension(length: number): Extension {
    const [type] = this.#take(1);
    return new Extension(((type ?? 0) << 24) >> 24, this.#take(length).slice());
  }
}

class Incomplete extends Error {
  readonly need: number;
  constructor(need: number) {
    super('incomplete');
    this.need = need;
  }
}

const viewOf = (chunk: Uint8Array): DataView => new DataView(chunk.buffer, chunk.byteOffset, chunk.length);
const plain = (value: bigint): number | bigint =>
  value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)
    ? Number(value)
    : value;
