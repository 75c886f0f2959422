/**
 * Makes an error from the value that the peer sent for it. The value is usually an error map, but a hostile
 * peer may send any value.
 */
import { types } from 'node:util';
import { errorCodes, PipeworkError, type ErrorCode } from '../../base/errors.ts';
import { longText, printable } from '../../base/printable.ts';
import { compacted, defineOwn } from '../../base/own-property.ts';
import { isProbedName } from '../../base/probed-names.ts';
import { suppressedErrorClass } from '../../base/realm.ts';
import { sentences } from '../../session/wire-words.ts';
import type { Claim } from './inbound.ts';
import { attempt, maxErrorCount, maxErrorDepth, show, type ErrorMap } from './error-map.ts';
import { setField, splitStack, withoutFrames, withoutStack } from './error-stack.ts';

/**
 * An error that a handler threw, and whose class this process does not have. `name`, `message`, `code`,
 * `cause` and further fields come from the peer.
 */
export class RemoteError extends Error {
  /** The error's stack in the peer's process; undefined if the peer sent none. */
  declare readonly remoteStack?: string;

  constructor(message: string, name = 'Error') {
    super(message);
    Object.defineProperty(this, 'name', { value: name, writable: true, configurable: true });
  }
}

type ErrorMaker = (message: string) => Error;
// This object has no prototype, so that a look-up by a name that the peer sent finds only these functions.
const makers: Record<string, ErrorMaker | undefined> = Object.assign(Object.create(null) as object, {
  Error: (message: string) => new Error(message),
  EvalError: (message: string) => new EvalError(message),
  RangeError: (message: string) => new RangeError(message),
  ReferenceError: (message: string) => new ReferenceError(message),
  SyntaxError: (message: string) => new SyntaxError(message),
  TypeError: (message: string) => new TypeError(message),
  URIError: (message: string) => new URIError(message),
  AggregateError: (message: string) => new AggregateError([], message),
  SuppressedError: suppressedMaker(suppressedErrorClass),
});

function suppressedMaker(Class: SuppressedErrorConstructor | undefined): ErrorMaker | undefined {
  return Class && ((message) => new Class(undefined, undefined, message));
}

/** Fields of an error that are never set from `data`. */
const neverSet = new Set(['name', 'message', 'code', 'stack', 'cause', 'remoteStack', 'sent', 'then']);
for (const name of Object.getOwnPropertyNames(Object.prototype)) neverSet.add(name);

/** How many characters of a long text, and of a text that had to be made printable, count as one value. */
const charactersOfLong = 32;
const charactersMade = 8;

type SentMap = Partial<Record<keyof ErrorMap, unknown>>;

/** The cost of an error in addition to the values of its map: 260 bytes to 1 KiB, and 5 µs. */
const errorWeight = 8;
const fieldWeight = 4;
/** {@link errorWeight} covers this many fields of an error's map, and as many fields of the error's data. */
const usualFields = 16;

/**
 * Makes the error with which a call rejects. `sent` comes from the peer, and may be any value. `where` names
 * the failed call and the peer. If the error's class is built in, the made error has the same class. An error
 * of any other class becomes a {@link RemoteError} with the error's name.
 */
export function reviveFailure(sent: unknown, where: string, claim?: Claim): Error {
  return withoutFrames(() => withoutStack(revive(sent, { where, claim }, 0), where));
}

/** Like {@link reviveFailure}, for an error that is part of a value. */
export function reviveError(sent: unknown, where: string, claim?: Claim): Error {
  return withoutFrames(() => revive(sent, { where, claim }, 0));
}

interface Revival {
  readonly where: string;
  /** Counts the cost of each error. */
  readonly claim: Claim | undefined;
}

function revive(sent: unknown, revival: Revival, level: number): Error {
  revival.claim?.(errorWeight);
  const error = isMap(sent)
    ? fromMap(sent, revival, level)
    : fromText(textOf(sent, revival) ?? shown(sent, revival));
  splitStack(error, isMap(sent) ? textOf(sent.stack, revival) : undefined, revival.where);
  return error;
}

/**
 * Counts the fields of an error beyond {@link usualFields}. Each field takes 3 µs, because a separate call
 * defines it.
 */
function claimFields(fields: object, { claim }: Revival): void {
  claim?.(Math.max(0, Object.keys(fields).length - usualFields) * fieldWeight);
}

