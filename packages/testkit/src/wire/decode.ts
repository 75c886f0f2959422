/** Reads MessagePack without a library, by its specification. It is the counterpart of `msgpack.ts`. */
import { MalformedError, ValueScanner } from './value-scanner.ts';
import { concat } from './yamux.ts';

export { MalformedError };

/** A value of an extension type for which this reader has no JavaScript value. */
export class Extension {
  readonly type: number;
  readonly data: Uint8Array;
  /** How many bytes it has. That is more than `data` has if the bytes were cut. */
  readonly length: number;
  constructor(type: number, data: Uint8Array, length: number = data.length) {
    this.type = type;
    this.data = data;
    this.length = length;
  }
}

/** The beginning of a bin whose bytes were cut. */
export class CutBytes {
  readonly begin: Uint8Array;
  readonly length: number;
  constructor(begin: Uint8Array, length: number) {
    this.begin = begin;
    this.length = length;
  }
}

/** Replaces what was cut off: the value itself, or this many values of a list. */
export class CutOff {
  readonly values: number;
  constructor(values: number = 1) {
    this.values = values;
  }
}

/** Turns bytes into values, however they are split. Each byte is read once, however small the pieces are. */
export class ValueReader {
  readonly #scanner: ValueScanner = new ValueScanner();
  #held: Uint8Array[] = [];
  #heldBytes = 0;

  /** How many bytes of an incomplete value are held. */
  get pendingBytes(): number {
    return this.#heldBytes;
  }

  *push(chunk: Uint8Array): Generator<unknown> {
    let at = 0;
    while (at < chunk.length) {
      const end = this.#scanner.scan(chunk, at);
      if (end < 0) {
        this.#held.push(new Uint8Array(chunk.subarray(at)));
        this.#heldBytes += chunk.length - at;
        return;
      }
      const last = chunk.subarray(at, end);
      const whole = this.#heldBytes === 0 ? last : concat([...this.#held, last]);
      this.#held = [];
      this.#heldBytes = 0;
      at = end;
      yield decode(whole);
    }
  }
}

/**
 * Decodes the value in `bytes`. If they are only its beginning, texts, bytes and lists are as long as the
 * received part, and a {@link CutOff} replaces the rest.
 */
export function decode(bytes: Uint8Array): unknown {
  return new Decoder(bytes).value(0);
}

class Decoder {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  value(depth: number): unknown {
    if (depth > 512) throw new MalformedError('a value nested deeper than 512 levels');
    try {
      return this.#read(depth);
    } catch (error) {
      // A DataView throws this when it reads beyond its end. Nothing else here throws it.
      if (!(error instanceof RangeError)) throw error;
      this.#at = this.#bytes.length;
      return new CutOff();
    }
  }

  #read(depth: number): unknown {
    const tag = this.#uint(1);
    if (tag < 0x80) return tag;
    if (tag < 0x90) return this.#map(tag & 15, depth);
    if (tag < 0xa0) return this.#array(tag & 15, depth);
    if (tag < 0xc0) return this.#string(tag & 31);
    if (tag >= 0xe0) return tag - 256;
    if (tag >= 0xc4 && tag <= 0xc6) return this.#bin(this.#uint(1 << (tag - 0xc4)));
    if (tag >= 0xc7 && tag <= 0xc9) return this.#extension(this.#uint(1 << (tag - 0xc7)));
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
        return this.#view.getFloat32(this.#pass(4));
      case 0xcb:
        return this.#view.getFloat64(this.#pass(8));
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.#uint(1 << (tag - 0xcc));
      case 0xcf:
        return plain(this.#view.getBigUint64(this.#pass(8)));
      case 0xd0:
        return this.#view.getInt8(this.#pass(1));
      case 0xd1:
        return this.#view.getInt16(this.#pass(2));
      case 0xd2:
        return this.#view.getInt32(this.#pass(4));
      case 0xd3:
        return plain(this.#view.getBigInt64(this.#pass(8)));
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

  /** Skips `count` bytes, and returns where they begin. */
  #pass(count: number): number {
    this.#at += count;
    return this.#at - count;
  }

  #uint(size: number): number {
    const at = this.#pass(size);
    if (size === 1) return this.#view.getUint8(at);
    return size === 2 ? this.#view.getUint16(at) : this.#view.getUint32(at);
  }

  /** Returns the next `length` bytes, or as many as there are. */
  #take(length: number): Uint8Array {
    const at = this.#pass(length);
    return this.#bytes.subarray(at, this.#at);
  }

  #string(length: number): string {
    const bytes = this.#take(length);
    return `${new TextDecoder().decode(bytes)}${bytes.length < length ? '…' : ''}`;
  }

  #bin(length: number): Uint8Array | CutBytes {
    const bytes = new Uint8Array(this.#take(length));
    return bytes.length < length ? new CutBytes(bytes, length) : bytes;
  }

  #array(length: number, depth: number): unknown[] {
    const items: unknown[] = [];
    for (let i = 0; i < length; i++) {
      if (this.#at >= this.#bytes.length) return [...items, new CutOff(length - i)];
      items.push(this.value(depth + 1));
    }
    return items;
  }

  #map(length: number, depth: number): Record<string, unknown> {
    // It has no prototype, so a peer's `__proto__` is a key like any other.
    const entries = Object.create(null) as Record<string, unknown>;
    for (let i = 0; i < length; i++) {
      if (this.#at >= this.#bytes.length) {
        entries['…'] = new CutOff(length - i);
        return entries;
      }
      const key = this.value(depth + 1);
      entries[typeof key === 'string' ? key : JSON.stringify(key)] = this.value(depth + 1);
    }
    return entries;
  }

  #extension(length: number): Extension {
    const type = this.#view.getInt8(this.#pass(1));
    return new Extension(type, new Uint8Array(this.#take(length)), length);
  }
}

const plain = (value: bigint): number | bigint =>
  value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)
    ? Number(value)
    : value;
