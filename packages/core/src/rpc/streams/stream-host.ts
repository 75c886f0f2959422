/** The functions that the streams of one conversation use to write and read their items. */
import type { RawStream } from '@pipework/mux/lean';
import { PipeworkError } from '../../base/errors.ts';
import type { Shared } from '../../session/shared.ts';
import type { CallContext } from '../api/call-context.ts';
import { ItemBatch } from '../messages/item-batch.ts';
import type { MessageStream } from '../messages/message-stream.ts';
import type { MessageReader } from '../wire/message-reader.ts';
import { produced } from './stream-protocol.ts';

/** The incoming call in whose result a stream is given. */
export interface StreamingCall extends CallContext {
  /** `given` counts the streams of the result that have not ended. */
  readonly held: { readonly given: number };
  /** The reason why the handler's signal aborted; undefined if it has not aborted. */
  readonly abortReason: unknown;
  /** Aborts the handler's signal, and ends the streams in the call's arguments. */
  cancel(reason: unknown): void;
}

/** The call that a given stream belongs to. Streams in the stream's items belong to the same call. */
export interface GivenOwner {
  /** The call whose result has the stream. */
  readonly incoming: StreamingCall | undefined;
}

/** The call that a taken stream belongs to. Streams in the stream's items belong to the same call. */
export interface TakenOwner {
  /** The call whose result brought the stream. */
  readonly outgoing: { readonly method: string } | undefined;
}

/**
 * Records the references that a message gives or takes. A `begin` method is called before the message, and an
 * `end` method after it.
 */
export interface MessageScopes {
  /**
   * Must be called before the walk (outbound.ts) over a message. The references in the message belong to the
   * receiver until the receiver gives them back.
   */
  beginHandingOver(): void;
  /** Like {@link beginHandingOver}, for an item or the last value of a stream. */
  beginHandingOverItem(owner: GivenOwner): void;
  endSending(): unknown;
  /** Ends the walk of a message that cannot be sent, and takes back the references in the message. */
  revokeSending(reason: unknown): void;
  beginTakingItems(owner: TakenOwner | undefined): void;
  /**
   * Must be called after a message was decoded. Remembers the message's items, so that {@link discard} can
   * give back the references in them.
   */
  endTakingItems(items: readonly unknown[]): void;
  discard(item: unknown): void;
  /** Returns true if a plain object is sent by reference. */
  standsApart(record: object): boolean;
}

export class StreamHost {
  readonly shared: Shared;
  readonly #messages: MessageStream;
  readonly #scopes: MessageScopes;

  constructor(messages: MessageStream, scopes: MessageScopes) {
    this.shared = messages.shared;
    this.#messages = messages;
    this.#scopes = scopes;
  }

  /** Sends a notification on the conversation's own stream. */
  notify(method: string, params: unknown[]): void {
    this.#messages.notify(method, params);
  }

  /** Makes an empty batch of items. Returns undefined if the peer accepts only single items. */
  itemBatch(): ItemBatch | undefined {
    const { capabilities } = this.shared;
    return capabilities.has('items') ? new ItemBatch(capabilities, this.#scopes) : undefined;
  }

  /** Writes one message on a stream of values. Returns the result of the stream's `write`. */
  writeItem(stream: RawStream, word: number, wire: unknown): boolean {
    return this.#messages.write([word, wire], stream);
  }

  /** Makes a reader for the messages of a stream of values. Streams in these messages belong to `owner`. */
  itemReader(sink: (word: number, value: unknown) => void, owner?: TakenOwner): MessageReader {
    const scopes = this.#scopes;
    return this.#messages.reader((message) => {
      const { source, start } = message;
      message.at = start + 1;
      const word = source[start] === 0x92 ? message.takeUint() : undefined;
      if (word === undefined || word > produced.items)
        throw new PipeworkError('RPC_PROTOCOL', 'the peer sent an invalid message on a stream of values');
      scopes.beginTakingItems(owner);
      let value: unknown;
      try {
        value = this.#messages.read(message);
      } finally {
        scopes.endTakingItems(word === produced.items && Array.isArray(value) ? value : [value]);
      }
      sink(word, value);
    });
  }

  /** Gives back the references in an item that the stream's consumer will not take. */
  discard(item: unknown): void {
    this.#scopes.discard(item);
  }

  /**
   * Returns the form in which an item is written. The item's references belong to the receiver until the
   * receiver gives them back. If `owner` is given, the streams in the item belong to the same call.
   */
  toWire(value: unknown, root: string, where: string, owner?: GivenOwner): unknown {
    const scopes = this.#scopes;
    if (owner === undefined) scopes.beginHandingOver();
    else scopes.beginHandingOverItem(owner);
    let wire: unknown;
    try {
      wire = this.#messages.toWire(value, root, where);
    } catch (error) {
      scopes.revokeSending(error);
      throw error;
    }
    scopes.endSending();
    return wire;
  }

  errorToWire(error: unknown, where: string): unknown {
    return this.#messages.errorToWire(error, where);
  }

  errorFromWire(value: unknown, where: string): Error {
    return this.#messages.errorFromWire(value, where);
  }
}
