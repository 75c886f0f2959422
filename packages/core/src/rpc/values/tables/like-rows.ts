/**
 * A table that grows row by row. The fields of an object are read when the object is added, so later changes
 * of the object do not count.
 */
import { minColumnRows, toColumns, type ColumnWriter } from './column-writer.ts';
import { packsAsItIs } from '../numbers.ts';
import { addFields } from '../own-fields.ts';
import { isTableKeys, tableHead, type Apart } from './table.ts';
import { marks } from '../../wire/extension.ts';

// `walk` returns each value unchanged, because {@link isCell} accepts only values that need no walk.
const asItIs: ColumnWriter = { references: undefined, maxDepth: 0, walk: (value) => value };
// Longer texts gain nothing in a table.
const maxText = 1024;

export class LikeRows {
  readonly #references: Apart | undefined;
  #left: unknown;
  #keys: string[] = [];
  #cells: unknown[] = [];
  count = 0;
  /** The approximate size of the rows in bytes. */
  bytes = 0;

  constructor(references: Apart | undefined) {
    this.#references = references;
  }

  /**
   * Adds a row if it is a plain object with the same keys as the other rows, and {@link isCell} accepts its
   * values. Otherwise returns false, and {@link takeLeft} returns the row. Reads each field at most once.
   */
  add(row: unknown): boolean {
    this.#left = row;
    if (typeof row !== 'object' || row === null || Object.getPrototypeOf(row) !== Object.prototype)
      return false;
    if (this.#references?.standsApart(row) === true) return false;
    if (this.count === 0) {
      this.#keys = Object.keys(row);
      if (!isTableKeys(this.#keys)) return false;
      this.#cells = [marks.table, this.#keys];
    }
    const keys = this.#keys;
    const cells = this.#cells;
    const before = cells.length;
    let column = 0;
    let bytes = 0;
    let isRow = true;
    for (const key in row) {
      isRow = key === keys[column++];
      if (!isRow) break;
      const cell = (row as Record<string, unknown>)[key];
      cells.push(cell);
      if (typeof cell === 'string') bytes += cell.length;
      isRow = isCell(cell);
      if (!isRow) break;
      bytes += 5;
    }
    if (!isRow || column !== keys.length) {
      const copy: Record<string, unknown> = {};
      for (const [index, cell] of cells.splice(before).entries()) copy[keys[index]!] = cell;
      this.#left = addFields(copy, row);
      return false;
    }
    this.#left = undefined;
    this.bytes += bytes;
    this.count++;
    return true;
  }

  /**
   * Returns the value that was not added. If some of its fields were read, returns a copy with the read
   * values instead.
   */
  takeLeft(): unknown {
    const left = this.#left;
    this.#left = undefined;
    return left;
  }

  /** Returns the rows in the form in which they are packed, and starts an empty table. */
  take(): unknown[] {
    const table = this.#cells;
    const { count } = this;
    // A getter of the row that is being added may have ended the stream. Then this row is left out.
    table.length = tableHead + count * this.#keys.length;
    this.#cells = [];
    this.count = 0;
    this.bytes = 0;
    return count < minColumnRows ? table : toColumns(table, asItIs, 0, () => {});
  }
}

/**
 * Returns true for a value that can be put into a table unchanged: most numbers and texts, booleans, null and
 * undefined.
 */
function isCell(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
      return value.length <= maxText && value.isWellFormed();
    case 'number':
      return packsAsItIs(value);
    case 'boolean':
    case 'undefined':
      return true;
    default:
      return value === null;
  }
}
