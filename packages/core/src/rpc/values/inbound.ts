/**
 * Turns the decoder's output into the values that the user gets. Arrays with marks become the values that
 * they stand for, references become local values, and bytes get their own memory.
 */
import { PipeworkError } from '../../base/errors.ts';
import { types } from 'node:util';
import { printableSource } from '../../base/pattern-source.ts';
import { printableLine } from '../../base/printable.ts';
import { isProbedName } from '../../base/probed-names.ts';
import { addInPieces, type Adding } from './adding.ts';
import { makeBytes } from './bytes.ts';
import { fromColumns } from './tables/column-reader.ts';
import { fromTable, probedFunction } from './tables/table.ts';
import { Mark, WireReference, type ReferenceKind } from '../wire/extension.ts';

/**
 * Counts values beyond those that the arrays and maps of a message declare. Throws `RPC_MESSAGE_TOO_LARGE` if
 * there are too many.
 */
export type Claim = (values: number) => void;

/**
 * The costs that values cause for their receiver, beyond those that the scanner counted. The unit is the cost
 * of one value: 64 bytes and half a microsecond. `reliability/programs/cost.mjs` measures these costs.
 */
const weights: Record<ReferenceKind | 'collection' | 'url', number> = {
  collection: 2,
  url: 2,
  function: 2,
  object: 14,
  signal: 12,
  iterable: 0,
  webStream: 42,
  readable: 10,
  objectReadable: 10,
  yours: 0,
  callSignal: 0,
  abortedSignal: 0,
};

/**
 * Returns the cost of a character of a regular expression. V8 looks up Unicode's tables while it parses a
 * class like `\p{L}`. Parsing such a class takes 100 µs, or 500 µs with the flags `i` and `v`. A property of
 * strings, such as `\p{RGI_Emoji}` with the flag `v`, takes 5,000 µs.
 */
function patternWeight(flags: string): number {
  if (flags.includes('v')) return 600;
  return flags.includes('u') ? 40 : 4;
}

/** The additional cost of a pattern is the square of its length, divided by this number. */
const patternSquare = 1_200;

/**
 * The additional cost of a host name that is not ASCII is the square of its length, divided by this number.
 */
const hostSquare = 900;

export interface InboundOptions {
  /** Returns the local value of a reference. Undefined if this side did not announce `refs`. */
  readonly takeReference: ((reference: WireReference) => unknown) | undefined;
  /** Makes an error from its map, and claims the weight of each error in it. */
  readonly decodeError: (map: unknown, claim: Claim) => unknown;
  /**
   * `values` is the number of values that the current message may have beyond those that its arrays and maps
   * declare. `adding` has the number of keys that were added to the message's Maps and Sets so far, and the
   * time that this took.
   */
  readonly allowance: { values: number; adding: Adding };
}

/**
 * Replaces marks, references and bytes in a value that the decoder has just made. Changes arrays and objects
 * in place.
 */
export function fromWire(value: unknown, options: InboundOptions): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const first: unknown = value[0];
    if (typeof first === 'object' && first instanceof Mark) return unmark(first, value, options);
    return each(value, 0, options);
  }
  if (ArrayBuffer.isView(value)) return ownBytes(value as Uint8Array);
  if (value instanceof WireReference) {
    if (options.takeReference === undefined)
      throw new TypeError('a reference came, and this side announced no refs');
    claim(weights[value.kind], options);
    return options.takeReference(value);
  }
  if (value instanceof Mark) throw new TypeError(`the mark "${value.name}" does not begin an array`);
  if (value instanceof Date) return value;
  const record = value as Record<string, unknown>;
  for (const key in record) {
    const item = record[key];
    if (typeof item !== 'object' || item === null) continue;
    const made = fromWire(item, options);
    if (typeof made === 'function' && isProbedName(key)) throw probedFunction(key);
    record[key] = made;
  }
  return record;
}

function each(array: unknown[], from: number, options: InboundOptions): unknown[] {
  for (let index = from; index < array.length; index++) {
    const item = array[index];
    if (typeof item === 'object' && item !== null) array[index] = fromWire(item, options);
  }
  return array;
}

/**
 * Returns the bytes in a buffer of exactly their size. A `Buffer` is the decoder's view into the chunk. Such
 * a view is copied, because the chunk's memory belongs to the mux.
 */
function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  if (!Buffer.isBuffer(bytes)) return bytes as Uint8Array<ArrayBuffer>;
  return new Uint8Array(bytes);
}

/**
 * Counts `values` further values. Throws `RPC_MESSAGE_TOO_LARGE` if the allowance is too small for these
 * values.
 */
