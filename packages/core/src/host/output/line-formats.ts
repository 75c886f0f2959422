/**
 * The formats in which programs write a log line as text: `[LEVEL] …`, `LEVEL: …`, a time and a level, and
 * the formats of klog, syslog and logfmt. Each pattern is anchored and checks at most the first 256
 * characters, so no line takes more than linear time.
 */

import { printable } from '../../base/printable.ts';
import { levelOfSeverity, readLevel, type RecordLevel } from './levels.ts';

/** A line of text, split into its level, message and fields. */
export interface TextLine {
  readonly level: RecordLevel;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** The number of characters of a line that each pattern sees. */
const headLength = 256;

/** Reads a line. Returns undefined if the line has no known format. */
export function readText(line: string): TextLine | undefined {
  const head = line.length > headLength ? line.slice(0, headLength) : line;
  for (const read of readers) {
    const found = read(head, line);
    if (found !== undefined) return found;
  }
  return undefined;
}

type Reader = (head: string, line: string) => TextLine | undefined;

function textLine(
  level: RecordLevel | undefined,
  message: string,
  fields: Readonly<Record<string, unknown>> = {},
): TextLine | undefined {
  return level === undefined ? undefined : { level, message, fields };
}

/** `[WARN] …`. The brackets may follow a date in the form of Go's or Python's loggers. */
const bracketed =
  /^(?:\[?[\d/:.,TZ+\- ]{4,40}\]? )?\[\s{0,8}([A-Za-z]{3,11}(?:[+-]\d{1,4})?)\s{0,8}\]:?\s{0,8}/;
/**
 * `ERROR …` or `ERROR: …` in capitals. In small letters and without a colon, the same word is ordinary text.
 */
const bare = /^(?!FATAL ERROR: )([A-Z]{4,8}(?:[+-]\d{1,4})?)(?::\s{0,8}|\s{1,8}|$)/;
/**
 * `error: …`, as compilers and command-line tools write it. `panic:` and `Error:` are left out, because they
 * begin traces.
 */
const lowerCase =
  /^(trace|debug|info|notice|[Ww]arn|[Ww]arning|error|fatal|critical|fail|crit|dbug|trce):(?:\s{1,8}|$)/;

/** logrus writes `ERRO[0012] …` on a terminal. */
const short = /^([A-Z]{4})\[\d{4,9}\] ?/;
/**
 * tracing and env_logger write ` WARN app: …` without a time. The target (`app`) sets the level apart from
 * prose.
 */
const indented = /^ {1,2}([A-Z]{4,5}) {1,2}(?=[\w:]{1,100}(?: >|:) )/;

const readWord: Reader = (head, line) => {
  const match =
    bracketed.exec(head) ??
    bare.exec(head) ??
    lowerCase.exec(head) ??
    short.exec(head) ??
    indented.exec(head);
  return match === null ? undefined : textLine(readLevel(match[1]), line.slice(match[0].length));
};

const time = String.raw`\d\d:\d\d:\d\d(?:[.,]\d{1,9})?`;
const zone = String.raw`(?:Z| ?[+-]\d\d:?\d\d)?`;
const date = String.raw`\d{4}[-/]\d\d[-/]\d\d`;
/**
 * A time, some text, and the level. The text in the middle is separators, a thread in brackets, or a logger's
 * name before a dash. Python's logging, zap, tracing, env_logger, logback, zerolog's console, and the text
 * output of slog and loguru have this format.
 */
const timed = new RegExp(
  String.raw`^(\[)?(?:${date}(?:[T ]${time}${zone})?|${time}|\d{1,2}:\d\d[AP]M)(\])?[\s|:-]{1,12}` +
    String.raw`(?:\[[^\]\s]{1,60}\] )?(?:[\w.$/-]{1,100} - )?(\[)?\s{0,8}([A-Za-z]{3,11}(?:[+-]\d{1,4})?)(?=([\s|:\]-])|$)`,
);

const readTimed: Reader = (head, line) => {
  const match = timed.exec(head);
  const word = match?.[4];
  if (match === null || word === undefined || readLevel(word) === undefined) return undefined;
  const [all, bracket, closed, inBrackets, , delimiter] = match;
  // After a time, a word in small letters is a level only if brackets or a delimiter set it apart.
  if (!/^[A-Z]{3,}/.test(word) && inBrackets === undefined && !/[\t|:\]]/.test(delimiter ?? ''))
    return undefined;
  const rest = line.slice(all.length);
  return textLine(
    readLevel(word),
    bracket !== undefined && closed === undefined ? behindTarget(rest) : behindSeparator(rest),
  );
};

function behindSeparator(rest: string): string {
  return rest.slice(/^\]?:?\s{0,8}(?:[-|]\s{1,8})?/.exec(rest)?.[0].length ?? 0);
}

/**
 * Returns `target: message`. `rest` is the text after the level in env_logger's `[TIME LEVEL target]
 * message`.
 */
