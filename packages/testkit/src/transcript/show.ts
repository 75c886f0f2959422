/** Values and bytes as one short line for a person. */
import { inspect } from 'node:util';
import { CutBytes, CutOff, Extension } from '../wire/decode.ts';

const widest = 160;
/** How many values of a list are shown. */
const listed = 12;

export function show(value: unknown): string {
  const text = inspect(prepare(value, 0), {
    depth: 4,
    breakLength: Number.POSITIVE_INFINITY,
    compact: true,
    maxArrayLength: listed + 1,
    maxStringLength: 80,
  });
  return shorten(text);
}

/** @param length how many bytes there are, if `bytes` are only the first of them. */
export function showBytes(bytes: Uint8Array, length: number = bytes.length): string {
  const text = new TextDecoder().decode(bytes.subarray(0, widest));
  // eslint-disable-next-line no-control-regex
  const printable = !/[\u0000-\u0008\u000e-\u001f\u007f\ufffd]/.test(text);
  return printable ? shorten(JSON.stringify(text)) : new Bytes(bytes, length)[inspect.custom]();
}

function shorten(text: string): string {
  return text.length <= widest ? text : `${text.slice(0, widest)}… (${String(text.length)} characters)`;
}

/** Replaces what inspect would print at length, and gives maps without a prototype a plain look. */
function prepare(value: unknown, depth: number): unknown {
  if (value instanceof Uint8Array) return new Bytes(value);
  if (value instanceof CutBytes) return new Bytes(value.begin, value.length);
  if (value instanceof CutOff) return new Left(value.values);
  if (value instanceof Extension) return new Tagged(value);
  if (value === null || typeof value !== 'object' || depth > 5) return value;
  if (Array.isArray(value)) return prepareList(value, depth);
  const entries = Object.entries(value).slice(0, 20);
  return Object.fromEntries(entries.map(([key, item]) => [key, prepare(item, depth + 1)]));
}

function prepareList(values: readonly unknown[], depth: number): unknown[] {
  const last = values.at(-1);
  const whole = last instanceof CutOff ? values.slice(0, -1) : values;
  const left = Math.max(0, whole.length - listed) + (last instanceof CutOff ? last.values : 0);
  const shown = whole.slice(0, listed).map((item) => prepare(item, depth + 1));
  return left === 0 ? shown : [...shown, new Left(left)];
}

/** How many values are not shown. */
class Left {
  readonly #count: number;
  constructor(count: number) {
    this.#count = count;
  }
  [inspect.custom](): string {
    return `… ${String(this.#count)} more`;
  }
}

class Bytes {
  readonly #bytes: Uint8Array;
  readonly #length: number;
  constructor(bytes: Uint8Array, length: number = bytes.length) {
    this.#bytes = bytes;
    this.#length = length;
  }
  [inspect.custom](): string {
    const begin = Buffer.from(this.#bytes.subarray(0, 8))
      .toString('hex')
      .replace(/..(?=.)/g, '$& ');
    return `<${String(this.#length)} bytes ${begin}${this.#length > 8 ? ' …' : ''}>`;
  }
}

class Tagged {
  readonly #extension: Extension;
  constructor(extension: Extension) {
    this.#extension = extension;
  }
  [inspect.custom](): string {
    const { type, data, length } = this.#extension;
    return `ext ${String(type)} ${new Bytes(data, length)[inspect.custom]()}`;
  }
}
