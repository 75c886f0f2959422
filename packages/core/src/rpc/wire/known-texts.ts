/** Short texts that come again and again: comparing the bytes of one is three times as fast as making the string anew. */

/** Makes the text of some bytes; undefined for those that are not to be taken. */
type MakeText = (source: Uint8Array, start: number, end: number) => string | undefined;

/** Remembers as many ASCII texts as it has slots. Further texts push older ones out, so its memory does not grow. */
export class KnownTexts {
  readonly #slots: string[];
  readonly #make: MakeText;

  /** `slots` is a power of two. */
  constructor(slots: number, make: MakeText) {
    this.#slots = new Array<string>(slots).fill('');
    this.#make = make;
  }

  /** The text of these bytes, of which there is at least one: the same string for the same bytes, mostly. */
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
    // What is not ASCII has more bytes than units, or U+FFFD for bytes that are no UTF-8: it never matches.
    if (text?.length === length) slots[slot] = text;
    return text;
  }
}