function behindTarget(rest: string): string {
  const match = /^ {0,8}([^\]\s]{0,120})\] ?/.exec(rest);
  if (match === null) return rest.trimStart();
  const message = rest.slice(match[0].length);
  return match[1] === '' ? message : `${match[1]}: ${message}`;
}

/** env_logger's `[LEVEL target] message` without a time. */
const targeted = /^\[([A-Z]{4,5}) {1,2}(?=[\w:]{1,100}\] )/;

const readTargeted: Reader = (head, line) => {
  const match = targeted.exec(head);
  return match === null
    ? undefined
    : textLine(readLevel(match[1]), behindTarget(line.slice(match[0].length)));
};

/** Celery's `[TIME: LEVEL/process] message`. */
const celery = new RegExp(String.raw`^\[${date} ${time}: ([A-Z]{4,8})\/[\w-]{1,60}\] `);
/** Python's `TIME logger LEVEL message`. The dotted name and the capitals set the level apart from prose. */
const named = new RegExp(
  String.raw`^${date}[T ]${time}${zone} (?:[a-z_][\w-]{0,60}\.)[\w.-]{1,100} ([A-Z]{4,8}):? `,
);

const readPython: Reader = (head, line) => {
  const match = celery.exec(head) ?? named.exec(head);
  return match === null ? undefined : textLine(readLevel(match[1]), line.slice(match[0].length));
};

/** klog's and glog's `E0102 15:04:05.678901  123 file.go:12] message`. */
const klog = /^([IWEFD])\d{4,8} \d\d:\d\d:\d\d(?:\.\d{1,9})?\s{1,10}\d{1,10} ([^\s\]]{1,120})\] ?/;
const klogLevels: Readonly<Record<string, RecordLevel>> = {
  I: 'info',
  W: 'warn',
  E: 'error',
  F: 'error',
  D: 'debug',
};

const readKlog: Reader = (head, line) => {
  const match = klog.exec(head);
  if (match === null) return undefined;
  return textLine(klogLevels[match[1] ?? ''], line.slice(match[0].length), { caller: match[2] });
};

/** Ruby's `E, [TIME #1] ERROR -- : message`. */
const ruby = /^[DIWEFA], \[[^\]]{1,80}\] {1,3}([A-Z]{3,8}) -- [^:]{0,60}: ?/;

const readRuby: Reader = (head, line) => {
  const match = ruby.exec(head);
  return match === null ? undefined : textLine(readLevel(match[1]), line.slice(match[0].length));
};

/** A syslog priority in angle brackets, as systemd reads it from a service's output. */
const readPriority: Reader = (head, line) => {
  const match = /^<(\d{1,3})>/.exec(head);
  if (match === null || Number(match[1]) > 191) return undefined;
  return textLine(levelOfSeverity(Number(match[1]) & 7), line.slice(match[0].length));
};

const levelKeys = ['level', 'lvl', 'severity', 'priority'];
const maxPairs = 64;

/** logfmt: `time=… level=error msg="…" key=value`, as logrus, go-kit and slog write it. */
const readLogfmt: Reader = (head, line) => {
  if (!/^[A-Za-z_][\w.-]{0,60}=/.test(head)) return undefined;
  const pairs = new Map<string, string>();
  const pair = /\s*([^\s="]{1,100})=(?:"((?:[^"\\]|\\.)*)"(?!\S)|(\S*))/y;
  let at = 0;
  while (at < line.length && pairs.size < maxPairs) {
    pair.lastIndex = at;
    const match = pair.exec(line);
    if (match === null) break;
    at = pair.lastIndex;
    const [, key = '', quoted, word = ''] = match;
    pairs.set(key, quoted === undefined ? word : unquoted(quoted));
  }
  const levelKey = levelKeys.find((key) => pairs.has(key));
  const level = readLevel(pairs.get(levelKey ?? ''));
  const message = pairs.get('msg') ?? pairs.get('message');
  // If there is no message field, or if text follows the pairs, the whole line is the message.
  if (message === undefined || line.slice(at).trim() !== '') return textLine(level, line);
  const fields = [...pairs].filter(
    ([key]) => key !== levelKey && key !== (pairs.has('msg') ? 'msg' : 'message'),
  );
  return textLine(
    level,
    message,
    Object.fromEntries(fields.map(([key, value]) => [key === 'time' ? 'timestamp' : key, value])),
  );
};

function unquoted(text: string): string {
  if (!text.includes('\\')) return text;
  try {
    return printable(String(JSON.parse(`"${text}"`)));
  } catch {
    // Some escapes of Go are not valid in JSON.
    return text;
  }
}

const readers: readonly Reader[] = [
  readWord,
  readTargeted,
  readTimed,
  readPython,
  readKlog,
  readRuby,
  readPriority,
  readLogfmt,
];
