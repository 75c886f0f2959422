/**
 * One line of a plugin's output as a log record: JSON of hclog, pino, bunyan and their like, the usual forms of text, or plain text. What
 * plugins write is untrusted. Nothing in a line can throw, reach a prototype, or bring what a terminal obeys into a record.
 */

import { printable } from '../../base/printable.ts';
import { readLevel, type RecordLevel } from './levels.ts';
import { readText } from './line-formats.ts';

export type { RecordLevel } from './levels.ts';

/** Levels of nesting that the fields of a record may have. A deeper one is plain text. */
const maxDepth = 64;

/** What a line says. */
export interface LogRecord {
  readonly level: RecordLevel;
  readonly message: string;
  /** Further facts of the line, as the plugin claims them. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** False for plain text, whose level is a guess. */
  readonly isTagged: boolean;
}

/** Reads one line, without its line break. What names no level is at `fallback`. Takes linear time. */
export function readRecord(line: string, fallback: RecordLevel = 'debug'): LogRecord {
  const json = readJson(line, fallback);
  if (json !== undefined) return json;
  const text = printable(line);
  const found = readText(text);
  if (found !== undefined) return { ...found, isTagged: true };
  return { level: fallback, message: text, fields: {}, isTagged: false };
}

const levelKeys = ['@level', 'level', 'severity', 'lvl'];
const messageKeys = ['@message', 'msg', 'message', 'short_message', 'event'];

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
    fields: Object.fromEntries(fields),
    isTagged: true,
  };
}

/** hclog's reserved names in plain words; bunyan's and pino's clock as well. */
function renamed(key: string): string {
  if (key === '@timestamp' || key === 'time') return 'timestamp';
  return key.startsWith('@') ? key.slice(1) : key;
}

/** What makes the texts within a field printable. A line that can hold nothing else, as most can't, is left as it is. */
function clearer(line: string): <T>(value: T) => T {
  const mayHold = /\\[ubfr]/.test(line) || printable(line) !== line;
  return mayHold ? cleared : (value) => value;
}

function cleared<T>(value: T): T {
  if (typeof value === 'string') return printable(value) as T;
  if (Array.isArray(value)) return value.map(cleared) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, entry]) => [printable(key), cleared(entry)]),
  ) as T;
}

/** Whether a value is nested deeper than a logger that recurses can be trusted with. */
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
