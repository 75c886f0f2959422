/**
 * Writes and reads values as JSON. A value that JSON does not have is written as a form: an object with one
 * key that begins with `$`, such as `{"$date": "2026-01-01T00:00:00.000Z"}`. If an object of a plugin looks
 * like a form, its key gets one more `$`. So each form stands for one value.
 */
import { types } from 'node:util';
import { defaultLimits } from '@pipework/core';
import { UsageError } from './exit-status.ts';

/**
 * The maximum number of digits of a whole number. Reading a million digits takes a second, and reading ten
 * million takes ten.
 */
const maxDigits = 1_000_000;

/** Writes and reads the form of one kind of value. `write` returns undefined for values of other kinds. */
interface Form {
  write(value: unknown): unknown;
  read(content: unknown, read: (inner: unknown) => unknown): unknown;
}

type ViewMaker = new (buffer: ArrayBuffer) => ArrayBufferView;

const arrays: Readonly<Record<string, ViewMaker>> = {
  Int8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  DataView,
};

const textIn = (content: unknown): string => {
  if (typeof content !== 'string') throw new Error('expected a text');
  return wellFormed(content);
};

const listIn = (content: unknown): readonly unknown[] => {
  if (!Array.isArray(content)) throw new Error('expected a list');
  return content as unknown[];
};

/**
 * Returns `content` if it is a list of two items. Otherwise throws an error that says that `what` was
 * expected.
 */
const pairIn = (content: unknown, what: string): readonly [unknown, unknown] => {
  const [first, second, ...others] = Array.isArray(content) ? (content as unknown[]) : [];
  if (second === undefined || others.length > 0) throw new Error(`expected ${what}`);
  return [first, second];
};

const base64 = (bytes: ArrayBufferView): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');

/**
 * Decodes base64. The bytes begin at offset 0 of a new ArrayBuffer, because a typed array needs an aligned
 * offset.
 */
function bytesIn(content: unknown): Uint8Array<ArrayBuffer> {
  const text = textIn(content);
  const bytes = Buffer.from(text, 'base64');
  const padded = bytes.toString('base64');
  if (text !== padded && text !== padded.replace(/=+$/, '')) throw new Error('expected base64');
  return new Uint8Array(bytes);
}

/** Matches a date of ISO 8601, with or without a time. The group matches the day. */
const isoDate = /^((?:[+-]\d\d)?\d{4}-\d\d-\d\d)(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?$/;

/** Reads a date of ISO 8601. `Date` alone would also read `1`, and would turn 31 February into 3 March. */
function dateIn(text: string): Date {
  const [, day = ''] = isoDate.exec(text) ?? [];
  const date = new Date(text);
  const isDay = new Date(Date.parse(day) || 0).toISOString().startsWith(day);
  if (day === '' || !isDay || Number.isNaN(date.getTime()))
    throw new Error('expected a date such as 2026-01-31T12:00:00.000Z, or null for an invalid date');
  return date;
}

const forms: Readonly<Record<string, Form>> = {
  $undefined: {
    write: (value) => (value === undefined ? true : undefined),
    read: (content) => {
      if (content !== true) throw new Error('expected true');
      return undefined;
    },
  },
  $bigint: {
    write: (value) => (typeof value === 'bigint' ? String(value) : undefined),
    read: (content) => {
      const text = textIn(content);
      if (text.length > maxDigits)
        throw new Error(`expected at most ${maxDigits.toLocaleString('en')} digits`);
      if (!/^-?\d+$/.test(text)) throw new Error('expected digits');
      return BigInt(text);
    },
  },
  $number: {
    write: (value) =>
      typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))
        ? Object.is(value, -0)
          ? '-0'
          : String(value)
        : undefined,
    read: (content) => {
      const text = textIn(content);
      if (!['NaN', 'Infinity', '-Infinity', '-0'].includes(text))
        throw new Error('expected NaN, Infinity, -Infinity or -0');
      return Number(text);
    },
  },
  $date: {
    write: (value) =>
      types.isDate(value) ? (Number.isNaN(value.getTime()) ? null : value.toISOString()) : undefined,
    read: (content) => (content === null ? new Date(Number.NaN) : dateIn(textIn(content))),
  },
  $bytes: {
    write: (value) => (types.isUint8Array(value) ? base64(value) : undefined),
    read: bytesIn,
  },
  $buffer: {
    write: (value) => (types.isAnyArrayBuffer(value) ? base64(new Uint8Array(value)) : undefined),
    read: (content) => bytesIn(content).buffer,
  },
  $array: {
    write: (value) => (ArrayBuffer.isView(value) ? [nameOfView(value), base64(value)] : undefined),
    read: (content) => {
      const [name, bytes] = pairIn(content, 'a list of the name of a class and base64');
      const maker = typeof name === 'string' && Object.hasOwn(arrays, name) ? arrays[name] : undefined;
      if (maker === undefined) throw new Error(`expected one of ${Object.keys(arrays).join(', ')}`);
      return new maker(bytesIn(bytes).buffer);
    },
  },
  $map: {
    write: (value) =>
      types.isMap(value) ? [...value].map(([key, item]) => [toJson(key), toJson(item)]) : undefined,
    read: (content, read) =>
      new Map(
        listIn(content)
          .map((entry) => pairIn(entry, 'pairs of a key and a value'))
          .map(([key, value]) => [read(key), read(value)]),
      ),
  },
  $set: {
    write: (value) => (types.isSet(value) ? [...value].map(toJson) : undefined),
    read: (content, read) => new Set(listIn(content).map(read)),
  },
  $regexp: {
    write: (value) => (types.isRegExp(value) ? [value.source, value.flags] : undefined),
    read: (content) => {
      const [source, flags] = pairIn(content, 'a list of a source and flags');
      return new RegExp(textIn(source), textIn(flags));
    },
  },
  $url: {
    write: (value) => (value instanceof URL ? value.href : undefined),
    read: (content) => new URL(textIn(content)),
  },
  $error: {
    write: (value) => (types.isNativeError(value) ? errorFacts(value) : undefined),
    read: (content, read) => errorIn(content, read),
  },
};

