/**
 * Reads the columns of a received table. A column is used only after a check that its length fits the number
 * of rows.
 */
import { isAscii } from 'node:buffer';
import { types } from 'node:util';
import { setOwnOf } from '../../../base/own-property.ts';
import { areKeys, emptyRow, hasSparseKey, refuseProbedFunctions, rowWeight } from './table.ts';
import { columnKinds, isChoice, maxChoices, maxChoiceText } from '../../wire/extension.ts';

export interface ColumnSource {
  /** Replaces marks, references and bytes in a value. */
  revive(value: unknown): unknown;
  /**
   * Counts values beyond those that the arrays and maps of the message declare. Throws if there are too many.
   */
  claim(values: number): void;
}

type Values = ArrayLike<unknown>;
type Lengths = Uint8Array | Uint16Array | Uint32Array;

type FirstEight<T> = readonly [T, T, T, T, T, T, T, T];

// V8 copies a substring of up to this length. A longer substring would keep the whole column's text in
// memory.
const maxCopiedPart = 12;

/**
 * Returns the rows of received columns. Returns undefined if the number of rows, the keys, and a column for
 * each key do not follow the mark.
 */
export function fromColumns(wire: readonly unknown[], source: ColumnSource): object[] | undefined {
  const [, count, keys] = wire;
  if (typeof count !== 'number' || !Number.isInteger(count) || count < 1 || !areKeys(keys)) return undefined;
  if (wire.length !== keys.length + 3) return undefined;
  return readRows(keys, wire, 3, count, source);
}

function readRows(
  keys: readonly string[],
  holder: readonly unknown[],
  from: number,
  count: number,
  source: ColumnSource,
): object[] {
  source.claim(count * rowWeight(keys));
  const columns = keys.map((_key, at) => readColumn(holder[from + at], count, source));
  return hasSparseKey(keys) ? buildSparseRows(keys, columns, count) : buildRows(keys, columns, count);
}

function readColumn(column: unknown, count: number, source: ColumnSource): Values {
  if (!Array.isArray(column)) throw new TypeError('a column of a table is no array');
  const [kind, first, second] = column as unknown[];
  if (kind === columnKinds.values) return plain(column, count, source);
  if (kind !== columnKinds.records) source.claim(count);
  switch (kind) {
    case columnKinds.numbers:
      if (column.length === 2) return numbers(first, count);
      break;
    case columnKinds.text:
      if (column.length === 3) return text(first, second, count);
      break;
    case columnKinds.choice:
      return choice(first, column, count);
    case columnKinds.lists:
      if (column.length === 3) return lists(first, second, count, source);
      break;
    case columnKinds.records:
      if (areKeys(first) && column.length === first.length + 2)
        return readRows(first, column, 2, count, source);
      break;
  }
  const named = typeof kind === 'number' ? kind : `a ${typeof kind}`;
  throw new TypeError(`a column of a table has the kind ${named}, and its elements do not fit that kind`);
}

/**
 * Builds the rows. Each of the first eight keys has a statement of its own, because V8 makes a statement fast
 * while the statement sets only one key. If all tables of the program have the same keys, a row takes a third
 * of the time that a loop over the keys would take. After a table with other keys, V8 looks up every key, as
 * it would in a loop.
 */
function buildRows(keys: readonly string[], columns: readonly Values[], count: number): object[] {
  const width = keys.length;
  const empty = emptyRow(keys);
  // `own` has the same keys, but as the strings that V8 keeps for property names. If some keys are array
  // indexes, V8 puts them first, so `own` has another order and cannot be used.
  const own = Object.keys(empty);
  const names = own.every((key, index) => key === keys[index]) ? own : keys;
  const [key0, key1, key2, key3, key4, key5, key6, key7] = names as FirstEight<string>;
  const [of0, of1, of2, of3, of4, of5, of6, of7] = columns as FirstEight<Values>;
  const rows = new Array<object>(count);
  for (let at = 0; at < count; at++) {
    const row = { ...empty };
    row[key0] = of0[at];
    if (width > 1) row[key1] = of1[at];
    if (width > 2) row[key2] = of2[at];
    if (width > 3) row[key3] = of3[at];
    if (width > 4) row[key4] = of4[at];
    if (width > 5) row[key5] = of5[at];
    if (width > 6) row[key6] = of6[at];
    if (width > 7) row[key7] = of7[at];
    for (let column = 8; column < width; column++) row[names[column]!] = columns[column]![at];
    rows[at] = row;
  }
  return refuseProbedFunctions(keys, rows);
}

