/**
 * The walk over a value before it is packed. The walk refuses values that cannot be sent, and names their
 * path. Wire values replace the values that MessagePack lacks. The walk reads each field and each item once,
 * into new objects and lists. So exactly the checked values are packed, even if a getter or a proxy would
 * return another value the next time.
 */
import { types } from 'node:util';
import { compacted } from '../../base/own-property.ts';
import { wellFormedSource } from '../../base/pattern-source.ts';
import { isProbedName } from '../../base/probed-names.ts';
import { isError, isObjectPrototype, isURL } from '../../base/realm.ts';
import { largeBinBytes } from '../wire/scanner.ts';
import { bytesType } from './bytes.ts';
import { packsAsItIs } from './numbers.ts';
import { itemsOf } from './own-fields.ts';
import { minColumnRows, toColumns } from './tables/column-writer.ts';
import { Refusal } from './refusal.ts';
import { minTableRows, tableHead, toTable } from './tables/table.ts';
import { asBin, asTimestamp } from '../wire/msgpack.ts';
import { LargeBin, LongBigint, marks, negativeZero, type WireReference } from '../wire/extension.ts';

/** Decides which values are sent by reference, and by which kind of reference. */
export interface ReferenceSender {
  /**
   * Returns the reference for a function, stream, signal or marked object; undefined for every other value.
   */
  send(value: object): WireReference | undefined;
  /**
   * Returns true if an object that looks plain is sent by reference. Such an object is marked with `ref`, is
   * a remote, or is an async iterable.
   */
  standsApart(record: object): boolean;
}

/** The kinds of values that the peer accepts, and the limits of the walk. */
export interface OutboundOptions {
  readonly types: boolean;
  /** True if an array of objects with the same keys may be sent as a table. */
  readonly tables: boolean;
  /** Undefined for a peer without `refs`. */
  readonly references: ReferenceSender | undefined;
  readonly maxDepth: number;
  /** Returns the error map of an error, for a peer with `types`. */
  readonly encodeError: (error: Error, options: OutboundOptions, depth: number) => unknown;
}

const objectPrototype = Object.prototype;
const { getPrototypeOf } = Object;
const maxInt64 = 0xffff_ffff_ffff_ffffn;
const minInt64 = -0x8000_0000_0000_0000n;

/**
 * Returns the form in which a value is packed. Throws `RPC_NOT_SERIALIZABLE` or `RPC_TOO_DEEP` with the path
 * from `root`. `copies` is a flat list of pairs. In each pair, a copy in the value is followed by the user's
 * own object or list.
 */
export function toWire(
  value: unknown,
  root: string,
  options: OutboundOptions,
  depth = 0,
  copies: readonly object[] = [],
): unknown {
  try {
    return walk(value, options, depth);
  } catch (error) {
    throw error instanceof Refusal ? error.toError(root, copies) : error;
  }
}

/** Like {@link toWire}, but for a value inside a walk, `depth` levels deep. Throws a {@link Refusal}. */
export function walk(value: unknown, options: OutboundOptions, depth: number): unknown {
  switch (typeof value) {
    case 'number':
      if (packsAsItIs(value)) return value;
      return value === 0 ? negativeZero : BigInt(value);
    case 'string':
      // UTF-8 has no lone surrogates. Each lone surrogate becomes U+FFFD, as with TextEncoder.
      return value.isWellFormed() ? value : value.toWellFormed();
    case 'boolean':
    case 'undefined':
      return value;
    case 'object':
      if (value === null) return null;
      if (Array.isArray(value)) return walkArray(value, options, depth);
      {
        const prototype: unknown = getPrototypeOf(value);
        const isRecord = prototype === objectPrototype || (prototype === null && !types.isNativeError(value));
        if (isRecord) return walkRecord(value, options, depth);
      }
      return walkSpecial(value, options, depth);
    case 'bigint':
      return walkBigint(value, options);
    case 'function':
      return sendReference(value, options) ?? refuse('is a function, and this peer takes no references');
    default:
      return refuse('is a symbol, which cannot travel');
  }
}

