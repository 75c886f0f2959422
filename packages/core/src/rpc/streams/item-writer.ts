/**
 * Sends the items of a given stream. The first item of a turn is sent immediately. The other items of that
 * turn are sent together.
 */
import type { RawStream } from '@pipework/mux/lean';
import { realTimers } from '../../base/timers.ts';
import type { ItemBatch } from '../messages/item-batch.ts';
import type { GivenOwner, StreamHost } from './stream-host.ts';
import { produced } from './stream-protocol.ts';

// This is the real timer, because fake timers in a host must not stop a plugin that runs in the same process.
const { setImmediate } = realTimers;

// With more items in one message, each item would wait longer, and little time would be saved.
const maxBatchItems = 256;
// The source must wait for the next turn after this many items. Otherwise a source that is always ready would
// delay all other work until the window is full.
const maxTurnItems = 512;

export class ItemWriter {
  readonly #host: StreamHost;
  readonly #raw: RawStream;
  readonly #owner: GivenOwner;
  readonly #batch: ItemBatch | undefined;
  #turnLeft = maxTurnItems;
  /** True after a write that filled the stream, until the stream drains. */
  #isBlocked = false;
  #hasEnded = false;
  #resume: (() => void) | undefined;

  constructor(host: StreamHost, raw: RawStream, owner: GivenOwner) {
    this.#host = host;
    this.#owner = owner;
    this.#raw = raw;
    this.#batch = host.itemBatch();
  }

  get #hasRoom(): boolean {
    return (!this.#isBlocked && this.#turnLeft > 0) || this.#hasEnded;
  }

  /**
   * Resolves when there is room for an item, or when the writer ends. Returns undefined if there is room
   * already, or if the writer has ended.
   */
  room(): Promise<void> | undefined {
    if (this.#hasRoom) return undefined;
    return new Promise((resolve) => {
      this.#resume = resolve;
    });
  }

  /** Sends an item. `where` names the call that the stream belongs to. Throws if the item cannot be sent. */
  item(value: unknown, where: string): void {
    const isFirst = this.#turnLeft === maxTurnItems;
    if (isFirst) setImmediate(this.#endTurn);
    this.#turnLeft--;
    const batch = isFirst ? undefined : this.#batch;
    let left = value;
    let isRow = false;
    if (batch?.takesRows === true) {
      isRow = batch.addRow(value);
      if (!isRow) left = batch.takeLeft();
    }
    if (!isRow) {
      const wire = this.#host.toWire(left, 'item', where, this.#owner);
      if (batch?.add(wire) !== true) return this.write(produced.item, wire);
    }
    if (batch !== undefined && batch.count >= maxBatchItems) this.#flush();
  }

  /** Sends a single message after the items of the batch. Throws if the message cannot be written. */
  write(word: number, wire: unknown): void {
    this.#flush();
    this.#isBlocked = !this.#host.writeItem(this.#raw, word, wire);
  }

  /** Must be called when the stream has drained. */
  drained(): void {
    this.#isBlocked = false;
    if (this.#hasRoom) this.#resume?.();
  }

  /** Resolves the promise of {@link room}, so that the stream checks its own state. */
  wake(): void {
    this.#resume?.();
  }

  /** Ends the writer, and resolves the promise of {@link room}. */
  end(): void {
    this.#hasEnded = true;
    this.#resume?.();
  }

  readonly #endTurn = (): void => {
    this.#turnLeft = maxTurnItems;
    this.#flush();
    if (this.#hasRoom) this.#resume?.();
  };

  #flush(): void {
    const batch = this.#batch;
    if (batch === undefined || batch.count === 0 || this.#hasEnded) return;
    this.#isBlocked = !batch.write(this.#raw, produced.items);
  }
}
