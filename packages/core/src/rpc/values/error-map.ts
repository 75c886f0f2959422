/** Decides which parts of an error are sent, and under which keys. docs/protocol.md has the keys. */
import { compacted, setOwn } from '../../base/own-property.ts';
import { builtInErrorOf, isError } from '../../base/realm.ts';
import { walk, type OutboundOptions } from './outbound.ts';
import { itemsOf } from './own-fields.ts';
import { Refusal } from './refusal.ts';

/** An error as a map, for peers with `errors`. */
export interface ErrorMap {
  name: string;
  message: string;
  /** The name of the error's nearest built-in class, if it differs from `name`. */
  type?: string;
  /** The error's `code`, unchanged. The code is usually a string or a number. */
  code?: unknown;
  stack?: string;
  cause?: ErrorMap;
  errors?: ErrorMap[];
  data?: Record<string, unknown>;
}

/** The maximum depth of errors within errors: causes, members, and errors in fields. */
export const maxErrorDepth = 16;
/** How many members of an AggregateError are sent. */
export const maxErrorCount = 256;
/**
 * The maximum number of errors in one map. Without this limit, a cause that many errors share would be
 * written many times.
 */
const maxErrorsInAll = 1_000;
/** The maximum depth of a thrown value that is not an error. A deeper value cannot be sent. */
const maxCopied = 512;
/** The message shows at most this many characters of a thrown value that is not an error. */
const maxShown = 1_000;

/**
 * Fields that are left out of `data`, because the map has a key for them, or because the receiver adds them.
 */
const ownFields = new Set(['name', 'message', 'code', 'stack', 'cause', 'errors', 'remoteStack', 'sent']);

/**
 * Returns the text of a thrown value, for a peer that accepts only texts. The text is never empty, because
 * net/rpc reads an empty text as success.
 */
export function errorText(error: unknown): string {
  const { message, name } = readError(error);
  return message || name || 'the handler failed without a message';
}

/** Returns the map of a thrown value. Never throws, even if a getter or trap of the value throws. */
export function errorMap(error: unknown, options: OutboundOptions, depth = 0): ErrorMap {
  return new ErrorWriter(options).map(error, depth);
}

/** Writes the map of one thrown value, including the errors in it. */
class ErrorWriter {
  readonly #options: OutboundOptions;
  /**
   * The errors that enclose the current one. If one of these errors occurs again inside the current one, the
   * inner occurrence is left out.
   */
  readonly #around = new Set<unknown>();
  #left = maxErrorsInAll;

  constructor(options: OutboundOptions) {
    this.#options = {
      ...options,
      references: undefined,
      encodeError: (inner, _options, depth) => {
        if (!this.#hasRoomFor(inner)) throw new Refusal('contains itself, or more errors than can travel');
        return this.map(inner, depth);
      },
    };
  }

