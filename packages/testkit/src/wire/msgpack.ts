/**
 * Writes MessagePack without a library, by its specification. It is for the transcript and the conformance
 * checks, which must not share a coder with the code that they check.
 */
import { Extension } from './decode.ts';
import { concat } from './yamux.ts';

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

/**
 * Returns the shortest header for `length`: fix, 8 bit, 16 bit, 32 bit; -1 if the family has no such form.
 */
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
