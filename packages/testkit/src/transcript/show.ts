/** Values and bytes as one short line for a person. */
import { inspect } from 'node:util';
import { Extension } from '../wire/msgpack.ts';

const widest = 160;

export function show(value: unknown): string {
  const text = inspect(prepare(value, 0), {
    depth: 4,
    breakLength: Number.POSITIVE_INFINITY,
    compact: true,
    maxArrayLength: 12,
    maxStringLength: 80,
  });
  return shorten(text);
}

export function showBytes(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes.subarray(0, widest));
  // eslint-disable-next-line no-control-regex
  const printable = !/[\u0000-\u0008\u000e-\u001f\u007f\ufffd]/.test(text);
  return printable ? shorten(JSON.stringify(text)) : new Bytes(bytes)[inspect.custom]();
}

function shorten(text: string): string {
  return text.length <= widest ? text : `${text.slice(0, widest)}… (${String(text.length)} characters)`;
}

/** Replaces what inspect would print at length, and gives maps without a prototype a plain look. */
function prepare(value: unknown, depth: number): unknown {
  if (value instanceof Uint8Array) return new Bytes(value);
  if (value instanceof Extension) return new Tagged(value);
  if (value === null || typeof value !== 'object' || depth > 5) return value;
  if (Array.isArray(value)) return value.slice(0, 20).map((item) => prepare(item, depth + 1));
  const entries = Object.entries(value).slice(0, 20);
  return Object.fromEntries(entries.map(([key, item]) => [key, prepare(item, depth + 1)]));
}

class Bytes {
  readonly #bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }
  [inspect.custom](): string {
    const begin = Buffer.from(this.#bytes.subarray(0, 8))
      .toString('hex')
      .replace(/..(?=.)/g, '$& ');
    return `<${String(this.#bytes.length)} bytes ${begin}${this.#bytes.length > 8 ? ' …' : ''}>`;
  }
}

class Tagged {
  readonly #extension: Extension;
  constructor(extension: Extension) {
    this.#extension = extension;
  }
  [inspect.custom](): string {
    return `ext ${String(this.#extension.type)} ${new Bytes(this.#extension.data)[inspect.custom]()}`;
  }
}
