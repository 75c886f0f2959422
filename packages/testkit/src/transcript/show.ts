/** Shows values and bytes as one short line for a person. */
import { inspect } from 'node:util';
import { CutBytes, CutOff, Extension } from '../wire/decode.ts';

const widest = 160;
/** How many values of a list are shown. */
export const listed = 12;

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

/** @param length How many bytes there are in all. `bytes` may have only the first of them. */
export function showBytes(bytes: Uint8Array, length: number = bytes.length): string {
  const text = new TextDecoder().decode(bytes.subarray(0, widest));
  // eslint-disable-next-line no-control-regex
  const printable = !/[\u0000-\u0008\u000e-\u001f\u007f\ufffd]/.test(text);
  return printable ? shorten(JSON.stringify(text)) : new ShownBytes(bytes, length)[inspect.custom]();
}

function shorten(text: string): string {
  return text.length <= widest ? text : `${text.slice(0, widest)}… (${String(text.length)} characters)`;
}

/**
 * Replaces values that `inspect` would print at length, and lets maps without a prototype look like plain
 * objects.
 */
function prepare(value: unknown, depth: number): unknown {
  if (value instanceof Uint8Array) return new ShownBytes(value);
  if (value instanceof CutBytes) return new ShownBytes(value.begin, value.length);
  if (value instanceof CutOff) return new Left(value.values);
  if (value instanceof Extension) return new Tagged(value);
  if (value === null || typeof value !== 'object' || depth > 5) return value;
  if (Array.isArray(value)) return prepareList(value, depth);
  // An error's stack is left out. A stack contains paths of the machine, and repeats the message.
  const isError = 'stack' in value && 'message' in value;
  const entries = Object.entries(value)
    .filter(([key]) => !isError || key !== 'stack')
    .slice(0, 20);
  return Object.fromEntries(entries.map(([key, item]) => [key, prepare(item, depth + 1)]));
}

function prepareList(values: readonly unknown[], depth: number): unknown[] {
  const last = values.at(-1);
  const whole = last instanceof CutOff ? values.slice(0, -1) : values;
  const left = Math.max(0, whole.length - listed) + (last instanceof CutOff ? last.values : 0);
  const shown = whole.slice(0, listed).map((item) => prepare(item, depth + 1));
  return left === 0 ? shown : [...shown, new Left(left)];
}

/** Shows how many values are left out. */
class Left {
  readonly #count: number;
  constructor(count: number) {
    this.#count = count;
  }
  [inspect.custom](): string {
    return `… ${String(this.#count)} more`;
  }
}

class ShownBytes {
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

/** The words for references, by the letters of their kinds in section 9 of docs/protocol.md. */
const references: Readonly<Record<string, string>> = {
  f: 'function',
  o: 'object',
  s: 'signal',
  c: 'the signal of the call',
  a: 'aborted signal',
  y: 'your own',
  i: 'iterable',
  w: 'web stream',
  r: 'Node stream',
  q: 'Node stream of objects',
};

function showReference({ type, data, length }: Extension): string | undefined {
  if (type !== 80 || length !== 5 || data.length !== 5) return undefined;
  const word = references[String.fromCharCode(data[0] ?? 0)];
  const id = new DataView(data.buffer, data.byteOffset).getUint32(1);
  return word === undefined ? undefined : `<${word}${id === 0 ? '' : ` ${String(id)}`}>`;
}

class Tagged {
  readonly #extension: Extension;
  constructor(extension: Extension) {
    this.#extension = extension;
  }
  [inspect.custom](): string {
    const { type, data, length } = this.#extension;
    if (type === 0) return 'undefined';
    return (
      showReference(this.#extension) ??
      `ext ${String(type)} ${new ShownBytes(data, length)[inspect.custom]()}`
    );
  }
}
