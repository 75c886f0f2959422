/** What references and streams of values need of the conversation they belong to. */
import type { RawStream } from '@pipework/mux';
import type { ItemBatch } from '../messages/item-batch.ts';
import type { Shared } from '../../session/shared.ts';
import type { MessageReader } from '../wire/message-reader.ts';
import type { SentCall } from '../calls/sent-call.ts';
import type { IncomingCall } from '../calls/incoming-call.ts';

/** What references and streams need of their conversation. */
export interface ReferenceHost {
  readonly shared: Shared;
  notify(method: string, params: unknown[]): void;
  callReference(id: number, name: string | undefined, args: unknown[]): Promise<unknown>;
  /** A stream that was given out, or taken, has ended; with the call whose result it was in, if it was in one. */
  givenStreamEnded(call: IncomingCall | undefined): void;
  takenStreamEnded(call: SentCall | undefined): void;
  /** A reader for the messages of a value's stream, and a writer. */
  itemReader(sink: (word: number, value: unknown) => void): MessageReader;
  writeItem(stream: RawStream, word: number, wire: unknown): boolean;
  /** Collects items for one message; undefined where the peer takes them one by one. */
  itemBatch(): ItemBatch | undefined;
  toWire(value: unknown, root: string, where: string): unknown;
  errorToWire(error: unknown, where: string): unknown;
  errorFromWire(value: unknown, where: string): Error;
}
