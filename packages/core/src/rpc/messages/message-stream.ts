/** One conversation's stream as messages: writes and reads them with what the two ends agreed on. */
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

/** What of a conversation's values travels by reference. */
export interface ValueReferences extends ReferenceSender {
  /** Brings a reference of the peer's to life. Throws if it means nothing here. */
  take(reference: WireReference): unknown;
}

// The message's array, its params, and the arguments of a call to a reference stand around a value.
const levelsAround = 3;

export class MessageStream {
  readonly shared: Shared;
  readonly #stream: RawStream;
  /** For errors that the redaction hook has seen. */
  #outbound: OutboundOptions;
  /** For values, whose errors it sees too. */
  #values: OutboundOptions;
  /** What is on its way, for the hook. */
  #where = '';
  #inbound: InboundOptions;
  readonly #takesTypes: boolean;
  #hasEnded = false;
  readonly #mayBePlain: boolean;

  constructor(stream: RawStream, shared: Shared) {
    this.shared = shared;
    this.#stream = stream;
    // Limits that a plain message could break are checked on the general path alone.
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
    const hook = shared.options.redactError;
    this.#values =
      hook === undefined
        ? this.#outbound
        : {
            ...this.#outbound,
            encodeError: (error, _options, depth) =>
              errorMap(redact(hook, error, this.#where), this.#outbound, depth),
          };
    this.#inbound = {
      takeReference: undefined,
      decodeError: (map, claim) => reviveError(map, shared.peer, claim),
      allowance: { values: 0 },
    };
  }

  /** Lets values travel by reference from now on. Not called for a peer that takes none. */
  carry(references: ValueReferences): void {
    const hasHook = this.#values !== this.#outbound;
    this.#outbound = { ...this.#outbound, references };
    this.#values = hasHook ? { ...this.#values, references } : this.#outbound;
    this.#inbound = { ...this.#inbound, takeReference: (reference) => references.take(reference) };
  }

  /**
   * What to pack for a value; for the params array itself `depth` is -1. `where` is the call's method, for the hook on errors. `copies`
   * is what {@link Unwritten} has of the value, if it was read before.
   */
  toWire(value: unknown, root: string, where: string, depth = 0, copies?: readonly object[]): unknown {
    this.#where = where;
    return toWire(value, root, this.#values, depth, copies);
  }

  /** What a failure is to this peer: a map, or a text. Never throws, whatever was thrown and whatever the hook does. */
  errorToWire(error: unknown, where: string): unknown {
    const { capabilities, options } = this.shared;
    try {
      const shown = options.redactError === undefined ? error : redact(options.redactError, error, where);
      return capabilities.has('errors') ? errorMap(shown, this.#outbound) : errorText(shown);
    } catch {
      // A revoked proxy, for instance, has nothing that could be told.
      return `${where} failed with an error that cannot be read`;
    }
  }

  /** The error that the message which was read last stands for; that it holds too many, if it does. */
  errorFromWire(value: unknown, where: string): Error {
    const failure = `${where} (${this.shared.peer})`;
    try {
      return reviveFailure(value, failure, (values) => claim(values, this.#inbound));
    } catch (error) {
      return error as Error;
    }
  }

  /** Writes a message on the conversation's stream, or on a value's. False where the stream asks to wait. */
  write(message: readonly unknown[], stream: RawStream = this.#stream): boolean {
    if (this.#hasEnded && stream === this.#stream) return true;
    return writeMessage(stream, message, this.#takesTypes, this.shared.limits.maxMessageBytes);
  }

  /** Sends a notification on the conversation's stream. */
  notify(method: string, params: unknown[]): void {
    this.write([messageType.notification, method, params]);
  }

  /** Writes a request whose params are plain, and returns what the stream's `write` says. Otherwise returns what is left to write. Throws what a getter throws. */
  writeRequest(id: number, method: MethodName, params: readonly unknown[]): boolean | Unwritten {
    if (!this.#mayBePlain || this.#hasEnded) return { value: params, copies: [] };
    const length = packRequest(id, method.packed, params, this.#outbound);
    return length > 0 ? writePlain(this.#stream, length) : takeUnwritten();
  }

  /** Writes an answer that is plain. Returns and throws as {@link writeRequest} does. */
  writeAnswer(id: number, result: unknown): boolean | Unwritten {
    if (!this.#mayBePlain || this.#hasEnded) return { value: result, copies: [] };
    const length = packAnswer(id, result, this.#outbound);
    return length > 0 ? writePlain(this.#stream, length) : takeUnwritten();
  }

  /** Nothing is written on the conversation's stream any more. Streams of values go on. */
  end(): void {
    this.#hasEnded = true;
  }

  reader(sink: MessageSink, takePlain?: PlainSink): MessageReader {
    const { limits, budget } = this.shared;
    // Extensions are let in by what this package announces; a peer of the base sends none.
    const { maxMessageBytes, maxMessageValues, maxDepth } = limits;
    return new MessageReader(
      new Scanner(maxMessageBytes, maxDepth + levelsAround, maxMessageValues),
      budget,
      sink,
      this.#mayBePlain ? takePlain : undefined,
    );
  }

  /** Decodes the element of a message at its `at`, which is the last one. */
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
