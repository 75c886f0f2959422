/** Errors over the wire: what of an error is sent, and what the other side makes of it. */
import { sentences } from '../../session/wire-words.ts';
import { errorCodes, PipeworkError, type ErrorCode } from '../../base/errors.ts';
import { inspectCustom, printable, printableInspection } from '../../base/printable.ts';
import { walk, type OutboundOptions } from './outbound.ts';

/** An error that a handler threw, of a class this process doesn't have. `name`, `message`, `code`, `cause` and further fields are the peer's. */
export class RemoteError extends Error {
  /** The stack as it was in the peer's process; undefined where the peer sent none. */
  declare readonly remoteStack?: string;

  constructor(message: string, name = 'Error') {
    super(message);
    Object.defineProperty(this, 'name', { value: name, writable: true, configurable: true });
  }
}

/** An error as a map, for peers with `errors`; docs/protocol.md has its fields. */
export interface ErrorMap {
  name: string;
  message: string;
  /** The nearest built-in class, where `name` isn't it. */
  type?: string;
  code?: string | number;
  stack?: string;
  cause?: ErrorMap;
  errors?: ErrorMap[];
  data?: Record<string, unknown>;
}

const maxErrorDepth = 16;
const maxErrorCount = 256;

type ErrorMaker = (message: string) => Error;
// Without a prototype, so that no name of the peer's finds anything but these.
const makers: Record<string, ErrorMaker | undefined> = Object.assign(Object.create(null) as object, {
  Error: (message: string) => new Error(message),
  EvalError: (message: string) => new EvalError(message),
  RangeError: (message: string) => new RangeError(message),
  ReferenceError: (message: string) => new ReferenceError(message),
  SyntaxError: (message: string) => new SyntaxError(message),
  TypeError: (message: string) => new TypeError(message),
  URIError: (message: string) => new URIError(message),
  AggregateError: (message: string) => new AggregateError([], message),
});
const ownFields = new Set(['name', 'message', 'code', 'stack', 'cause', 'errors', 'remoteStack']);
const neverSet = new Set(['then', ...ownFields, ...Object.getOwnPropertyNames(Object.prototype)]);

/** The text of a failure, for a peer that takes nothing else. Never empty: net/rpc reads an empty text as success. */
export function errorText(error: unknown): string {
  const { message, name } = readError(error);
  return message || name || 'the handler failed without a message';
}

/** The map of a failure. Whatever was thrown, and whatever its getters do, there is one. */
export function errorMap(error: unknown, options: OutboundOptions, depth = 0): ErrorMap {
  return mapOf(error, { ...options, references: undefined }, depth, 0, new Set());
}

function mapOf(
  error: unknown,
  options: OutboundOptions,
  depth: number,
  level: number,
  seen: Set<unknown>,
): ErrorMap {
  const { name, message } = readError(error);
  const map: ErrorMap = { name, message };
  if (!(error instanceof Error)) {
    const thrown = attempt(() => walk(error, options, depth + 2));
    map.data = { thrown: thrown === undefined && !options.types ? null : thrown };
    return map;
  }
  seen.add(error);
  const type = builtInOf(error);
  if (type !== name) map.type = type;
  const code = attempt(() => (error as { code?: unknown }).code);
  if (typeof code === 'string' || typeof code === 'number') map.code = code;
  const stack = attempt(() => error.stack);
  if (typeof stack === 'string') map.stack = stack;
  if (level < maxErrorDepth) {
    const cause = Object.hasOwn(error, 'cause') ? attempt(() => error.cause) : undefined;
    if (cause !== undefined && !seen.has(cause))
      map.cause = mapOf(cause, options, depth + 1, level + 1, seen);
    const errors = attempt(() => (error as { errors?: unknown }).errors);
    if (error instanceof AggregateError && Array.isArray(errors)) {
      map.errors = errors
        .slice(0, maxErrorCount)
        .filter((inner) => !seen.has(inner))
        .map((inner) => mapOf(inner, options, depth + 2, level + 1, seen));
    }
  }
  const data = dataOf(error, options, depth);
  if (data !== undefined) map.data = data;
  return map;
}

/** The error's own further fields: those that can travel, one by one, so that a bad one loses itself alone. */
function dataOf(error: Error, options: OutboundOptions, depth: number): Record<string, unknown> | undefined {
  let data: Record<string, unknown> | undefined;
  for (const key of Object.keys(error)) {
    if (ownFields.has(key)) continue;
    const value = attempt(() => walk((error as unknown as Record<string, unknown>)[key], options, depth + 2));
    if (value !== undefined) (data ??= {})[key] = value;
  }
  return data;
}

function readError(error: unknown): { name: string; message: string } {
  if (!(error instanceof Error))
    return { name: '', message: `the handler threw ${attempt(() => show(error)) ?? 'a value'}` };
  const name = attempt(() => error.name);
  const message = attempt(() => error.message);
  return {
    name: typeof name === 'string' ? name : 'Error',
    message: typeof message === 'string' ? message : '',
  };
}

function show(value: unknown): string {
  return typeof value === 'string'
    ? value
    : typeof value === 'object' && value !== null
      ? JSON.stringify(value)
      : String(value);
}

