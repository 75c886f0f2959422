/**
 * Writes and reads messages on the stream of one conversation, with the capabilities that both ends agreed
 * on.
 */
import type { RawStream } from '@pipework/mux/lean';
import { readValue, writeMessage, writePlain } from './codec.ts';
import { errorMap, errorText } from '../values/error-map.ts';
import { reviveError, reviveFailure } from '../values/revive-error.ts';
import type { Shared } from '../../session/shared.ts';
import { messageType } from '../../session/wire-words.ts';
import { MessageReader, type MessageSink, type PlainSink } from '../wire/message-reader.ts';
import { maxPlainBytes, maxPlainLevels } from './small/limits.ts';
import { packAnswer, packRequest, takeUnwritten, type Unwritten } from './small/writer.ts';
import type { MethodName } from './method-names.ts';
import type { IncomingMessage } from '../wire/incoming-message.ts';
import { Scanner } from '../wire/scanner.ts';
import { claim, type InboundOptions } from '../values/inbound.ts';
import { toWire, type OutboundOptions, type ReferenceSender } from '../values/outbound.ts';
import type { WireReference } from '../wire/extension.ts';

/** Decides which of a conversation's values are sent by reference. */
export interface ValueReferences extends ReferenceSender {
  /** Returns the local value for a reference of the peer. Throws if the reference is unknown here. */
  take(reference: WireReference): unknown;
}

// A value is nested in up to three arrays: the message, its params, and the arguments of a call to a
// reference.
const levelsAround = 3;

export class MessageStream {
  readonly shared: Shared;
  readonly #stream: RawStream;
  #outbound: OutboundOptions;
  #inbound: InboundOptions;
  readonly #takesTypes: boolean;
  #hasEnded = false;
  readonly #mayBePlain: boolean;

  constructor(stream: RawStream, shared: Shared) {
    this.shared = shared;
    this.#stream = stream;
    // The fast path checks no limits. So the fast path is used only if no plain message could exceed the
    // limits.
    const { maxMessageBytes, maxMessageValues, maxDepth } = shared.limits;
    this.#mayBePlain =
      maxMessageBytes >= maxPlainBytes && maxMessageValues >= maxPlainBytes && maxDepth >= maxPlainLevels;
    this.#takesTypes = shared.capabilities.has('types');
    this.#outbound = {
      types: this.#takesTypes,
      tables: shared.capabilities.has('tables'),
      references: undefined,
      maxDepth: shared.limits.maxDepth,
      encodeError: (error, options, depth) => errorMap(error, options, depth),
    };
    this.#inbound = {
      takeReference: undefined,
      decodeError: (map, claim) => reviveError(map, shared.peer, claim),
      allowance: { values: 0, adding: { keys: 0, ms: 0 } },
    };
  }

  /**
   * Allows values to be sent by reference from now on. Must not be called for a peer that accepts no
   * references.
   */
  carry(references: ValueReferences): void {
    this.#outbound = { ...this.#outbound, references };
    this.#inbound = { ...this.#inbound, takeReference: (reference) => references.take(reference) };
  }

  /**
   * Returns the form in which a value is packed. `depth` is -1 for the params array itself. The redaction
   * hook for errors gets `where`, the method of the call. If the fast path has read parts of the value,
   * `copies` must be the `copies` of the {@link Unwritten}.
   */
  toWire(value: unknown, root: string, where: string, depth = 0, copies?: readonly object[]): unknown {
    return toWire(value, root, this.#redacting(where), depth, copies);
  }

  /**
   * Returns the options for the values of one message. The redaction hook also sees the errors inside values.
   * Each message gets new options, because a getter in its values may begin a message of another method.
   */
  #redacting(where: string): OutboundOptions {
    const hook = this.shared.options.redactError;
    if (hook === undefined) return this.#outbound;
    return {
      ...this.#outbound,
      encodeError: (error, _options, depth) => errorMap(redact(hook, error, where), this.#outbound, depth),
    };
  }

  /**
   * Returns an error in the form that this peer accepts: a map, or a text. Never throws, even if the
   * redaction hook throws.
   */
  errorToWire(error: unknown, where: string): unknown {
    const { capabilities, options } = this.shared;
    try {
      const shown = options.redactError === undefined ? error : redact(options.redactError, error, where);
      return capabilities.has('errors') ? errorMap(shown, this.#outbound) : errorText(shown);
    } catch {
      // The error cannot be read, for instance because it is a revoked proxy.
      return `${where} failed with an error that cannot be read`;
    }
  }

  /**
   * Returns an error for `value`, the failure in the message that was read last. If that message has too many
   * values, returns `RPC_MESSAGE_TOO_LARGE` instead.
   */
  errorFromWire(value: unknown, where: string): Error {
    const failure = `${where} (${this.shared.peer})`;
    try {
      return reviveFailure(value, failure, (values) => claim(values, this.#inbound));
    } catch (error) {
      return error as Error;
    }
  }

  /**
   * Writes a message on the conversation's stream, or on the stream of a value. Returns false if the caller
   * must wait for the stream's drain.
   */
  write(message: readonly unknown[], stream: RawStream = this.#stream): boolean {
    if (this.#hasEnded && stream === this.#stream) return true;
    return writeMessage(stream, message, this.#takesTypes, this.shared.limits.maxMessageBytes);
  }

  /** How many bytes wait because the peer does not read the conversation's stream. */
  get queuedBytes(): number {
    return this.#stream.queuedBytes;
  }

  /** Sends a notification on the conversation's stream. */
  notify(method: string, params: unknown[]): void {
    this.write([messageType.notification, method, params]);
  }

  /**
   * Writes a request if its params are plain, and returns the result of the stream's `write`. If the params
   * are not plain, returns an {@link Unwritten} for the general path. If a getter in the params throws,
   * throws the same error.
   */
  writeRequest(id: number, method: MethodName, params: readonly unknown[]): boolean | Unwritten {
    if (!this.#mayBePlain || this.#hasEnded) return { value: params, copies: [] };
    const length = packRequest(id, method.packed, params, this.#outbound);
    return length > 0 ? writePlain(this.#stream, length) : takeUnwritten();
  }

  /** Writes an answer if its result is plain. Returns and throws the same as {@link writeRequest}. */
  writeAnswer(id: number, result: unknown): boolean | Unwritten {
    if (!this.#mayBePlain || this.#hasEnded) return { value: result, copies: [] };
    const length = packAnswer(id, result, this.#outbound);
    return length > 0 ? writePlain(this.#stream, length) : takeUnwritten();
  }

  /** Stops all writing on the conversation's stream. Writing on the streams of values continues. */
  end(): void {
    this.#hasEnded = true;
  }

  reader(sink: MessageSink, takePlain?: PlainSink): MessageReader {
    return new MessageReader(
      this.scanner(),
      this.shared.budget,
      sink,
      this.#mayBePlain ? takePlain : undefined,
    );
  }

  /** Returns a new scanner with the limits of the session. */
  scanner(): Scanner {
    // The scanner accepts the extensions that this package announces, whatever the peer announced. A peer
    // that has only the base protocol sends no extensions.
    const { maxMessageBytes, maxMessageValues, maxDepth } = this.shared.limits;
    return new Scanner(maxMessageBytes, maxDepth + levelsAround, maxMessageValues);
  }

  /** Decodes the element at the message's `at`, which must be the message's last element. */
  read(message: IncomingMessage): unknown {
    return readValue(message, this.#inbound);
  }
}

function redact(hook: (error: unknown, where: string) => unknown, error: unknown, where: string): unknown {
  try {
    return hook(error, where);
  } catch (failure) {
    return failure;
  }
}
