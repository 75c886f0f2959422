/**
 * One line of a plugin's raw output as a log record: hclog's JSON, pino's and bunyan's, `[LEVEL]` prefixes, or plain
 * text. What plugins write is untrusted: nothing in a line can throw, or reach a prototype.
 */

import { stripVTControlCharacters } from 'node:util';

/** Levels of nesting that the fields of a record may have: a deeper one is plain text. */
const maxDepth = 64;

/** Levels of a record. */
export type RecordLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';

/** What a line says. */
export interface LogRecord {
  readonly level: RecordLevel;
  readonly message: string;
  /** Further facts of the line, without the plugin's name, which the log adds. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** False for plain text, whose level is a guess. */
  readonly tagged: boolean;
}

const names: Record<string, RecordLevel> = {
  trace: 'trace',
  silly: 'trace',
  verbose: 'debug',
  debug: 'debug',
  info: 'info',
  information: 'info',
  notice: 'info',
  log: 'info',
  warn: 'warn',
  warning: 'warn',
  error: 'error',
  err: 'error',
  fatal: 'error',
  critical: 'error',
  crit: 'error',
  panic: 'error',
  alert: 'error',
  emerg: 'error',
};

/** Reads one line, without its line break. Plain text is `fallback`. */
export function readRecord(line: string, fallback: RecordLevel = 'debug'): LogRecord {
  return readJson(line) ?? readPrefix(line) ?? { level: fallback, message: line, fields: {}, tagged: false };
}

function readJson(line: string): LogRecord | undefined {
  if (!line.startsWith('{') || !line.endsWith('}')) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
    if (isTooDeep(parsed)) return undefined;
  } catch {
    // A line that only looks like JSON is plain text.
    return undefined;
  }
  // An own, prototype-free view: the line may carry keys such as __proto__.
  const entries = new Map<string, unknown>(Object.entries(parsed as object));
  const level = readLevel(
    entries.get('@level') ?? entries.get('level') ?? entries.get('severity') ?? entries.get('lvl'),
  );
  const messageKey = ['@message', 'msg', 'message'].find((key) => typeof entries.get(key) === 'string');
  if (level === undefined && messageKey === undefined) return undefined;
  const message = messageKey === undefined ? line : (entries.get(messageKey) as string);
  const own = new Set([messageKey, '@level', 'level', 'severity', 'lvl']);
  const fields = [...entries]
    .filter(([key]) => !own.has(key))
    .map(([key, value]) => [renamed(key), value] as const);
  return { level: level ?? 'debug', message, fields: Object.fromEntries(fields), tagged: true };
}

/** hclog's reserved names in plain words; bunyan's and pino's clock as well. */
function renamed(key: string): string {
  if (key === '@timestamp' || key === 'time') return 'timestamp';
  return key.startsWith('@') ? key.slice(1) : key;
}

function readLevel(value: unknown): RecordLevel | undefined {
  if (typeof value === 'string') {
    const name = value.toLowerCase();
    return Object.hasOwn(names, name) ? names[name] : undefined;
  }
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
  // pino and bunyan count 10 (trace), 20, 30, 40, 50, 60 (fatal).
  if (value < 20) return 'trace';
  if (value < 30) return 'debug';
  if (value < 40) return 'info';
  return value < 50 ? 'warn' : 'error';
}

function readPrefix(line: string): LogRecord | undefined {
  // Colours are for terminals: they neither hide a level nor belong into a log.
  const plain = line.includes('\u001b') ? stripVTControlCharacters(line) : line;
  const match = bracketed.exec(plain) ?? bare.exec(plain);
  const level = readLevel(match?.[1]);
  return level === undefined ? undefined : { level, message: match?.[2] ?? '', fields: {}, tagged: true };
}

/** `[LEVEL]`, behind a date in the form of Go's and Python's loggers or not. */
const bracketed = /^(?:\[?[\d/:.,TZ+\- ]{4,40}\]? )?\[\s*([A-Za-z]{3,11})\s*\]:?\s*(.*)$/s;
/** `LEVEL` and a colon or a space, in capitals: in small letters it is a word. */
const bare = /^(?!FATAL ERROR: )([A-Z]{4,8})(?::\s*|\s+)(.*)$/s;

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
