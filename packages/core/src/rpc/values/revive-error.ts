/** Errors that came from the peer: what this side makes of what was sent, an error map mostly. A hostile peer may send anything. */
import { types } from 'node:util';
import { errorCodes, PipeworkError, type ErrorCode } from '../../base/errors.ts';
import { printable } from '../../base/printable.ts';
import { isProbedName } from '../../base/probed-names.ts';
import { sentences } from '../../session/wire-words.ts';
import type { Claim } from './inbound.ts';
import { attempt, maxErrorCount, maxErrorDepth, show, type ErrorMap } from './error-map.ts';
import { setField, splitStack, withoutFrames, withoutStack } from './error-stack.ts';

/** An error that a handler threw, of a class this process doesn't have. `name`, `message`, `code`, `cause` and further fields are the peer's. */
export class RemoteError extends Error {
  /** The stack as it was in the peer's process; undefined if the peer sent none. */
  declare readonly remoteStack?: string;

  constructor(message: string, name = 'Error') {
    super(message);
    Object.defineProperty(this, 'name', { value: name, writable: true, configurable: true });
  }
}

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
/** Fields that `data` never sets. */
const neverSet = new Set(['name', 'message', 'code', 'stack', 'cause', 'remoteStack', 'sent', 'then']);
for (const name of Object.getOwnPropertyNames(Object.prototype)) neverSet.add(name);

type SentMap = Partial<Record<keyof ErrorMap, unknown>>;

/** What an error costs beside the values of its map: 260 bytes to 1 KiB, and 5 µs. */
const errorWeight = 8;

/**
 * The error that a call rejects with, from what the peer sent: any value will do. `where` says which call it was. Built-in classes
 * come back as themselves, others as {@link RemoteError} with their name.
 */
export function reviveFailure(sent: unknown, where: string, claim?: Claim): Error {
  return withoutFrames(() => withoutStack(revive(sent, { where, claim }, 0), where));
}

/** As {@link reviveFailure}, for an error that is part of a value. */
export function reviveError(sent: unknown, where: string, claim?: Claim): Error {
  return withoutFrames(() => revive(sent, { where, claim }, 0));
}

interface Revival {
  readonly where: string;
  /** Counts what each error costs. */
  readonly claim: Claim | undefined;
}

function revive(sent: unknown, revival: Revival, level: number): Error {
  revival.claim?.(errorWeight);
  const error = isMap(sent) ? fromMap(sent, revival, level) : fromText(textOf(sent) ?? shown(sent));
  splitStack(error, isMap(sent) ? textOf(sent.stack) : undefined, revival.where);
  return error;
}

function fromMap(map: SentMap, revival: Revival, level: number): Error {
  const name = textOf(map.name) ?? 'Error';
  // A peer that has other keys for its text is quoted whole.
  const message = textOf(map.message) ?? shown(map);
  const error = make(name, message, map);
  const code = map.code ?? codeOfWords(message) ?? map.code;
  if (typeof code !== 'function' && (code !== undefined || Object.hasOwn(map, 'code')))
    setField(error, 'code', textOf(code) ?? code, true);
  if (level < maxErrorDepth) {
    if (Object.hasOwn(map, 'cause') && map.cause !== undefined && map.cause !== null) {
      const cause = inner(map.cause, revival, level + 1);
      // Loggers call a cause that is a function.
      if (typeof cause !== 'function') setField(error, 'cause', cause, false);
    }
    if (Array.isArray(map.errors)) {
      const members = map.errors.slice(0, maxErrorCount).map((one) => inner(one, revival, level + 1));
      setField(error, 'errors', members, false);
    }
  }
  if (isMap(map.data)) setFields(error, map.data, Array.isArray(map.errors));
  return error;
}

function setFields(error: Error, data: object, hasMembers: boolean): void {
  for (const [key, value] of Object.entries(data) as [string, unknown][]) {
    if (neverSet.has(key) || (key === 'errors' && hasMembers)) continue;
    if (typeof value === 'function' && isProbedName(key)) continue;
    setField(error, key, value, true);
  }
}

/** A cause or a member: an error, or what was no error and comes back as itself. */
function inner(sent: unknown, revival: Revival, level: number): unknown {
  if (isMap(sent) && sent.name === '' && isMap(sent.data) && Object.hasOwn(sent.data, 'thrown'))
    return (sent.data as { thrown: unknown }).thrown;
  return revive(sent, revival, level);
}

function make(name: string, message: string, map: SentMap): Error {
  if (name === 'PipeworkError' && typeof map.code === 'string' && Object.hasOwn(errorCodes, map.code)) {
    return new PipeworkError(map.code as ErrorCode, message);
  }
  const type = textOf(map.type) ?? name;
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
  if (message.includes(sentences.unknownService)) return 'RPC_UNKNOWN_SERVICE';
  if (message.endsWith(sentences.shuttingDown)) return 'RPC_SHUTTING_DOWN';
  return undefined;
}

function shown(sent: unknown): string {
  return printable(`the peer failed the call with ${attempt(() => show(readable(sent))) ?? 'a value'}`);
}

/** A copy in which the bytes of a map or list are the text that they mostly are. */
function readable(sent: unknown): unknown {
  if (types.isUint8Array(sent)) return textOf(sent);
  if (Array.isArray(sent)) return sent.map(readable);
  return isMap(sent)
    ? Object.fromEntries(Object.entries(sent).map(([key, value]) => [key, textOf(value) ?? value]))
    : sent;
}

function isMap(value: unknown): value is SentMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !types.isUint8Array(value);
}

/** A text of the peer's that becomes part of what is shown. Some MessagePack libraries send text as bin. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return printable(value);
  if (!types.isUint8Array(value)) return undefined;
  return printable(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString());
}