  #hasRoomFor(inner: unknown): boolean {
    return !this.#around.has(inner) && this.#around.size < maxErrorDepth && this.#left > 0;
  }

  map(error: unknown, depth: number): ErrorMap {
    this.#left--;
    if (!isErrorSafely(error)) return this.#thrown(error, depth);
    this.#around.add(error);
    try {
      return this.#error(error, depth);
    } finally {
      this.#around.delete(error);
    }
  }

  #error(error: Error, depth: number): ErrorMap {
    const map: ErrorMap = readError(error);
    const type = attempt(() => builtInErrorOf(error)) ?? 'Error';
    if (type !== map.name) map.type = type;
    const code = this.#field(error, 'code', depth);
    if (code !== undefined) map.code = code.value;
    const stack = attempt(() => error.stack);
    if (typeof stack === 'string') map.stack = stack.toWellFormed();
    const cause = attempt(() => readCause(error));
    if (cause !== undefined && this.#hasRoomFor(cause.value)) map.cause = this.map(cause.value, depth + 1);
    const data: Record<string, unknown> = {};
    this.#errors(error, type, map, data, depth);
    for (const key of attempt(() => fieldNames(error)) ?? []) {
      if (ownFields.has(key)) continue;
      const field = this.#field(error, key, depth);
      if (field !== undefined) setOwn(data, key.toWellFormed(), field.value);
    }
    if (Object.keys(data).length > 0) map.data = data;
    return map;
  }

  /**
   * Writes the members of an AggregateError to `map`. In any other error, `errors` is an ordinary field, for
   * instance a list of problems, and goes to `data`.
   */
  #errors(error: Error, type: string, map: ErrorMap, data: Record<string, unknown>, depth: number): void {
    const field = attempt(() => read(error, 'errors'));
    if (field === undefined) return;
    const { value } = field;
    const members = type === 'AggregateError' ? attempt(() => membersOf(value)) : undefined;
    if (members !== undefined) {
      map.errors = members
        .filter((inner) => this.#hasRoomFor(inner))
        .map((inner) => this.map(inner, depth + 2));
      return;
    }
    const sent = attempt(() => ({ value: this.#value(value, depth) }));
    if (sent !== undefined) data['errors'] = sent.value;
  }

  /**
   * Returns the form in which a field is sent. Returns undefined if the error has no such field, or if the
   * field's value cannot be sent. In both cases the other fields are sent.
   */
  #field(error: Error, key: string, depth: number): { value: unknown } | undefined {
    return attempt(() => {
      const field = read(error, key);
      return field && { value: this.#value(field.value, depth) };
    });
  }

  #value(value: unknown, depth: number): unknown {
    const wire = walk(value, this.#options, depth + 2);
    return wire === undefined && !this.#options.types ? null : wire;
  }

  /**
   * Returns the map of a value that is not an error. Such a value may be thrown, and may be a cause or a
   * member of an error.
   */
  #thrown(value: unknown, depth: number): ErrorMap {
    const read = attempt(() => ({ value: copied(value) }));
    const isInner = this.#around.size > 0;
    if (read === undefined) return isInner ? untold('a value') : thrown('a value');
    const map: ErrorMap = readError(read.value);
    const data = attempt(() => ({ thrown: this.#value(read.value, depth) }));
    if (data !== undefined) map.data = data;
    else if (isInner) return untold(attempt(() => show(read.value)) ?? 'a value');
    return map;
  }
}

/** Returns the first members of an AggregateError; undefined if `errors` is not a list. */
function membersOf(errors: unknown): unknown[] | undefined {
  return Array.isArray(errors) ? itemsOf(errors.slice(0, maxErrorCount)) : undefined;
}

/** The fields that a SuppressedError has. They are not enumerable. */
const suppressedFields = ['error', 'suppressed'];

/** The names of the enumerable fields of an error, and of the fields of a SuppressedError. */
function fieldNames(error: Error): Iterable<string> {
  const names = Object.keys(error);
  return Object.hasOwn(error, 'suppressed') ? new Set([...names, ...suppressedFields]) : names;
}

/** Reads a field of an error once. Returns undefined if the error has no such field. */
function read(error: Error, key: string): { value: unknown } | undefined {
  const value = (error as unknown as Record<string, unknown>)[key];
  return value === undefined && !Object.hasOwn(error, key) ? undefined : { value };
}

/** Like {@link read}, for the cause. An inherited method named `cause`, as some libraries have, is not a cause. */
function readCause(error: Error): { value: unknown } | undefined {
  const field = read(error, 'cause');
  return typeof field?.value === 'function' && !Object.hasOwn(error, 'cause') ? undefined : field;
}

function readError(error: unknown): { name: string; message: string } {
  if (!isErrorSafely(error)) return thrown(attempt(() => show(error)) ?? 'a value');
  const message = attempt(() => textOf(error.message)) ?? '';
  return { name: attempt(() => nameOf(error)) ?? 'Error', message: message.toWellFormed() };
}

/** Returns the text of a message. A program may have set a message that is not a text. */
function textOf(message: unknown): string {
  return message === undefined ? '' : show(message);
}

function thrown(shown: string): { name: string; message: string } {
  return quoted('the handler threw', shown);
}

/** Stands for a cause or member that is not an error and cannot be sent. */
function untold(shown: string): { name: string; message: string } {
  return quoted('a value that cannot travel:', shown);
}

function quoted(what: string, shown: string): { name: string; message: string } {
  const text = shown.length > maxShown ? `${shown.slice(0, maxShown)}…` : shown;
  return { name: '', message: `${what} ${text}`.toWellFormed() };
}

/**
 * Returns the error's name. If only a built-in class sets the name, returns the name of the error's own
 * class.
 */
function nameOf(error: Error): string {
  const { name } = error;
  if (typeof name !== 'string') return 'Error';
  if (name !== builtInErrorOf(error) || Object.hasOwn(error, 'name')) return name.toWellFormed();
  // A field of the error may be named `constructor`.
  const prototype = Object.getPrototypeOf(error) as Partial<Error> | null;
  const ofClass: unknown = prototype?.constructor?.name;
  return typeof ofClass === 'string' && ofClass !== '' ? ofClass.toWellFormed() : name;
}

/**
 * Copies the plain objects and lists in a value, and reads each field once, because the value is both
 * shown and sent. Throws if the value is too deep to be sent, or contains itself.
 */
function copied(value: unknown, around: readonly object[] = []): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (around.length === maxCopied || around.includes(value)) throw new Refusal('is nested too deep', true);
  const within = [...around, value];
  if (Array.isArray(value)) return itemsOf(value).map((item) => copied(item, within));
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  const copy: Record<string, unknown> = compacted({ ...value });
  for (const key of Object.keys(copy)) setOwn(copy, key, copied(copy[key], within));
  return copy;
}

/** Returns a value as text, for a message that people read. */
export function show(value: unknown): string {
  if (typeof value === 'string') return value;
  // The time for the decimal text of a long bigint grows with the square of the length.
  if (typeof value === 'bigint' && BigInt.asIntN(65, value) !== value)
    return 'an integer of more than 64 bits';
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
}

function isErrorSafely(value: unknown): value is Error {
  return attempt(() => isError(value)) === true;
}

/**
 * Returns the result of `read`. Returns undefined if `read` threw, because of a getter, a trap or a value
 * that cannot be sent.
 */
export function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined; // The field is left out, and the error is sent without it.
  }
}