function fromMap(map: SentMap, revival: Revival, level: number): Error {
  claimFields(map, revival);
  const name = textOf(map.name, revival) ?? 'Error';
  // If the map has no `message`, the message quotes the whole map.
  const message = textOf(map.message, revival) ?? shown(map, revival);
  const error = make(name, message, map, revival);
  const { code } = map;
  if (typeof code !== 'function' && Object.hasOwn(map, 'code')) {
    // A peer that sends `message` as a text sends only bytes as bin.
    const isBytes = typeof map.message === 'string' && typeof code !== 'string';
    const own = isBytes ? code : (textOf(code, revival) ?? code);
    // A DOMException has a code that follows from its name, and gets no field for it.
    if (own !== (error as { code?: unknown }).code || own === undefined) setField(error, 'code', own, true);
  }
  if (level < maxErrorDepth) {
    if (Object.hasOwn(map, 'cause') && map.cause !== undefined && map.cause !== null) {
      const cause = inner(map.cause, revival, level + 1);
      // A cause that is a function is left out, because loggers would call the function.
      if (typeof cause !== 'function') setField(error, 'cause', cause, false);
    }
    if (Array.isArray(map.errors)) {
      const members = map.errors.slice(0, maxErrorCount).map((one) => inner(one, revival, level + 1));
      setField(error, 'errors', members, false);
    }
  }
  if (isMap(map.data)) {
    claimFields(map.data, revival);
    setFields(error, map.data, Array.isArray(map.errors));
  }
  return error;
}

function setFields(error: Error, data: object, hasMembers: boolean): void {
  for (const [key, value] of Object.entries(data) as [string, unknown][]) {
    if (neverSet.has(key) || (key === 'errors' && hasMembers)) continue;
    if (typeof value === 'function' && isProbedName(key)) continue;
    defineOwn(error, key, value);
  }
}

/**
 * Makes a cause or a member of an error. If the peer threw a value that is not an error, returns that value.
 */
function inner(sent: unknown, revival: Revival, level: number): unknown {
  // An error whose name is empty has a `type`.
  const isThrown = isMap(sent) && sent.name === '' && sent.type === undefined;
  if (isThrown && isMap(sent.data) && Object.hasOwn(sent.data, 'thrown'))
    return (sent.data as { thrown: unknown }).thrown;
  return revive(sent, revival, level);
}

function make(name: string, message: string, map: SentMap, revival: Revival): Error {
  if (name === 'PipeworkError' && typeof map.code === 'string' && Object.hasOwn(errorCodes, map.code)) {
    return new PipeworkError(map.code as ErrorCode, message);
  }
  const type = textOf(map.type, revival) ?? name;
  if (type === 'DOMException') return new DOMException(message, name);
  const maker = makers[type];
  if (maker === undefined || (type === 'Error' && name !== 'Error')) return new RemoteError(message, name);
  const error = maker(message);
  if (error.name !== name) setField(error, 'name', name, false);
  return error;
}

/**
 * Makes an error from a text. A peer that has only the base protocol sends every error as a text. A text has no
 * place for a code, so the protocol's fixed sentences stand for their codes. A map has its own code, or none,
 * because its message may be any text of the program.
 */
function fromText(message: string): Error {
  const code = codeOfWords(message);
  return code === undefined ? new RemoteError(message) : new PipeworkError(code, message);
}

/** If `message` has one of the protocol's fixed sentences, returns the error code of the sentence. */
function codeOfWords(message: string): ErrorCode | undefined {
  if (message.includes(sentences.unknownMethod)) return 'RPC_UNKNOWN_METHOD';
  if (message.includes(sentences.unknownPlugin)) return 'RPC_UNKNOWN_PLUGIN';
  if (message.includes(sentences.unknownService)) return 'RPC_UNKNOWN_SERVICE';
  if (message.endsWith(sentences.shuttingDown)) return 'RPC_SHUTTING_DOWN';
  return undefined;
}

/** Returns a message that quotes `sent`, for an error without a text of its own. */
function shown(sent: unknown, revival: Revival): string {
  const text = attempt(() => show(readable(sent, revival))) ?? 'a value';
  return printable(`the peer failed the call with ${text.slice(0, longText)}`);
}

/**
 * Returns a copy in which texts replace the bytes in lists and maps, because these bytes are usually texts.
 */
function readable(sent: unknown, revival: Revival): unknown {
  if (types.isUint8Array(sent)) return textOf(sent, revival);
  if (Array.isArray(sent)) return sent.map((item) => readable(item, revival));
  if (!isMap(sent) || Object.getPrototypeOf(sent) !== Object.prototype) return sent;
  const entries = Object.entries(sent).map(([key, value]) => [key, readable(value, revival)]);
  return compacted(Object.fromEntries(entries) as object);
}

function isMap(value: unknown): value is SentMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !types.isUint8Array(value);
}

/**
 * Returns a text of the peer in printable form; undefined if `value` is neither a text nor bytes. Some
 * MessagePack libraries send texts as bin.
 */
function textOf(value: unknown, { claim }: Revival): string | undefined {
  const isText = typeof value === 'string';
  if (!isText && !types.isUint8Array(value)) return undefined;
  const isLong = value.length > longText;
  if (isLong) claim?.(value.length / charactersOfLong);
  const text = isText ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString();
  const made = printable(text);
  if (!isLong && made !== text) claim?.(text.length / charactersMade);
  return made;
}
