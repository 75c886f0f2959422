/**
 * Decodes values without msgpackr. This is needed if a map has a key that msgpackr handles wrongly:
 * `__proto__`, which msgpackr renames, or an index that would cost much memory. The writer of small messages
 * uses this file too, to read back the values that it has packed. For messages without such keys, the result
 * is the same as msgpackr's. The values must be complete and not nested too deep. So callers pass only values
 * that the scanner has accepted or this side has written.
 */
import { defineOwn, indexOf, isSparse } from '../../base/own-property.ts';
import { readExtension } from './extension.ts';
import { headerBytes, payloadBytes, sizeBytes } from './tokens.ts';

const { utf8Slice } = Buffer.prototype;

/** Returns the value that begins at `source[start]`. */
export function readOne(source: Uint8Array, start: number): unknown {
  return new ValueReader(source, start).value();
}

/** Returns the first `count` values from `source[start]` on. */
export function readMany(source: Uint8Array, start: number, count: number): unknown[] {
  return new ValueReader(source, start).list(count);
}

class ValueReader {
  readonly #source: Uint8Array;
  readonly #view: DataView;
  #at: number;

  constructor(source: Uint8Array, start: number) {
    this.#source = source;
    this.#view = new DataView(source.buffer, source.byteOffset, source.byteLength);
    this.#at = start;
  }

  value(): unknown {
    const at = this.#at;
    const token = this.#source[at]!;
    const header = headerBytes[token]!;
    this.#at += header + payloadBytes[token]!;
    if (token < 0x80) return token;
    if (token >= 0xe0) return token - 0x100;
    if (token < 0x90) return this.#record(token - 0x80);
    if (token < 0xa0) return this.list(token - 0x90);
    if (token < 0xc0) return this.#text(at + 1, this.#at);
    const view = this.#view;
    switch (token) {
      case 0xc0:
        return null;
      case 0xc2:
      case 0xc3:
        return token === 0xc3;
      case 0xca:
        return view.getFloat32(at + 1);
      case 0xcb:
        return view.getFloat64(at + 1);
      case 0xcf:
        return numberIfExact(view.getBigUint64(at + 1));
      case 0xd0:
        return view.getInt8(at + 1);
      case 0xd1:
        return view.getInt16(at + 1);
      case 0xd2:
        return view.getInt32(at + 1);
      case 0xd3:
        return numberIfExact(view.getBigInt64(at + 1));
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.#uint(at + 1, 1 << (token - 0xcc));
      case 0xdc:
      case 0xdd:
        return this.list(this.#uint(at + 1, header - 1));
      case 0xde:
      case 0xdf:
        return this.#record(this.#uint(at + 1, header - 1));
    }
    // All other tokens begin texts, bytes and extensions. Their length may follow the first byte.
    const size = sizeBytes[token]!;
    if (size > 0) this.#at += this.#uint(at + 1, size);
    if (token >= 0xd9) return this.#text(at + header, this.#at);
    const data = this.#source.subarray(at + header, this.#at);
    return token < 0xc7 ? data : readExtension(this.#source[at + header - 1]!, data);
  }

  #uint(at: number, bytes: number): number {
    if (bytes === 1) return this.#source[at]!;
    return bytes === 2 ? this.#view.getUint16(at) : this.#view.getUint32(at);
  }

  #text(from: number, to: number): string {
    return from === to ? '' : utf8Slice.call(this.#source, from, to);
  }

  list(count: number): unknown[] {
    const list = new Array<unknown>(count);
    for (let index = 0; index < count; index++) list[index] = this.value();
    return list;
  }

  #record(count: number): object {
    const record: Record<string, unknown> = {};
    let hasTable = false;
    for (let left = count; left > 0; left--) {
      const read = this.value();
      if ((typeof read === 'object' && read !== null) || isLong(read))
        throw new TypeError('a map has a key that is not a string');
      const key = String(read);
      const value = this.value();
      if (key === '__proto__') {
        defineOwn(record, key, value);
      } else if (!hasTable && isSparse(indexOf(key), count)) {
        // After this definition, V8 keeps all indexes of the object in a table, so the object's other indexes
        // can be assigned.
        defineOwn(record, key, value);
        hasTable = true;
      } else {
        record[key] = value;
      }
    }
    return record;
  }
}

/**
 * Returns true for an integer of more than 64 bits. Such an integer must not become a key, because the time
 * for its decimal text grows with the square of its length.
 */
function isLong(value: unknown): boolean {
  return typeof value === 'bigint' && BigInt.asIntN(65, value) !== value;
}

/** Returns the integer as a number if its magnitude is at most 2^53, and otherwise as a bigint. */
function numberIfExact(value: bigint): number | bigint {
  return value >= -(2n ** 53n) && value <= 2n ** 53n ? Number(value) : value;
}
