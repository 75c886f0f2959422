/** Errors on their way to the peer: what of an error is sent, and under which key. docs/protocol.md has the keys. */
import { builtInErrorOf, isError } from '../../base/realm.ts';
import { walk, type OutboundOptions } from './outbound.ts';
import { itemsOf, setOwn } from './own-fields.ts';
import { Refusal } from './refusal.ts';

/** An error as a map, for peers with `errors`. */
export interface ErrorMap {
  name: string;
  message: string;
  /** The nearest built-in class, if `name` is another. */
  type?: string;
  /** As it is: mostly a string or a number. */
  code?: unknown;
  stack?: string;
  cause?: ErrorMap;
  errors?: ErrorMap[];
  data?: Record<string, unknown>;
}

/** How many errors deep causes, members and fields go. */
export const maxErrorDepth = 16;
/** How many members of an AggregateError travel. */
export const maxErrorCount = 256;
/** How many errors one map holds in all, so that errors which share their causes do not multiply. */
const maxErrorsInAll = 1_000;
/** How deep a thrown value that is no error is copied: as deep as a value can travel. */
const maxCopied = 512;
/** Characters of it in the message that shows it. */
const maxShown = 1_000;

/** Fields with a key of their own, and what the receiver adds. */
const ownFields = new Set(['name', 'message', 'code', 'stack', 'cause', 'errors', 'remoteStack', 'sent']);

/** The text of a failure, for a peer that takes nothing else. Never empty: net/rpc reads an empty text as success. */
export function errorText(error: unknown): string {
  const { message, name } = readError(error);
  return message || name || 'the handler failed without a message';
}

/** The map of a failure. Whatever was thrown, and whatever its getters do, there is one. */
export function errorMap(error: unknown, options: OutboundOptions, depth = 0): ErrorMap {
  return new ErrorWriter(options).map(error, depth);
}

/** Writes the map of one error and of the errors in it. */
class ErrorWriter {
  readonly #options: OutboundOptions;
  /** The errors around the one that is written. One that comes again inside itself is left out. */
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
    if (attempt(() => Object.hasOwn(error, 'cause')) === true) {
      const { cause } = attempt(() => ({ cause: error.cause })) ?? {};
      if (this.#hasRoomFor(cause)) map.cause = this.map(cause, depth + 1);
    }
    const data: Record<string, unknown> = {};
    this.#errors(error, type, map, data, depth);
    for (const key of attempt(() => Object.keys(error)) ?? []) {
      if (ownFields.has(key)) continue;
      const field = this.#field(error, key, depth);
      if (field !== undefined) setOwn(data, key.toWellFormed(), field.value);
    }
    if (Object.keys(data).length > 0) map.data = data;
    return map;
  }

  /** An AggregateError's members; or what another error calls `errors`, which is data: a list of problems, or a map of them. */
  #errors(error: Error, type: string, map: ErrorMap, data: Record<string, unknown>, depth: number): void {
    const field = attempt(() => read(error, 'errors'));
    if (field === undefined) return;
    const { value } = field;
    if (type === 'AggregateError' && Array.isArray(value)) {
      const members: unknown[] = value.slice(0, maxErrorCount);
      map.errors = members
        .filter((inner) => this.#hasRoomFor(inner))
        .map((inner) => this.map(inner, depth + 2));
      return;
    }
    const sent = attempt(() => ({ value: this.#value(value, depth) }));
    if (sent !== undefined) data['errors'] = sent.value;
  }

  /** What to send for a field. Undefined if the error has none of this name, or one that cannot travel: it loses itself alone. */
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

  /** What was thrown, or stands as a cause or a member, and is no error. */
  #thrown(value: unknown, depth: number): ErrorMap {
    const read = attempt(() => ({ value: copied(value) }));
    if (read === undefined) return thrown('a value');
    const map: ErrorMap = readError(read.value);
    const data = attempt(() => ({ thrown: this.#value(read.value, depth) }));
    if (data !== undefined) map.data = data;
    return map;
  }
}

/** A field of an error, read once. Undefined if the error has none of this name. */
function read(error: Error, key: string): { value: unknown } | undefined {
  const value = (error as unknown as Record<string, unknown>)[key];
  return value === undefined && !Object.hasOwn(error, key) ? undefined : { value };
}

function readError(error: unknown): { name: string; message: string } {
  if (!isErrorSafely(error)) return thrown(attempt(() => show(error)) ?? 'a value');
  const message = attempt(() => error.message);
  return {
    name: attempt(() => nameOf(error)) ?? 'Error',
    message: typeof message === 'string' ? message.toWellFormed() : '',
  };
}

function thrown(shown: string): { name: string; message: string } {
  const text = shown.length > maxShown ? `${shown.slice(0, maxShown)}…` : shown;
  return { name: '', message: `the handler threw ${text}`.toWellFormed() };
}

/** The error's name; that of its class if neither it nor a class of the user's sets one. */
function nameOf(error: Error): string {
  const { name } = error;
  if (typeof name !== 'string') return 'Error';
  if (name !== builtInErrorOf(error) || Object.hasOwn(error, 'name')) return name.toWellFormed();
  const ofClass: unknown = error.constructor?.name;
  return typeof ofClass === 'string' && ofClass !== '' ? ofClass.toWellFormed() : name;
}

/** A value whose plain objects and lists are copies, each field read once: it is shown, and sent. Throws if it is deeper than can travel. */
function copied(value: unknown, around: readonly object[] = []): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (around.length === maxCopied || around.includes(value)) throw new Refusal('is nested too deep', true);
  const within = [...around, value];
  if (Array.isArray(value)) return itemsOf(value).map((item) => copied(item, within));
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  const copy: Record<string, unknown> = { ...value };
  for (const key of Object.keys(copy)) setOwn(copy, key, copied(copy[key], within));
  return copy;
}

/** A value for people, as a message has it. */
export function show(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
}

function isErrorSafely(value: unknown): value is Error {
  return attempt(() => isError(value)) === true;
}

/** What a read gives, or undefined if a getter, a trap or a value that cannot travel threw. */
export function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined; // One field fewer; the error itself still arrives.
  }
}
