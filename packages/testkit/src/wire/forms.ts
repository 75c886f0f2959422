/**
 * The forms in which MessagePack can write one value. Libraries choose different forms, so a receiver must
 * take all of them. These functions accept integers and lengths of at most 127.
 */
import { encode } from './msgpack.ts';
import { concat } from './yamux.ts';

/** Returns a tag, and `value` in the `size` bytes after it. */
function head(tag: number, size: number, value: number): Uint8Array {
  const bytes = new Uint8Array(1 + size);
  bytes[0] = tag;
  bytes[size] = value;
  return bytes;
}

/**
 * Returns one form of `content` for each size in `sizes`. A size is the number of bytes that the length
 * takes. `tag` is the tag of the first size.
 */
const sized = (tag: number, sizes: readonly number[], length: number, content: Uint8Array): Uint8Array[] =>
  sizes.map((size, i) => concat([head(tag + i, size, length), content]));

/** Returns the unsigned and the signed forms of an integer in 1, 2, 4 and 8 bytes. */
export const integerForms = (value: number): Uint8Array[] =>
  [0xcc, 0xd0].flatMap((tag) => [1, 2, 4, 8].map((size, i) => head(tag + i, size, value)));

/** Returns the forms of a text with a length field of 1, 2 and 4 bytes. */
export function textForms(text: string): Uint8Array[] {
  const bytes = new TextEncoder().encode(text);
  return sized(0xd9, [1, 2, 4], bytes.length, bytes);
}

/** Returns the forms of bytes with a length field of 1, 2 and 4 bytes. */
export const binForms = (bytes: Uint8Array): Uint8Array[] => sized(0xc4, [1, 2, 4], bytes.length, bytes);

/** Returns the forms of an array with a length field of 2 and 4 bytes. */
export const arrayForms = (items: readonly unknown[]): Uint8Array[] =>
  sized(0xdc, [2, 4], items.length, concat(items.map(encode)));

/** Returns the forms of a map with a length field of 2 and 4 bytes. */
export const mapForms = (entries: readonly (readonly [key: unknown, value: unknown])[]): Uint8Array[] =>
  sized(0xde, [2, 4], entries.length, concat(entries.flat().map(encode)));

/**
 * Returns the forms of an extension: the fixext of its length, if there is one, and the forms with a length
 * field of 1, 2 and 4 bytes.
 */
export function extensionForms(type: number, data: Uint8Array): Uint8Array[] {
  const content = Uint8Array.of(type, ...data);
  const power = Math.log2(data.length);
  const hasFixed = Number.isInteger(power) && power <= 4;
  return [
    ...(hasFixed ? [Uint8Array.of(0xd4 + power, ...content)] : []),
    ...sized(0xc7, [1, 2, 4], data.length, content),
  ];
}
