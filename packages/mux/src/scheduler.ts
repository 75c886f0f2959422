/**
 * Decides which frame is sent next. The frames that streams owe (SYN, ACK, credit, FIN) go before payload.
 * Payload is sent in slices, and the streams take turns. Each stream's own frames keep their order. While the
 * transport accepts bytes, every frame is passed on without waiting, and the lists in this file are empty.
 */

import { Flag, FrameType } from './frame.ts';
import { MAX_FRAME } from './frame-batch.ts';
import { BATCH_BYTES, type FrameWriter } from './frame-writer.ts';
import type { StreamRecord } from './stream-record.ts';

/** Bytes that a stream may send in one turn while many streams wait. */
const SLICE = 16 * 1024;
/**
 * If no more than this many streams wait, each sends a whole frame in its turn. Fewer and larger parts take
 * the sender less processor time, and a stream waits for at most 1 MiB of the other streams.
 */
const FEW = 16;

export interface SchedulerOwner {
  /**
   * Called when the frame that opens the stream is made. Returns the maximum size of the stream's receive
   * window.
   */
  allotWindow(stream: StreamRecord): number;
  /** Some of the stream's queued bytes were sent. */
  onSent(stream: StreamRecord): void;
  /** The stream's FIN was sent. */
  onFinSent(stream: StreamRecord): void;
}

export class Scheduler {
  readonly #writer: FrameWriter;
  readonly #owner: SchedulerOwner;
  /** Streams that owe a frame without payload. */
  readonly #owing = new Set<StreamRecord>();
  /** Streams with payload that fits their window, in the order of their turns. */
  readonly #ready = new Set<StreamRecord>();
  #isFilling = false;

  constructor(writer: FrameWriter, owner: SchedulerOwner) {
    this.#writer = writer;
    this.#owner = owner;
  }

  /**
   * True if payload of this stream may be sent immediately. Then the transport accepts bytes, so no other
   * stream waits, and no turns are being taken. The caller must check that no earlier bytes of this stream
   * wait.
   */
  isClearFor(stream: StreamRecord): boolean {
    return !this.#writer.isBlocked && !this.#isFilling && stream.state.maySend;
  }

  /** Sends the frames without payload that the stream owes, now or as soon as the transport accepts bytes. */
  owe(stream: StreamRecord): void {
    if (this.#writer.isBlocked) this.#owing.add(stream);
    else this.#pay(stream);
  }

  /** Sends payload immediately. The caller has checked {@link isClearFor} and the window. */
  send(stream: StreamRecord, chunk: Uint8Array): void {
    this.#payOpening(stream);
    stream.sendWindow.consume(chunk.length);
    this.#writer.data(stream.id, chunk);
    this.#writer.leave();
  }

  /** Like {@link send}, but sends a copy of `source[start..end)`. */
  sendCopy(stream: StreamRecord, source: Uint8Array, start: number, end: number): void {
    this.#payOpening(stream);
    stream.sendWindow.consume(end - start);
    this.#writer.dataCopy(stream.id, source, start, end);
    this.#writer.leave();
  }

  /** Gives the stream its turns, after payload was queued or the stream's window has opened. */
  wake(stream: StreamRecord): void {
    if (!stream.hasSendable) return;
    this.#ready.add(stream);
    if (this.#writer.isBlocked || this.#isFilling) return;
    this.fill();
    this.#writer.leave();
  }

  /** Moves the bytes of this stream that fit its window into the batch, ahead of other streams. */
  expedite(stream: StreamRecord): void {
    if (!stream.hasSendable || this.#writer.hasEnded) return;
    this.#ready.delete(stream);
    this.#sendSlice(stream, Infinity);
    this.#writer.leave();
  }

  /** Forgets a stream that has ended. Such a stream owes no frame any more. */
  forget(stream: StreamRecord): void {
    this.#owing.delete(stream);
    this.#ready.delete(stream);
  }

  /** Moves waiting frames into batches, until the transport is full or no frame is left. */
  fill(): void {
    if (this.#isFilling) return;
    this.#isFilling = true;
    try {
      for (const stream of this.#owing) {
        this.#owing.delete(stream);
        this.#pay(stream);
      }
      this.#takeTurns();
    } finally {
      this.#isFilling = false;
    }
  }

  /**
   * Moves everything that fits the peer's windows into the batch, even if the transport is full. Must be
   * called before our half or the process ends.
   */
  fillAll(): void {
    if (this.#writer.hasEnded) return;
    // Each stream is removed from its list first, because the stream's handlers may write meanwhile, which
    // adds the stream again.
    for (const stream of this.#owing) {
      this.#owing.delete(stream);
      this.#pay(stream);
    }
    for (const stream of this.#ready) {
      this.#ready.delete(stream);
      this.#sendSlice(stream, Infinity);
    }
  }

  #takeTurns(): void {
    // A set keeps the order of insertion, and an element that is deleted and added again goes to the end. So
    // the streams take turns in a circle.
    for (const stream of this.#ready) {
      if (this.#writer.isBlocked) return;
      const isCrowded = this.#ready.size > FEW;
      this.#ready.delete(stream);
      this.#sendSlice(stream, isCrowded ? SLICE : MAX_FRAME);
      if (stream.hasSendable) this.#ready.add(stream);
      if (this.#writer.batchBytes >= BATCH_BYTES) this.#writer.flush();
    }
  }

  #sendSlice(stream: StreamRecord, limit: number): void {
    this.#payOpening(stream);
    let left = Math.min(limit, stream.outgoing.length, stream.sendWindow.available);
    stream.sendWindow.consume(left);
    while (left > 0) {
      const chunk = stream.outgoing.shift(Math.min(left, MAX_FRAME))!;
      left -= chunk.length;
      this.#writer.data(stream.id, chunk);
    }
    this.#payFin(stream);
    this.#owner.onSent(stream);
  }

  #pay(stream: StreamRecord): void {
    this.#payOpening(stream);
    const credit = stream.takeCredit();
    if (credit > 0) this.#writer.control(FrameType.WindowUpdate, 0, stream.id, credit);
    this.#payFin(stream);
  }

  /** Sends SYN or ACK if it is due, with all the credit that is due. */
  #payOpening(stream: StreamRecord): void {
    const flag = stream.state.takeOpeningFlag();
    if (flag === undefined) return;
    const credit = stream.takeOpeningCredit(this.#owner.allotWindow(stream));
    this.#writer.control(FrameType.WindowUpdate, Flag[flag], stream.id, credit);
  }

  /** Sends FIN in a separate frame after the data, like the reference implementation of yamux. */
  #payFin(stream: StreamRecord): void {
    if (stream.state.sending !== 'fin-due' || stream.outgoing.length > 0 || !stream.state.maySend) return;
    stream.state.sendFin();
    this.#writer.control(FrameType.WindowUpdate, Flag.FIN, stream.id, 0);
    this.#owner.onFinSent(stream);
  }
}
