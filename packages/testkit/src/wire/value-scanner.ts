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
  /** How many values each open array or map still expects, outermost first. */
  readonly #open: number[] = [];
  /** Bytes of the value at hand that are still to be passed over. */
  #skip = 0;
  /** Of a length field that is not whole yet: its tag, what was read of it, and how many bytes it still has. */
  #tag = 0;
  #length = 0;
  #lengthLeft = 0;
  /** The tag at hand opened an array or a map, whose first value has not been looked at. */
  #isFresh = false;

  /** Reads from `at`. Returns the position behind the value that ends there, or -1 if the bytes end before it does. */
  scan(bytes: Uint8Array, at: number): number {
    let place = at;
    for (;;) {
      if (this.#skip > 0) {
        const passed = Math.min(this.#skip, bytes.length - place);
        this.#skip -= passed;
        place += passed;
        if (this.#skip > 0) return -1;
        if (this.#hasEnded()) return place;
      }
      const byte = bytes[place];
      if (byte === undefined) return -1;
      place++;
      if (this.#lengthLeft > 0) {
        this.#length = this.#length * 256 + byte;
        if (--this.#lengthLeft > 0) continue;
        this.#enter(this.#tag, this.#length);
      } else this.#begin(byte);
      if (this.#lengthLeft === 0 && this.#skip === 0 && this.#hasEnded()) return place;
    }
  }

  #begin(tag: number): void {
    this.#isFresh = false;
    if (tag < 0x80 || tag >= 0xe0) return;
    if (tag < 0x90) this.#expect((tag & 15) * 2);
    else if (tag < 0xa0) this.#expect(tag & 15);
    else if (tag < 0xc0) this.#skip = tag & 31;
    else if (tag === 0xc1) throw new MalformedError('byte 0xc1 begins no MessagePack value');
    else {
      this.#tag = tag;
      this.#length = 0;
      this.#lengthLeft = lengthBytes[tag - 0xc0] ?? 0;
      if (this.#lengthLeft === 0) this.#skip = fixedBytes[tag - 0xc0] ?? 0;
    }
  }

  /** The length field of `tag` is whole. */
  #enter(tag: number, length: number): void {
    if (tag >= 0xde) this.#expect(length * 2);
    else if (tag >= 0xdc) this.#expect(length);
    else this.#skip = length + (fixedBytes[tag - 0xc0] ?? 0);
  }

  #expect(values: number): void {
    if (this.#open.length >= deepest)
      throw new MalformedError(`a value nested deeper than ${String(deepest)} levels`);
    this.#open.push(values);
    this.#isFresh = true;
  }

  /** A value has ended, or a container was opened. Closes what is full. Returns true once the outermost value has ended. */
  #hasEnded(): boolean {
    const open = this.#open;
    if (this.#isFresh) {
      this.#isFresh = false;
      if (open[open.length - 1] !== 0) return false;
      open.pop();
    }
    while (open.length > 0) {
      const left = (open[open.length - 1] ?? 0) - 1;
      if (left > 0) {
        open[open.length - 1] = left;
        return false;
      }
      open.pop();
    }
    return true;
  }
}