function walkArray(array: readonly unknown[], options: OutboundOptions, depth: number): readonly unknown[] {
  if (depth >= options.maxDepth) throw new Refusal(`is nested deeper than ${options.maxDepth} levels`, true);
  const items = itemsOf(array);
  if (options.tables && items.length >= minTableRows && depth < options.maxDepth - 1) {
    const table = toTable(items, options.references);
    if (table !== undefined) {
      return items.length >= minColumnRows
        ? walkColumns(array, items, table, options, depth)
        : walkTable(array, items, table, options, depth);
    }
  }
  let index = 0;
  try {
    for (; index < items.length; index++) {
      const item = items[index];
      const mapped = walk(item, options, depth + 1);
      if (mapped !== item) items[index] = mapped;
    }
  } catch (error) {
    if (error instanceof Refusal) error.passed(array, index);
    throw error;
  }
  return items;
}

function walkColumns(
  array: readonly unknown[],
  rows: readonly unknown[],
  table: unknown[],
  options: OutboundOptions,
  depth: number,
): unknown[] {
  const { references, maxDepth } = options;
  const writer = {
    references,
    maxDepth,
    walk: (value: unknown, level: number) => walk(value, options, level),
  };
  return toColumns(table, writer, depth + 2, (refusal, row, key) => {
    refusal.passed(rows[row] as object, key);
    refusal.passed(array, row);
  });
}

/**
 * Walks the values of a table in place. The values of a row are two levels below the array, as they would be
 * without the table.
 */
function walkTable(
  array: readonly unknown[],
  rows: readonly unknown[],
  table: unknown[],
  options: OutboundOptions,
  depth: number,
): unknown[] {
  const keys = table[1] as string[];
  let index = tableHead;
  try {
    for (; index < table.length; index++) {
      const item = table[index];
      const type = typeof item;
      // Skips the call of walk() for the most common kinds of values.
      if (type === 'string' ? (item as string).isWellFormed() : isPlain(item, type)) continue;
      table[index] = walk(item, options, depth + 2);
    }
  } catch (error) {
    if (error instanceof Refusal) {
      const row = Math.floor((index - tableHead) / keys.length);
      error.passed(rows[row] as object, keys[(index - tableHead) % keys.length] ?? '');
      error.passed(array, row);
    }
    throw error;
  }
  return table;
}

/** True for booleans, null, and 32-bit integers other than 0. */
function isPlain(item: unknown, type: string): boolean {
  return type === 'number'
    ? ((item as number) | 0) === item && item !== 0
    : type === 'boolean' || item === null;
}

function walkRecord(record: object, options: OutboundOptions, depth: number): object {
  if (options.references?.standsApart(record) === true) return sendReference(record, options) ?? record;
  if (depth >= options.maxDepth) throw new Refusal(`is nested deeper than ${options.maxDepth} levels`, true);
  // Only own properties count, and `__proto__` is a key like any other.
  const fields: Record<string, unknown> = compacted({ ...record });
  let hasOddKeys = false;
  let key = '';
  try {
    for (key in fields) {
      const item = fields[key];
      if (typeof item === 'function' && isProbedName(key)) refuseProbed(key);
      if (!key.isWellFormed()) hasOddKeys = true;
      const mapped = walk(item, options, depth + 1);
      if (mapped !== item && Object.hasOwn(fields, key)) fields[key] = mapped;
    }
  } catch (error) {
    if (error instanceof Refusal) error.passed(record, key);
    throw error;
  }
  return hasOddKeys ? withWellFormedKeys(fields) : fields;
}

/**
 * Returns a copy. In its keys, U+FFFD replaces each lone half of a surrogate pair. If two keys become the
 * same, the value of the last one is kept.
 */
function withWellFormedKeys(record: object): object {
  return compacted(
    Object.fromEntries(Object.entries(record).map(([key, value]) => [key.toWellFormed(), value])),
  );
}

function walkBigint(value: bigint, options: OutboundOptions): unknown {
  const number = Number(value);
  // The decoder turns integers up to and including 2^53 into numbers, unless they follow `marks.bigint`.
  if (Math.abs(number) <= 2 ** 53 && BigInt(number) === value)
    return options.types ? [marks.bigint, small(number, value)] : small(number, value);
  if (value <= maxInt64 && value >= minInt64) return value;
  if (options.types) return new LongBigint(value);
  return refuse('is a bigint beyond 64 bits, and this peer takes none');
}

function small(number: number, value: bigint): number | bigint {
  return (number | 0) === number ? number : value;
}