function nameOfView(value: ArrayBufferView): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1);
}

/**
 * Returns the members of an AggregateError, or of a similar error from another language. In any other error,
 * `errors` is ordinary data, and enumerable.
 */
export function membersOf(error: Error): readonly unknown[] | undefined {
  const field = Object.getOwnPropertyDescriptor(error, 'errors');
  return field?.enumerable === false && Array.isArray(field.value) ? field.value : undefined;
}

function errorFacts(error: Error): unknown {
  const { name, message, cause } = error;
  const members = membersOf(error);
  const own = Object.entries(error).filter(([key]) => key !== 'name' && key !== 'message' && key !== 'stack');
  return {
    name,
    message,
    ...(cause === undefined ? {} : { cause: toJson(cause) }),
    ...(members === undefined ? {} : { errors: members.map(toJson) }),
    ...Object.fromEntries(own.map(([key, item]) => [key, toJson(item)])),
  };
}

const errorMakers = [EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError] as const;

/**
 * Returns an error of the built-in class `name`, or an `Error` if there is no such class. An AggregateError gets
 * an empty list of errors.
 */
function emptyError(name: unknown, message: string): Error {
  if (name === AggregateError.name) return new AggregateError([], message);
  return new (errorMakers.find((one) => one.name === name) ?? Error)(message);
}

function errorIn(content: unknown, read: (inner: unknown) => unknown): Error {
  if (typeof content !== 'object' || content === null || Array.isArray(content))
    throw new Error('expected an object');
  const { name = 'Error', message = '', ...others } = content as Record<string, unknown>;
  const error = emptyError(name, textIn(message));
  if (error.name !== name)
    Object.defineProperty(error, 'name', { value: textIn(name), configurable: true, writable: true });
  if (error instanceof AggregateError) listIn(others['errors'] ?? []);
  for (const [key, item] of Object.entries(others))
    Object.defineProperty(error, wellFormed(key), {
      value: read(item),
      enumerable: key !== 'cause' && !(key === 'errors' && error instanceof AggregateError),
      configurable: true,
      writable: true,
    });
  return error;
}

/** The forms that occur only in results, and the kind of value for which each stands. */
const inResults: Readonly<Record<string, string>> = {
  $function: 'a function',
  $object: 'an object with methods',
  $stream: 'a stream',
  $signal: 'an AbortSignal',
};

/**
 * Returns the form of a reference, or undefined if `value` is not a reference. Such a form cannot be read
 * again, because the reference ends with the command.
 */
function referenceForm(value: object): Record<string, true> | undefined {
  if (typeof value === 'function') return { $function: true };
  if (Symbol.asyncIterator in value || value instanceof ReadableStream) return { $stream: true };
  if (value instanceof AbortSignal) return { $signal: true };
  return Object.prototype.toString.call(value) === '[object remote object]' ? { $object: true } : undefined;
}

