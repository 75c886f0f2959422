/**
 * One stream as data: its state, its windows and its queued bytes. This file does not deal with handlers or
 * frames.
 */

import { ChunkQueue } from './chunk-queue.ts';
import { StreamState, type InitialOpening } from './stream-state.ts';
import { ReceiveWindow, SendWindow } from './window.ts';

/** The state of one stream. The scheduler, the stream table and the rules for incoming frames act on it. */
export class StreamRecord {
  readonly id: number;
  readonly state: StreamState;
  readonly sendWindow: SendWindow = new SendWindow();
  readonly receiveWindow: ReceiveWindow = new ReceiveWindow();
  /** Bytes that were written and not sent yet. */
  readonly outgoing: ChunkQueue = new ChunkQueue();
  /** True if payload arrived since the last check of the close timeout. */
  wasHeard = false;
  #creditDue = 0;

  constructor(id: number, opening: InitialOpening) {
    this.id = id;
    this.state = new StreamState(opening);
  }

  /** True if bytes are queued, the peer's window has room for some, and data frames may be sent. */
  get hasSendable(): boolean {
    return this.outgoing.length > 0 && this.sendWindow.available > 0 && this.state.maySend;
  }

  /**
   * Adds credit that the next window update grants. The receive window has counted this credit as promised
   * already.
   */
  oweCredit(bytes: number): void {
    this.#creditDue += bytes;
  }

  /** Returns the credit that is due. The caller grants it. */
  takeCredit(): number {
    const credit = this.#creditDue;
    this.#creditDue = 0;
    return credit;
  }

  /**
   * Grows the receive window to `windowSize`. Returns the credit for the frame that opens the stream: the
   * window's size beyond the initial 256 KiB, plus the bytes that the application has taken by now.
   */
  takeOpeningCredit(windowSize: number): number {
    this.receiveWindow.grow(windowSize);
    return this.takeCredit() + this.receiveWindow.grantAll();
  }
}