/** What a read gives, or undefined where a getter or a value that cannot travel threw. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined; // One field fewer; the error itself still arrives.
  }
}

function builtInOf(error: Error): string {
  if (error instanceof DOMException) return 'DOMException';
  for (const name of [
    'TypeError',
    'RangeError',
    'SyntaxError',
    'ReferenceError',
    'EvalError',
    'URIError',
    'AggregateError',
  ] as const) {
    if (error instanceof globalThis[name]) return name;
  }
  return 'Error';
}

/**
 * The error that a call rejects with, from what the peer sent: any value will do, a hostile one too. `where` says which call it
 * was. Built-in classes come back as themselves, others as {@link RemoteError} with their name.
 */
export function reviveError(sent: unknown, where: string): Error {
  return revive(sent, where, 0);
}

function revive(sent: unknown, where: string, level: number): Error {
  if (typeof sent === 'string') return finish(fromText(printable(sent)), undefined, where);
  if (typeof sent !== 'object' || sent === null || Array.isArray(sent)) {
    return finish(
      new RemoteError(printable(`the peer failed the call with ${attempt(() => show(sent)) ?? 'a value'}`)),
      undefined,
      where,
    );
  }
  const map = sent as Partial<Record<keyof ErrorMap, unknown>>;
  const name = text(map.name) ?? 'Error';
  const message = text(map.message) ?? '';
  const error = make(name, message, map);
  const code = map.code ?? codeOfWords(message);
  if (typeof code === 'string' || typeof code === 'number') setField(error, 'code', code, true);
  if (level < maxErrorDepth) {
    if (Object.hasOwn(map, 'cause') && map.cause !== undefined && map.cause !== null) {
      setField(error, 'cause', revive(map.cause, where, level + 1), false);
    }
    if (Array.isArray(map.errors)) {
      const inner = map.errors.slice(0, maxErrorCount).map((one) => revive(one, where, level + 1));
      setField(error, 'errors', inner, false);
    }
  }
  if (typeof map.data === 'object' && map.data !== null && !Array.isArray(map.data)) {
    for (const [key, value] of Object.entries(map.data))
      if (!neverSet.has(key)) setField(error, key, value, true);
  }
  return finish(error, text(map.stack), where);
}

function make(name: string, message: string, map: Partial<Record<keyof ErrorMap, unknown>>): Error {
  if (name === 'PipeworkError' && typeof map.code === 'string' && Object.hasOwn(errorCodes, map.code)) {
    return new PipeworkError(map.code as ErrorCode, message);
  }
  const type = text(map.type) ?? name;
  if (type === 'DOMException') return new DOMException(message, name);
  const maker = makers[type];
  if (maker === undefined || (type === 'Error' && name !== 'Error')) return new RemoteError(message, name);
  const error = maker(message);
  if (error.name !== name) setField(error, 'name', name, false);
  return error;
}

/** A peer of the base says no more than a text. */
function fromText(message: string): Error {
  const code = codeOfWords(message);
  return code === undefined ? new RemoteError(message) : new PipeworkError(code, message);
}

/** The code of the words that the protocol fixes, for peers that say them without one. */
function codeOfWords(message: string): ErrorCode | undefined {
  if (message.includes(sentences.unknownMethod)) return 'RPC_UNKNOWN_METHOD';
  if (message.includes(sentences.unknownPlugin)) return 'RPC_UNKNOWN_PLUGIN';
  if (message.endsWith(sentences.shuttingDown)) return 'RPC_SHUTTING_DOWN';
  return undefined;
}

// Errors made while bytes were read: where they arose says nothing, where the call was made is added when it fails.
const unplaced = new WeakSet<Error>();

/** Gives an error of a call no stack of its own, since it is made far from where the call was. Returns it. */
export function withoutStack<E extends Error>(error: E, where: string): E {
  // As the engine writes it: an empty name, or an empty message, brings no colon.
  const head = Error.prototype.toString.call(error);
  setField(error, 'stack', `${head}\n    at ${where}`, false);
  unplaced.add(error);
  return error;
}

/** Adds to the error of a call who waited for it, as far as the engine knows: called where the call is awaited. */
export function placeStack(error: unknown, calledBy: (...args: never) => unknown): void {
  if (!(error instanceof Error) || !unplaced.delete(error)) return;
  const site: { stack?: string } = {};
  Error.captureStackTrace(site, calledBy);
  const { stack = '' } = site;
  const frames = stack.includes('\n') ? stack.slice(stack.indexOf('\n')) : '';
  setField(error, 'stack', `${error.stack ?? ''}${frames}`, false);
}

/** Puts the stacks in order: the local one says which call it was, the remote one stands apart. */
function finish(error: Error, remoteStack: string | undefined, where: string): Error {
  withoutStack(error, where);
  if (remoteStack !== undefined) setField(error, 'remoteStack', remoteStack, false);
  Object.defineProperty(error, inspectCustom, { value: inspectError, configurable: true });
  return error;
}

function inspectError(
  this: Error & { remoteStack?: string },
  _depth: number,
  options: object,
  inspect: (value: unknown, options: object) => string,
): string {
  const local = printableInspection(inspect(this, { ...options, customInspect: false }));
  if (this.remoteStack === undefined) return local;
  const remote = this.remoteStack.split('\n').map((line) => `    ${line}`);
  return `${local}\n  in the other process:\n${remote.join('\n')}`;
}

function setField(error: Error, key: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(error, key, { value, enumerable, writable: true, configurable: true });
}

/** A text of the peer's that becomes part of what is shown. */
function text(value: unknown): string | undefined {
  return typeof value === 'string' ? printable(value) : undefined;
}
