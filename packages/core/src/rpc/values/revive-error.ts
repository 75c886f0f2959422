/** Makes an error from what the peer sent, which is mostly an error map. A hostile peer may send anything. */
import { types } from 'node:util';
import { errorCodes, PipeworkError, type ErrorCode } from '../../base/errors.ts';
import { longText, printable } from '../../base/printable.ts';
import { compacted, defineOwn } from '../../base/own-property.ts';
import { isProbedName } from '../../base/probed-names.ts';
import { sentences } from '../../session/wire-words.ts';
import type { Claim } from './inbound.ts';
import { attempt, maxErrorCount, maxErrorDepth, show, type ErrorMap } from './error-map.ts';
import { setField, splitStack, withoutFrames, withoutStack } from './error-stack.ts';

/**
 * An error that a handler threw, of a class that this process does not have. `name`, `message`, `code`,
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
// This object has no prototype, so that a name from the peer finds only these functions.
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

/** How many characters count as one value: in a long text, and in a text that was made printable. */
const charactersOfLong = 32;
const charactersMade = 8;

type SentMap = Partial<Record<keyof ErrorMap, unknown>>;

/** What an error costs beside the values of its map: 260 bytes to 1 KiB, and 5 µs. */
const errorWeight = 8;
const fieldWeight = 4;
/** So many fields of an error's map, or of its data, are part of {@link errorWeight}. */
const usualFields = 16;

/**
 * Makes the error with which a call rejects. `sent` comes from the peer, and may be any value. `where` says
 * which call failed. Errors of built-in classes get their class again. Others become a {@link RemoteError}
 * with their name.
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
  /** Counts what each error costs. */
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

/** Counts the fields of an error beyond the usual number. Each is defined by itself, which takes 3 µs. */
function claimFields(fields: object, { claim }: Revival): void {
  claim?.(Math.max(0, Object.keys(fields).length - usualFields) * fieldWeight);
}

function fromMap(map: SentMap, revival: Revival, level: number): Error {
  claimFields(map, revival);
  const name = textOf(map.name, revival) ?? 'Error';
  // If a peer uses other keys for its text, the whole map is quoted.
  const message = textOf(map.message, revival) ?? shown(map, revival);
  const error = make(name, message, map, revival);
  const code = map.code ?? codeOfWords(message) ?? map.code;
  if (typeof code !== 'function' && (code !== undefined || Object.hasOwn(map, 'code')))
    setField(error, 'code', textOf(code, revival) ?? code, true);
  if (level < maxErrorDepth) {
    if (Object.hasOwn(map, 'cause') && map.cause !== undefined && map.cause !== null) {
      const cause = inner(map.cause, revival, level + 1);
      // A cause that is a function is left out, because loggers would call it.
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

/** Returns a cause or a member. The result is an error, or the sent value itself if that was not an error. */
function inner(sent: unknown, revival: Revival, level: number): unknown {
  if (isMap(sent) && sent.name === '' && isMap(sent.data) && Object.hasOwn(sent.data, 'thrown'))
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

/** Makes an error from a text. A peer that speaks only the base protocol sends nothing else. */
function fromText(message: string): Error {
  const code = codeOfWords(message);
  return code === undefined ? new RemoteError(message) : new PipeworkError(code, message);
}

/**
 * Returns the code that belongs to a text that the protocol fixes. Some peers send such a text without its
 * code.
 */
function codeOfWords(message: string): ErrorCode | undefined {
  if (message.includes(sentences.unknownMethod)) return 'RPC_UNKNOWN_METHOD';
  if (message.includes(sentences.unknownPlugin)) return 'RPC_UNKNOWN_PLUGIN';
  if (message.includes(sentences.unknownService)) return 'RPC_UNKNOWN_SERVICE';
  if (message.endsWith(sentences.shuttingDown)) return 'RPC_SHUTTING_DOWN';
  return undefined;
}

/** Returns what was sent as text, for an error that has no text of its own. */
function shown(sent: unknown, revival: Revival): string {
  const text = attempt(() => show(readable(sent, revival))) ?? 'a value';
  return printable(`the peer failed the call with ${text.slice(0, longText)}`);
}

/** Returns a copy in which bytes in a map or list are read as text, which they mostly are. */
function readable(sent: unknown, revival: Revival): unknown {
  if (types.isUint8Array(sent)) return textOf(sent, revival);
  if (Array.isArray(sent)) return sent.map((item) => readable(item, revival));
  if (!isMap(sent)) return sent;
  const entries = Object.entries(sent).map(([key, value]) => [key, textOf(value, revival) ?? value]);
  return compacted(Object.fromEntries(entries) as object);
}

function isMap(value: unknown): value is SentMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !types.isUint8Array(value);
}

/** Returns a text of the peer that will be shown. Some MessagePack libraries send text as bin. */
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