/** Returns a value from a plugin as JSON. */
export function toJson(value: unknown): unknown {
  for (const [key, form] of Object.entries(forms)) {
    const written = form.write(value);
    if (written !== undefined) return { [key]: written };
  }
  if (Array.isArray(value)) return Array.from(value, toJson);
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return value;
  const reference = referenceForm(value);
  if (reference !== undefined) return reference;
  const entries = Object.entries(value).map(([key, item]) => [key, toJson(item)] as const);
  const [first] = entries;
  if (first !== undefined && entries.length === 1 && first[0].startsWith('$'))
    return { [`$${first[0]}`]: first[1] };
  return Object.fromEntries(entries);
}

/**
 * Matches characters that control a terminal or change the order of shown text, and that `JSON.stringify()`
 * does not escape.
 */
const unsafe = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** True for the errors that Node throws if a text would be longer than the longest possible string. */
export const isTooLong = (error: unknown): boolean =>
  error instanceof Error &&
  (error.message === 'Invalid string length' || ('code' in error && error.code === 'ERR_STRING_TOO_LONG'));

/**
 * Returns `json` as text, without characters that could control a terminal. In JSON these characters occur
 * only inside strings, so an escape can replace each of them.
 */
export function jsonText(json: unknown, indent: number = 0): string {
  return JSON.stringify(json, undefined, indent).replaceAll(
    unsafe,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/**
 * How deep a value may be nested. A client refuses to send a deeper value. If it refused an item of a stream,
 * the method would fail, although the mistake is the user's.
 */
const { maxDepth } = defaultLimits;

/** Turns parsed JSON into a value for a plugin. Throws an error that names the invalid form. */
export function fromJson(json: unknown): unknown {
  return fromJsonAt(json, 0);
}

function fromJsonAt(json: unknown, depth: number): unknown {
  if (typeof json === 'string') return wellFormed(json);
  if (typeof json === 'number' && !Number.isFinite(json))
    throw new UsageError('a number is too large. {"$number":"Infinity"} stands for infinity');
  if (typeof json !== 'object' || json === null) return json;
  if (depth >= maxDepth) throw new UsageError(`it is nested deeper than ${maxDepth} levels`);
  const read = (inner: unknown): unknown => fromJsonAt(inner, depth + 1);
  if (Array.isArray(json)) return json.map(read);
  const entries = Object.entries(json) as [string, unknown][];
  const [first] = entries;
  if (first !== undefined && entries.length === 1 && first[0].startsWith('$')) {
    const [key, content] = first;
    if (key.startsWith('$$')) return Object.fromEntries([[wellFormed(key.slice(1)), read(content)]]);
    return readForm(key, content, read);
  }
  return Object.fromEntries(entries.map(([key, item]) => [wellFormed(key), read(item)]));
}

/**
 * Returns `text`. Throws if it has half of a surrogate pair, because UTF-8 would replace this half by U+FFFD.
 */
function wellFormed(text: string): string {
  const half = /\p{Surrogate}/u.exec(text)?.[0];
  if (half === undefined) return text;
  throw new UsageError(
    `a text has \\u${half.charCodeAt(0).toString(16)}, which is half of a surrogate pair and cannot be sent`,
  );
}

function readForm(key: string, content: unknown, read: (inner: unknown) => unknown): unknown {
  const form = Object.hasOwn(forms, key) ? forms[key] : undefined;
  if (Object.hasOwn(inResults, key))
    throw new UsageError(
      `${key} stands for ${inResults[key]} in a result, and cannot be an argument, because it would end with the command${key === '$stream' ? '. The argument - is a stream, from standard input' : ''}`,
    );
  if (form === undefined) {
    const known = Object.keys(forms).join(', ');
    throw new UsageError(
      `${key} is not the form of a value. The forms are ${known}. An object with this key alone is written with $${key}`,
    );
  }
  try {
    return form.read(content, read);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${key}: ${reason}; got ${excerpt(JSON.stringify(content))}`, { cause: error });
  }
}

const maxExcerpt = 200;

/** Returns at most 200 characters of a text, for a message. */
export const excerpt = (text: string): string =>
  text.length <= maxExcerpt ? text : `${text.slice(0, maxExcerpt)}... (${text.length} characters)`;

/**
 * Reads a JSON text. A whole number that a JavaScript number cannot hold becomes a bigint, so that it keeps
 * its value.
 */
export function parseJson(text: string): unknown {
  // This call refuses a text that is not JSON, which the replacement below could turn into JSON.
  JSON.parse(text);
  let isInText = false;
  // The expression matches no whole strings, because a match of a long string would exhaust the stack.
  const exact = text.replaceAll(/\\.|"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, (token) => {
    if (token === '"') isInText = !isInText;
    if (isInText || !/^-?\d+$/.test(token) || Number.isSafeInteger(Number(token))) return token;
    return `{"$bigint":"${token}"}`;
  });
  return fromJson(JSON.parse(exact));
}
