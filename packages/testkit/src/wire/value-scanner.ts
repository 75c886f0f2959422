/** Finds where MessagePack values end, across any split of their bytes, in one look at each byte and without building anything. */
import { deepest, MalformedError } from '../../programs/msgpack.mjs';

/** How many bytes follow the tag before the size of a value is known: the length field. Indexed by tag - 0xc0. */
const lengthBytes = [
  0, 0, 0, 0, 1, 2, 4, 1, 2, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 4, 2, 4, 2, 4,
];
/** How many bytes a value has behind its length field, beside what the field counts: numbers, and the types of extensions. */
const fixedBytes = [
  0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 2, 3, 5, 9, 17, 0, 0, 0, 0, 0, 0, 0,
];

export class ValueScanner {
  /** How many values each array or map around the innermost still expects, outermost first. Each counts the one that is open in it. */
  readonly #open: number[] = [];
  /** How many values the innermost open array or map still expects; 1 if none is open. */
  #left = 1;
  /** Bytes of the value at hand that are still to be passed over. */
  #skip = 0;
  /** Of a length field that is not whole yet: its tag, what was read of it, and how many bytes it still has. */
  #tag = 0;
  #length = 0;
  #lengthLeft = 0;

  /** Reads from `at`. Returns the position behind the value that ends there, or -1 if the bytes end before it does. */
  scan(bytes: Uint8Array, at: number): number {
    let place = at;
    // The state is in locals, because fields of a class cost several times as much for each byte.
    let left = this.#left;
    let skip = this.#skip;
    for (;;) {
      if (skip === 0) {
        if (place >= bytes.length) {
          this.#left = left;
          this.#skip = 0;
          return -1;
        }
        let values = 0;
        const tag = this.#lengthLeft > 0 ? this.#tag : (bytes[place++] ?? 0);
        if (tag < 0xc0) {
          if (tag >= 0xa0) skip = tag & 31;
          else if (tag >= 0x80) values = tag < 0x90 ? (tag & 15) * 2 : tag & 15;
        } else if (tag < 0xe0) {
          place = this.#readLength(tag, bytes, place);
          if (place < 0) {
            this.#left = left;
            this.#skip = 0;
            return -1;
          }
          if (tag >= 0xdc) values = tag >= 0xde ? this.#length * 2 : this.#length;
          else skip = this.#length + (fixedBytes[tag - 0xc0] ?? 0);
        }
        if (values > 0) {
          this.#enter(left);
          left = values;
          continue;
        }
      }
      const missing = place + skip - bytes.length;
      if (missing > 0) {
        this.#left = left;
        this.#skip = missing;
        return -1;
      }
      place += skip;
      skip = 0;
      while (--left === 0) {
        const around = this.#open.pop();
        if (around === undefined) {
          this.#left = 1;
          this.#skip = 0;
          return place;
        }
        left = around;
      }
    }
  }

  /** Reads the length field behind `tag`, which may be empty. Returns the position behind it, or -1 if the bytes end before it does. */
  #readLength(tag: number, bytes: Uint8Array, at: number): number {
    if (tag === 0xc1) throw new MalformedError('byte 0xc1 begins no MessagePack value');
    if (this.#lengthLeft === 0) {
      this.#tag = tag;
      this.#length = 0;
      this.#lengthLeft = lengthBytes[tag - 0xc0] ?? 0;
    }
    let place = at;
    for (; this.#lengthLeft > 0; this.#lengthLeft--) {
      const byte = bytes[place++];
      if (byte === undefined) return -1;
      this.#length = this.#length * 256 + byte;
    }
    return place;
  }

  /** An array or a map begins in another that still expects `left` values. */
  #enter(left: number): void {
    if (this.#open.length >= deepest)
      throw new MalformedError(`a value nested deeper than ${String(deepest)} levels`);
    this.#open.push(left);
  }
}