export function claim(values: number, { allowance }: Pick<InboundOptions, 'allowance'>): void {
  allowance.values -= values;
  if (allowance.values < 0) throw tooManyValues();
}

/** Returns the error for a message that would cost more than the limit allows. */
export function tooManyValues(): PipeworkError {
  return new PipeworkError(
    'RPC_MESSAGE_TOO_LARGE',
    'the peer sent more values in one message than the limit (maxMessageValues). A reference, an error and some other values count as several. Send numbers as a typed array, and long lists as a stream',
  );
}

/** Makes a Map. After the mark, `array` has each key followed by its value. */
function mapOf(array: unknown[], allowance: InboundOptions['allowance']): Map<unknown, unknown> {
  const map = new Map<unknown, unknown>();
  addInPieces((array.length - 1) / 2, allowance.adding, (at) => {
    const key = array[1 + 2 * at];
    const value = array[2 + 2 * at];
    if (typeof value === 'function' && typeof key === 'string' && isProbedName(key))
      throw probedFunction(key);
    map.set(key, value);
  });
  return map;
}

/** Makes a Set of the values that follow the mark. */
function setOf(array: unknown[], allowance: InboundOptions['allowance']): Set<unknown> {
  const set = new Set<unknown>();
  addInPieces(array.length - 1, allowance.adding, (at) => set.add(array[1 + at]));
  return set;
}

/**
 * Makes a regular expression. If the expression is invalid, throws an error with a shortened copy of the
 * expression, because the engine's error message would have the whole text.
 */
function regExpOf(source: string, flags: string, options: InboundOptions): RegExp {
  // For some patterns, for instance groups that refer to each other, the time of V8's parser grows with the
  // square of the length.
  claim(source.length * patternWeight(flags) + source.length ** 2 / patternSquare, options);
  try {
    return new RegExp(source, flags);
  } catch {
    throw new TypeError(
      `an invalid regular expression came: /${printableLine(source)}/${printableLine(flags)}`,
    );
  }
}

/**
 * Returns the cost of a URL's host name: 0 if the name is ASCII. The engine turns any other name into
 * Punycode. This takes 4 µs a character, and for some texts a time that grows with the square of the length.
 */
function hostWeight(href: string): number {
  const host = /^[a-z][a-z0-9+.-]*:[\\/]*([^\\/?#]*)/i.exec(href)?.[1] ?? href;
  // A percent sign may stand for a character beyond ASCII.
  // oxlint-disable-next-line no-control-regex -- it is the beginning of ASCII
  return /^[\u0000-$&-\u007f]*$/.test(host) ? 0 : host.length * 8 + host.length ** 2 / hostSquare;
}

/**
 * Makes a URL. If `href` is invalid, throws an error with a shortened copy of `href`, because the engine's
 * error would have the whole text as a field.
 */
function urlOf(href: string): URL {
  try {
    return new URL(href);
  } catch {
    throw new TypeError(`an invalid URL came: ${printableLine(href)}`);
  }
}

function unmark(mark: Mark, array: unknown[], options: InboundOptions): unknown {
  switch (mark.name) {
    case 'map':
      if (array.length % 2 === 0) break;
      claim(weights.collection, options);
      return mapOf(each(array, 1, options), options.allowance);
    case 'set':
      claim(weights.collection, options);
      return setOf(each(array, 1, options), options.allowance);
    case 'bytes': {
      const bytes = array[2];
      const made = types.isUint8Array(bytes) ? makeBytes(array[1], ownBytes(bytes)) : undefined;
      if (made === undefined) break;
      return made;
    }
    case 'table': {
      const rows = fromTable(
        array,
        (value) => fromWire(value, options),
        (values) => claim(values, options),
      );
      if (rows === undefined) break;
      return rows;
    }
    case 'columns': {
      const rows = fromColumns(array, {
        revive: (value) => fromWire(value, options),
        claim: (values) => claim(values, options),
      });
      if (rows === undefined) break;
      return rows;
    }
    case 'regexp':
      if (typeof array[1] !== 'string' || typeof array[2] !== 'string') break;
      return regExpOf(printableSource(array[1]), array[2], options);
    case 'url':
      if (typeof array[1] !== 'string') break;
      claim(weights.url + hostWeight(array[1]), options);
      return urlOf(array[1]);
    case 'bigint':
      if (typeof array[1] === 'bigint' || Number.isInteger(array[1]))
        return BigInt(array[1] as number | bigint);
      break;
    case 'date':
      return new Date(Number.NaN);
    case 'error':
      return options.decodeError(fromWire(array[1], options), (values) => claim(values, options));
  }
  throw new TypeError(`the elements after the mark "${mark.name}" do not fit the mark`);
}
