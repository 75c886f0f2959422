/**
 * Remembers short texts that occur again and again. Comparing the bytes with a remembered string is three
 * times as fast as making the string again.
 */

/** Makes the text of some bytes; undefined for bytes that are not accepted. */
type MakeText = (source: Uint8Array, start: number, end: number) => string | undefined;

/**
 * Remembers one ASCII text in each slot. A new text replaces the old text of its slot, so the memory does not
 * grow.
 */
export class KnownTexts {
  readonly #slots: string[];
  readonly #make: MakeText;

  /** `slots` must be a power of two. */
  constructor(slots: number, make: MakeText) {
    this.#slots = new Array<string>(slots).fill('');
    this.#make = make;
  }

  /**
   * Returns the text of `source[start..end)`, which must have at least one byte. Usually returns the same
   * string for the same bytes. Returns undefined if `make` does not accept the bytes.
   */
  at(source: Uint8Array, start: number, end: number): string | undefined {
    const length = end - start;
    const slots = this.#slots;
    const hash =
      length * 7 + source[start]! * 13 + source[end - 1]! * 31 + source[start + (length >> 1)]! * 57;
    const slot = hash & (slots.length - 1);
    const known = slots[slot]!;
    if (known.length === length) {
      let index = 0;
      while (index < length && known.charCodeAt(index) === source[start + index]) index++;
      if (index === length) return known;
    }
    const text = this.#make(source, start, end);
    // A text that is not ASCII has more bytes than UTF-16 units, so it is not kept. If a text has U+FFFD for
    // invalid bytes, it may be kept, but no bytes can match it.
    if (text?.length === length) slots[slot] = text;
    return text;
  }
}