function walkSpecial(value: object, options: OutboundOptions, depth: number): unknown {
  if (ArrayBuffer.isView(value) || types.isArrayBuffer(value)) return walkBytes(value, options);
  if (types.isDate(value)) return walkDate(value, options);
  const reference = sendReference(value, options);
  if (reference !== undefined) return reference;
  // Objects with this prototype are plain objects of another realm.
  if (isObjectPrototype(getPrototypeOf(value) as object | null)) return walkRecord(value, options, depth);
  if (types.isPromise(value)) return refuse('is a Promise: await it, and send its result');
  if (!options.types) return refuse(`is ${describe(value)}, which base MessagePack cannot express`);
  if (depth >= options.maxDepth) throw new Refusal(`is nested deeper than ${options.maxDepth} levels`, true);
  if (types.isMap(value)) return walkMap(value, options, depth);
  if (types.isSet(value)) return walkSet(value, options, depth);
  if (types.isRegExp(value)) return walkRegExp(value);
  if (isError(value)) return [marks.error, options.encodeError(value, options, depth + 1)];
  if (isURL(value)) return [marks.url, value.href.toWellFormed()];
  return refuse(
    `is ${describe(value)}: only plain objects are copied. Mark it with ref() to pass it by reference, or send plain data`,
  );
}

function walkRegExp({ source, flags }: RegExp): unknown[] {
  return [marks.regexp, wellFormedSource(source, flags), flags];
}

function walkSet(set: Set<unknown>, options: OutboundOptions, depth: number): unknown[] {
  const wire: unknown[] = [marks.set];
  try {
    for (const item of set) wire.push(walk(item, options, depth + 1));
  } catch (error) {
    if (error instanceof Refusal) error.passed(set, { step: `<item ${wire.length - 1}>` });
    throw error;
  }
  return wire;
}

function walkMap(map: Map<unknown, unknown>, options: OutboundOptions, depth: number): unknown[] {
  const wire: unknown[] = [marks.map];
  let step = { step: '' };
  try {
    for (const [key, value] of map) {
      step = { step: `<key ${wire.length >> 1}>` };
      const wireKey = walk(key, options, depth + 1);
      step = {
        step: typeof key === 'string' ? `.get(${JSON.stringify(key)})` : `<value ${wire.length >> 1}>`,
      };
      if (typeof value === 'function' && typeof key === 'string' && isProbedName(key)) refuseProbed(key);
      wire.push(wireKey, walk(value, options, depth + 1));
    }
  } catch (error) {
    if (error instanceof Refusal) error.passed(map, step);
    throw error;
  }
  return wire;
}

function walkDate(date: Date, options: OutboundOptions): unknown {
  const time = date.getTime();
  if (Number.isNaN(time)) {
    return options.types ? [marks.date] : refuse('is an invalid Date, which a timestamp cannot express');
  }
  return asTimestamp(time);
}

function walkBytes(value: ArrayBufferView | ArrayBuffer, options: OutboundOptions): unknown {
  const bytes = asBin(bytesOf(value));
  const bin = bytes.byteLength >= largeBinBytes ? new LargeBin(bytes) : bytes;
  const type = bytesType(value);
  if (type === 'Uint8Array' || (!options.types && type === 'Buffer')) return bin;
  if (options.types) return [marks.bytes, type, bin];
  return refuse(`is ${describe(value)}, and this peer takes only Uint8Array`);
}

function bytesOf(value: ArrayBufferView | ArrayBuffer): Uint8Array {
  try {
    return types.isArrayBuffer(value)
      ? new Uint8Array(value)
      : new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  } catch {
    // The buffer was transferred. Node 20 has no `detached` property that would show this.
    return refuse('is binary data whose buffer was transferred: there is nothing left to send');
  }
}

function sendReference(value: object, options: OutboundOptions): WireReference | undefined {
  return options.references?.send(value);
}

/**
 * Refuses a function under a probed name. If the function were sent, the other side would call it by
 * awaiting, printing, comparing or serializing the object.
 */
function refuseProbed(name: string): never {
  return refuse(
    `is a function named ${name}, and JavaScript or common tools call functions of this name. Give the function another name`,
  );
}

function refuse(reason: string): never {
  throw new Refusal(reason);
}

function describe(value: object): string {
  const name: unknown = (value as { constructor?: { name?: unknown } }).constructor?.name;
  return typeof name === 'string' && name !== ''
    ? `an instance of ${name}`
    : 'an object with a prototype of its own';
}
