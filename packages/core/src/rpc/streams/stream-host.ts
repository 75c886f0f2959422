/**
 * What the streams of one conversation share: how their items are written and read, and the parts of their
 * session.
 */
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
  /** Why the handler's signal aborted; undefined if it has not. */
  readonly abortReason: unknown;
  /** Aborts the handler's signal, and ends the streams in the call's arguments. */
  cancel(reason: unknown): void;
}

/** Notes which references one message gives and takes, between its beginning and its end. */
export interface MessageScopes {
  /** The references of the next walk belong to the receiver until the receiver gives them back. */
  beginHandingOver(): void;
  endSending(): unknown;
  /** Ends the walk of a message that cannot be sent, and takes back the references that it gave. */
  revokeSending(reason: unknown): void;
  beginTaking(): void;
  /** Called with the items that the message held. If an item is discarded, its references are given back. */
  endTakingItems(items: readonly unknown[]): void;
  discard(item: unknown): void;
  /** True if a plain object is sent by reference. */
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

  /** Makes a collector of items for one message. Undefined if the peer accepts only single items. */
  itemBatch(): ItemBatch | undefined {
    const { capabilities } = this.shared;
    return capabilities.has('items')
      ? new ItemBatch(capabilities.has('types'), capabilities.has('tables'), this.#scopes)
      : undefined;
  }

  /** Writes one message on a stream of values. Returns what the stream's `write` returns. */
  writeItem(stream: RawStream, word: number, wire: unknown): boolean {
    return this.#messages.write([word, wire], stream);
  }

  /** Makes a reader for the messages of a stream of values. */
  itemReader(sink: (word: number, value: unknown) => void): MessageReader {
    const scopes = this.#scopes;
    return this.#messages.reader((message) => {
      const { source, start } = message;
      const word = source[start + 1]!;
      if (source[start] !== 0x92 || word > produced.items)
        throw new PipeworkError('RPC_PROTOCOL', 'the peer sent an invalid message on a stream of values');
      scopes.beginTaking();
      let value: unknown;
      try {
        message.at = start + 2;
        value = this.#messages.read(message);
      } finally {
        scopes.endTakingItems(word === produced.items && Array.isArray(value) ? value : [value]);
      }
      sink(word, value);
    });
  }

  /** Gives back the references in an item that its consumer will not take. */
  discard(item: unknown): void {
    this.#scopes.discard(item);
  }

  /**
   * Returns what to write for an item. The item's references belong to the receiver until the receiver gives
   * them back.
   */
  toWire(value: unknown, root: string, where: string): unknown {
    const scopes = this.#scopes;
    scopes.beginHandingOver();
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
