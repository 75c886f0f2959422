/**
 * Finds where MessagePack values end, however their bytes are split. The scanner looks at each byte once and
 * builds no values.
 */
import { deepest, MalformedError } from '../../programs/msgpack.mjs';

/** How many bytes the length field after a tag has. The index is tag - 0xc0. */
const lengthBytes = [
  0, 0, 0, 0, 1, 2, 4, 1, 2, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 4, 2, 4, 2, 4,
];
/**
 * How many bytes follow a tag and its length field in addition to those that the length counts. These are the
 * bytes of a number, the type of an extension, or the type and data of a fixext.
 */
const fixedBytes = [
  0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 2, 3, 5, 9, 17, 0, 0, 0, 0, 0, 0, 0,
];

export class ValueScanner {
  /**
   * How many values each array or map around the innermost one still expects, outermost first. Each count
   * includes the array or map that is open inside.
   */
  readonly #open: number[] = [];
  /** How many values the innermost open array or map still expects; 1 if none is open. */
  #left = 1;
  /** How many bytes of the current value are still to be skipped. */
  #skip = 0;
  /**
   * The state of an incomplete length field: its tag, the part that was read, and how many bytes are missing.
   */
  #tag = 0;
  #length = 0;
  #lengthLeft = 0;

  /** Scans from `at`. Returns the position after the value's end, or -1 if the bytes end first. */
  scan(bytes: Uint8Array, at: number): number {
    let place = at;
    // The state is in local variables, because fields of a class cost several times as much for each byte.
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

  /**
   * Reads the length field after `tag`. The field may be empty. Returns the position after the field, or -1
   * if the bytes end first.
   */
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

  /** Enters an array or a map inside another one that still expects `left` values. */
  #enter(left: number): void {
    if (this.#open.length >= deepest)
      throw new MalformedError(`a value nested deeper than ${String(deepest)} levels`);
    this.#open.push(left);
  }
}
