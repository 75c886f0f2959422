/**
 * Turns one line of a plugin's output into a log record. This file reads JSON of hclog, pino, bunyan and
 * similar loggers, the usual forms of text, and plain text. The output of plugins is untrusted. No line can
 * make these functions throw, change a prototype, or put control sequences for a terminal into a record.
 */

import { compacted, setOwn } from '../../base/own-property.ts';
import { printable } from '../../base/printable.ts';
import { readLevel, type RecordLevel } from './levels.ts';
import { readText } from './line-formats.ts';

export type { RecordLevel } from './levels.ts';

/** How deep the fields of a record may be nested. A line with deeper fields counts as plain text. */
const maxDepth = 64;

/** The parts of a line. */
export interface LogRecord {
  readonly level: RecordLevel;
  readonly message: string;
  /** Further facts of the line, as the plugin claims them. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** False for plain text, whose level is a guess. */
  readonly isTagged: boolean;
}

/**
 * Reads one line, without its line break. If the line names no level, the record's level is `fallback`. Takes
 * linear time.
 */
export function readRecord(line: string, fallback: RecordLevel = 'debug'): LogRecord {
  const json = readJson(line, fallback);
  if (json !== undefined) return json;
  const text = printable(line);
  const found = readText(text);
  if (found !== undefined) return { ...found, isTagged: true };
  return { level: fallback, message: text, fields: {}, isTagged: false };
}

type Names = readonly string[];

/** The names of the fields that may hold a line's level, the best first. */
export const levelKeys: Names = ['@level', 'level', 'severity', 'lvl', 'levelname', 'log.level', 'PRIORITY'];
/** The names of the fields that may hold a line's message, the best first. */
export const messageKeys: Names = ['@message', 'msg', 'message', 'short_message', 'event', 'MESSAGE'];

function readJson(line: string, fallback: RecordLevel): LogRecord | undefined {
  if (!line.startsWith('{') || !line.endsWith('}') || line.length < 9) return undefined;
  let parsed: Record<string, unknown>;
  try {
    parsed = JSON.parse(line) as Record<string, unknown>;
  } catch {
    // A line that only looks like JSON is plain text.
    return undefined;
  }
  const own = (key: string): unknown => (Object.hasOwn(parsed, key) ? parsed[key] : undefined);
  const levelKey = levelKeys.find((key) => Object.hasOwn(parsed, key));
  const level = levelKey === undefined ? undefined : readLevel(own(levelKey));
  const messageKey = messageKeys.find((key) => typeof own(key) === 'string');
  if (level === undefined && messageKey === undefined) return undefined;
  const clean = clearer(line);
  if (isTooDeep(parsed)) return undefined;
  const fields = Object.entries(parsed)
    .filter(([key]) => key !== messageKey && !levelKeys.includes(key))
    .map(([key, value]) => [clean(renamed(key)), clean(value)] as const);
  const message = messageKey === undefined ? line : (own(messageKey) as string);
  return {
    level: level ?? fallback,
    message: printable(message),
    fields: compacted(Object.fromEntries(fields)),
    isTagged: true,
  };
}

/**
 * Renames hclog's reserved keys, and the time keys of bunyan and pino, to plain words. Returns every other
 * key unchanged.
 */
function renamed(key: string): string {
  if (key === '@timestamp' || key === 'time') return 'timestamp';
  return key.startsWith('@') ? key.slice(1) : key;
}

/**
 * Returns a function that makes the texts within a field printable. Most lines can hold nothing unprintable.
 * For these, the function returns its argument.
 */
function clearer(line: string): <T>(value: T) => T {
  const mayHold = /\\[ubfr]/.test(line) || printable(line) !== line;
  return mayHold ? cleared : (value) => value;
}

/**
 * Makes every text in a parsed value printable, in place. Copies would cost 20 times as much time if the line
 * has thousands of objects whose keys are indexes.
 */
function cleared<T>(value: T): T {
  if (typeof value === 'string') return printable(value) as T;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) value[index] = cleared<unknown>(value[index]);
    return value;
  }
  if (typeof value !== 'object' || value === null) return value;
  const record = value as Record<string, unknown>;
  let hasOddKeys = false;
  for (const key of Object.keys(record)) {
    const item = record[key];
    const clean = cleared(item);
    if (clean !== item) setOwn(record, key, clean);
    hasOddKeys ||= printable(key) !== key;
  }
  return (hasOddKeys ? withPrintableKeys(record) : record) as T;
}

function withPrintableKeys(record: Record<string, unknown>): Record<string, unknown> {
  return compacted(Object.fromEntries(Object.entries(record).map(([key, item]) => [printable(key), item])));
}

/** True if a value is nested too deep for a logger that recurses. */
function isTooDeep(value: unknown): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > maxDepth) return true;
    level = level.flatMap((entry) =>
      typeof entry === 'object' && entry !== null ? Object.values(entry) : [],
    );
  }
  return false;
}
