/**
 * The errors that the runtime itself raises. They have one table of codes, one class, and one brand that all
 * copies of the package share.
 */

import { printable } from './printable.ts';
import { isError } from './realm.ts';

const brand: unique symbol = Symbol.for('pipework.error');

/**
 * The closed table of codes, with the meaning of each in a sentence. `docs/errors.md` has a heading for each.
 * Codes of the mux (`MUX_*`) are listed by `@pipework/mux`. The table is frozen.
 */
export const errorCodes = {
  CONFIG_INVALID: 'An option or argument is not what it must be.',
  MISUSE: 'A function was called at a moment or in a place where it can do nothing sensible.',

  PLUGIN_CHECKSUM: 'The plugin file does not have the checksum that was given. Nothing was started.',
  PLUGIN_NOT_STARTED: 'The operating system could not start the program.',
  PLUGIN_ABORTED: "The client's signal was aborted before the plugin was ready.",
  PLUGIN_KILLED:
    '`kill()` or `cleanupClients()` was called before the plugin was ready, or the client was used afterwards.',
  PLUGIN_EXITED: 'The plugin process ended while something was expected of it.',
  PLUGIN_LOST: 'The plugin closed its pipe, or broke the protocol on it, while its process went on.',

  HANDSHAKE_TIMEOUT: 'No handshake line came within the start timeout.',
  HANDSHAKE_EXITED: 'The process ended before it wrote a handshake line.',
  HANDSHAKE_CLOSED: 'Descriptor 4 ended before a handshake line came, while the process went on.',
  HANDSHAKE_UNRECOGNIZED: 'The bytes that came on descriptor 4 are not a handshake line.',
  HANDSHAKE_API_VERSION: 'The plugin speaks another version of the handshake.',
  HANDSHAKE_NETWORK: 'The plugin asks for a transport that is not a pair of pipes.',
  HANDSHAKE_PROTOCOL: 'The plugin asks for a protocol that this host does not speak.',
  HANDSHAKE_VERSION: 'Host and plugin have no protocol version in common.',
  HANDSHAKE_COOKIE: 'serve() found no magic cookie, so no host started this process.',

  DISCOVER_UNREADABLE: 'The directory to search for plugins cannot be read.',
  BROKER_CLOSED: 'The session ended, so no stream can be dialled or accepted on it any more.',
  BROKER_ID_IN_USE: 'The broker id is already awaited: each id is accepted once.',
  BROKER_NOT_AWAITED: 'The peer opened a stream with a broker id that this side does not await.',
  BROKER_NO_ID: 'The peer opened a stream that did not bring its broker id in time.',
  BROKER_OVERLOADED: 'More streams of the peer wait to be accepted than the limit allows.',
  BROKER_TIMEOUT: 'The peer did not dial the broker id in time.',
  RPC_CLOSED: 'The connection to the peer ended before the call was answered.',
  RPC_DEADLINE: 'The deadline of the call passed before it was answered.',
  RPC_INVALID_INPUT: 'The arguments do not fit the schema of the contract.',
  RPC_INVALID_OUTPUT: 'The result does not fit the schema of the contract.',
  RPC_INVALID_VALUE: 'The peer sent a value that this side cannot accept.',
  RPC_MESSAGE_TOO_LARGE: 'A message is larger than the limit.',
  RPC_NOT_ITERABLE: 'The result of the call was iterated, but it is not a stream.',
  RPC_NOT_SERIALIZABLE: 'A value cannot travel to the peer.',
  RPC_OVERLOADED: 'More calls are under way than the limits allow.',
  RPC_PROTOCOL: 'The peer broke the RPC protocol.',
  RPC_REFERENCE_RELEASED: 'The reference was used after it had been released.',
  RPC_SHUTTING_DOWN: 'The peer takes no new calls because it is shutting down.',
  RPC_TOO_MANY_REFERENCES: 'The connection holds as many references as the limit allows.',
  RPC_TOO_DEEP: 'A value is nested deeper than the limit.',
  RPC_UNKNOWN_PLUGIN: 'The plugin serves nothing under the name that was dispensed.',
  RPC_UNKNOWN_SERVICE: 'The host offers no service under the name that the plugin asked for.',
  RPC_UNKNOWN_METHOD: 'The peer does not offer the method.',
} as const;
Object.freeze(errorCodes);

/** A code of {@link errorCodes}. */
export type ErrorCode = keyof typeof errorCodes;

/**
 * An error that pipework itself raises. Match on `code`, which is stable. The message is for people. If it
 * contains text of another process, that text is made {@link printable}.
 */
export class PipeworkError<C extends ErrorCode = ErrorCode> extends Error {
  /** The error's key in the closed table. */
  readonly code: C;
  /**
   * True if the failed call was sent, false if not. The property is set on an error with which a call rejects
   * because of its connection, deadline, signal or limits. `false` means that no byte of the request was
   * handed to the stream, so that the call can be made again elsewhere. Only this process sets the property:
   * it is never sent, and a peer cannot set it.
   */
  declare readonly sent?: boolean;

  constructor(code: C, message: string, options?: { cause?: unknown }) {
    super(printable(message), options);
    this.name = 'PipeworkError';
    this.code = code;
    Object.defineProperty(this, brand, { value: true });
  }
}

/**
 * Returns true for an error that pipework itself raised, from any copy of any of its packages. Two versions
 * in one dependency tree recognise each other's errors by a shared symbol. `instanceof` would not recognise
 * an error of the other version.
 *
 * @example
 * ```ts
 * import { isPipeworkError, type Remote } from '@pipework/core';
 *
 * declare const greeter: Remote<{ greet(name: string): Promise<string> }>;
 * try {
 *   console.log(await greeter.greet('world'));
 * } catch (error) {
 *   if (!isPipeworkError(error)) throw error; // The plugin's method threw it.
 *   console.log(error.code, error.sent === false ? 'can be called again' : 'may have had effects');
 * }
 * ```
 */
export function isPipeworkError(
  error: unknown,
): error is Error & { readonly code: string; readonly sent?: boolean } {
  return isError(error) && (error as { [brand]?: unknown })[brand] === true;
}

/**
 * Sets `sent` on the error of a failed call, and returns the error. The property is not enumerable, so it is
 * neither sent nor printed. Several calls may fail with the same error object, such as a signal's reason.
 * Then `sent` is `true` if at least one of these calls was sent. A value that cannot have properties is left
 * as it is.
 */
export function markSent<E>(error: E, isSent: boolean): E {
  if (typeof error !== 'object' || error === null) return error;
  const value = isSent || (error as { sent?: unknown }).sent === true;
  try {
    Object.defineProperty(error, 'sent', { value, enumerable: false, configurable: true, writable: true });
  } catch {
    // The error is frozen.
  }
  return error;
}

/** Returns the error for a call that failed before any of it was sent. */
export function unsent<C extends ErrorCode>(
  code: C,
  message: string,
  options?: { cause?: unknown },
): PipeworkError<C> {
  return markSent(new PipeworkError(code, message, options), false);
}
