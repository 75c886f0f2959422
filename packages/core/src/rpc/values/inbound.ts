/**
 * Turns the decoder's output into what the user gets. Marks become their values, references become local
 * values, and bytes get memory of their own.
 */
import { PipeworkError } from '../../base/errors.ts';
import { types } from 'node:util';
import { isProbedName } from '../../base/probed-names.ts';
import { makeBytes } from './bytes.ts';
import { fromColumns } from './tables/column-reader.ts';
import { fromTable, probedFunction } from './tables/table.ts';
import { Mark, WireReference, type ReferenceKind } from '../wire/extension.ts';

/**
 * Counts values beyond those that a message declares. Throws `RPC_MESSAGE_TOO_LARGE` if they are too many.
 */
export type Claim = (values: number) => void;

/**
 * What a value costs its receiver beyond what the scanner counted. The unit is the cost of one value: 64
 * bytes and half a microsecond. `reliability/programs/cost.mjs` measures these costs.
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
 * What a character of a regular expression costs. V8 looks up Unicode's tables while it parses a class such
 * as `\p{L}`. That takes 100 µs, 500 µs with the flags `i` and `v`, and 5,000 µs for a class of strings.
 */
function patternWeight(flags: string): number {
  if (flags.includes('v')) return 600;
  return flags.includes('u') ? 40 : 4;
}

export interface InboundOptions {
  /** Returns the local value of a reference. Undefined if this side did not announce `refs`. */
  readonly takeReference: ((reference: WireReference) => unknown) | undefined;
  /** Makes an error from its map, and claims the weight of each error in it. */
  readonly decodeError: (map: unknown, claim: Claim) => unknown;
  /** How many more values the current message may hold, beyond those that its arrays and maps declare. */
  readonly allowance: { values: number };
}

/** Replaces marks by their values, in arrays and objects that the decoder has just made. */
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
  if (value instanceof Map) return recordOf(value, options);
  if (value instanceof Mark) throw new TypeError(`the mark "${value.name}" stands alone`);
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
 * Returns bytes in memory of their own, which has exactly their size. The decoder's views are in the chunk,
 * which belongs to the mux, so they are copied.
 */
function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  if (!Buffer.isBuffer(bytes)) return bytes as Uint8Array<ArrayBuffer>;
  return new Uint8Array(bytes);
}

/**
 * Makes an object from a Map. If a message has a key `__proto__`, its maps are decoded as Map, so that the
 * key can become an own property.
 */
function recordOf(map: Map<unknown, unknown>, options: InboundOptions): object {
  const record = {};
  for (const [key, item] of map) {
    if (typeof key === 'object' && key !== null) throw new TypeError('a map has a key that is not a string');
    const name = String(key);
    const value = fromWire(item, options);
    if (typeof value === 'function' && isProbedName(name)) throw probedFunction(name);
    Object.defineProperty(record, name, {
      value,
      enumerable: true,
      writable: true,
      configurable: true,
    });
  }
  return record;
}

/** Counts `values` more. Throws `RPC_MESSAGE_TOO_LARGE` if the message has no room for them. */
export function claim(values: number, { allowance }: Pick<InboundOptions, 'allowance'>): void {
  allowance.values -= values;
  if (allowance.values < 0) throw tooManyValues();
}

/** Returns the error for a message that would cost more than the limit allows. */
export function tooManyValues(): PipeworkError {
  return new PipeworkError(
    'RPC_MESSAGE_TOO_LARGE',
    'the peer sent more values in one message than the limit (maxMessageValues), in which a reference, an error and the like count as several. Send numbers as a typed array, and long lists as a stream',
  );
}

/** Makes a Map of the keys and values that follow the mark in turn. */
function mapOf(array: unknown[]): Map<unknown, unknown> {
  const map = new Map<unknown, unknown>();
  for (let index = 1; index < array.length; index += 2) {
    const key = array[index];
    const value = array[index + 1];
    if (typeof value === 'function' && typeof key === 'string' && isProbedName(key))
      throw probedFunction(key);
    map.set(key, value);
  }
  return map;
}

function unmark(mark: Mark, array: unknown[], options: InboundOptions): unknown {
  switch (mark.name) {
    case 'map':
      if (array.length % 2 === 0) break;
      claim(weights.collection, options);
      return mapOf(each(array, 1, options));
    case 'set':
      claim(weights.collection, options);
      return new Set(each(array, 1, options).slice(1));
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
      claim(array[1].length * patternWeight(array[2]), options);
      return new RegExp(array[1], array[2]);
    case 'url':
      if (typeof array[1] !== 'string') break;
      claim(weights.url, options);
      return new URL(array[1]);
    case 'bigint':
      if (typeof array[1] === 'bigint' || Number.isInteger(array[1]))
        return BigInt(array[1] as number | bigint);
      break;
    case 'date':
      return new Date(Number.NaN);
    case 'error':
      return options.decodeError(fromWire(array[1], options), (values) => claim(values, options));
  }
  throw new TypeError(`what follows the mark "${mark.name}" does not fit it`);
}