/**
 * Builds rows that have sparse indexes among their keys. V8 keeps these indexes in a hash table of each row's
 * object.
 */
function buildSparseRows(keys: readonly string[], columns: readonly Values[], count: number): object[] {
  const rows = new Array<object>(count);
  for (let at = 0; at < count; at++) {
    const row: Record<string, unknown> = {};
    for (let column = 0; column < keys.length; column++)
      setOwnOf(keys.length, row, keys[column]!, columns[column]![at]);
    rows[at] = row;
  }
  return refuseProbedFunctions(keys, rows);
}

function plain(column: unknown[], count: number, source: ColumnSource): unknown[] {
  column.shift();
  if (column.length !== count) mismatch('values', column.length, count);
  for (let at = 0; at < count; at++) {
    const value = column[at];
    if (typeof value === 'object' && value !== null) column[at] = source.revive(value);
  }
  return column;
}

function numbers(bin: unknown, count: number): Values {
  const bytes = ownBytes(bin);
  switch (bytes.length / count) {
    case 1:
      return new Int8Array(bytes.buffer);
    case 2:
      return new Int16Array(bytes.buffer);
    case 4:
      return new Int32Array(bytes.buffer);
    case 8:
      return new Float64Array(bytes.buffer);
  }
  return mismatch('bytes of numbers', bytes.length, count);
}

function text(lengthsBin: unknown, bin: unknown, count: number): string[] {
  const { buffer, byteOffset, length } = bytesOf(bin);
  const lengths = readLengths(lengthsBin, count);
  if (sum(lengths) !== length)
    throw new TypeError(`a column of texts has ${length} bytes, and lengths for ${sum(lengths)}`);
  const bytes = Buffer.from(buffer, byteOffset, length);
  const encoding = isAscii(bytes) ? 'latin1' : 'utf8';
  const all = encoding === 'latin1' ? bytes.toString('latin1') : undefined;
  const texts = new Array<string>(count);
  for (let row = 0, at = 0; row < count; row++) {
    const end = at + lengths[row]!;
    const isCopied = all !== undefined && end - at <= maxCopiedPart;
    texts[row] = isCopied ? all.substring(at, end) : bytes.toString(encoding, at, end);
    at = end;
  }
  return texts;
}

/**
 * Reads a column of choices. Each choice must be short, because it may be used in many rows. Otherwise a
 * small message could stand for a vast table.
 */
function choice(bin: unknown, column: readonly unknown[], count: number): unknown[] {
  const indexes = bytesOf(bin);
  if (indexes.length !== count) mismatch('indexes', indexes.length, count);
  const choices = column.slice(2);
  if (choices.length > maxChoices || !choices.every(isChoice))
    throw new TypeError(
      `a column of choices has more than ${maxChoices}, or one that is no text of up to ${maxChoiceText}, boolean, nil or undefined`,
    );
  const values = new Array<unknown>(count);
  for (let row = 0; row < count; row++) {
    const index = indexes[row]!;
    if (index >= choices.length) throw new TypeError(`a column of choices has no choice ${index}`);
    values[row] = choices[index];
  }
  return values;
}

function lists(lengthsBin: unknown, column: unknown, count: number, source: ColumnSource): unknown[][] {
  const lengths = readLengths(lengthsBin, count);
  const items = readColumn(column, sum(lengths), source);
  const all = new Array<unknown[]>(count);
  for (let row = 0, at = 0; row < count; row++) {
    const length = lengths[row]!;
    const list = new Array<unknown>(length);
    for (let index = 0; index < length; index++) list[index] = items[at++];
    all[row] = list;
  }
  return all;
}

function readLengths(bin: unknown, count: number): Lengths {
  const bytes = ownBytes(bin);
  switch (bytes.length / count) {
    case 1:
      return bytes;
    case 2:
      return new Uint16Array(bytes.buffer);
    case 4:
      return new Uint32Array(bytes.buffer);
  }
  return mismatch('bytes of lengths', bytes.length, count);
}

function sum(lengths: Lengths): number {
  let total = 0;
  for (let index = 0; index < lengths.length; index++) total += lengths[index]!;
  return total;
}

function bytesOf(bin: unknown): Uint8Array {
  if (types.isUint8Array(bin)) return bin;
  throw new TypeError('a column of a table has no bytes where they belong');
}

/**
 * Returns a copy of `bin` that begins at the start of its memory. Numbers of more than one byte need this
 * alignment.
 */
function ownBytes(bin: unknown): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytesOf(bin));
}

function mismatch(what: string, length: number, count: number): never {
  throw new TypeError(`a column of a table has ${length} ${what} for ${count} rows`);
}
