/** A table that grows row by row, of objects that are taken apart as they come: what is changed in one afterwards does not count. */
import { minColumnRows, toColumns, type ColumnWriter } from './column-writer.ts';
import { isTableKeys } from './table.ts';
import { marks } from '../../wire/extension.ts';

// What has no further parts, and has been through the walk, goes as it is.
const asItIs: ColumnWriter = { references: undefined, maxDepth: 0, walk: (value) => value };
// Longer ones gain nothing in a table.
const maxText = 1024;

export class LikeRows {
  #keys: string[] = [];
  #cells: unknown[] = [];
  count = 0;
  /** About how many bytes the rows will be. */
  bytes = 0;

  /** False, with nothing added, for what is no plain object with the keys of the others and nothing but numbers, short texts and the like. */
  add(row: unknown): boolean {
    if (typeof row !== 'object' || row === null || Object.getPrototypeOf(row) !== Object.prototype)
      return false;
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
    for (const key in row) {
      const cell = (row as Record<string, unknown>)[key];
      if (key !== keys[column++]) break;
      const type = typeof cell;
      if (type === 'string' && (cell as string).length <= maxText) bytes += (cell as string).length;
      else if (type !== 'number' && type !== 'boolean' && cell !== null && cell !== undefined) break;
      bytes += 5;
      cells.push(cell);
    }
    if (column !== keys.length || cells.length !== before + column) {
      cells.length = before;
      return false;
    }
    this.bytes += bytes;
    this.count++;
    return true;
  }

  /** The rows as they are packed; the next ones begin anew. */
  take(): unknown[] {
    const table = this.#cells;
    const { count } = this;
    this.#cells = [];
    this.count = 0;
    this.bytes = 0;
    return count < minColumnRows ? table : toColumns(table, asItIs, 0);
  }
}
