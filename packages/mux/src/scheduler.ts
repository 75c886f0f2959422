/**
 * Whose frame is next: what streams owe (SYN, ACK, credit, FIN) before payload, payload in slices and in turn, and of
 * each stream its own frames in order. While the transport takes bytes everything passes straight through; the lists
 * here fill only while it does not.
 */

import { Flag, FrameType } from './frame.ts';
import { BATCH_BYTES, MAX_FRAME, type FrameWriter } from './frame-writer.ts';
import type { StreamCore } from './stream-core.ts';

/** A stream's turn while others wait too. */
const SLICE = 16 * 1024;

export class Scheduler {
  readonly #writer: FrameWriter;
  readonly #onFin: (stream: StreamCore) => void;
  /** Streams that owe a frame without payload. */
  readonly #owing = new Set<StreamCore>();
  /** Streams with payload that fits their window, in the order of their turns. */
  readonly #ready = new Set<StreamCore>();
  #isFilling = false;

  constructor(writer: FrameWriter, onFin: (stream: StreamCore) => void) {
    this.#writer = writer;
    this.#onFin = onFin;
  }

  /** True where payload of this stream may go straight out: nothing of its own or of others is before it. */
  isClearFor(stream: StreamCore): boolean {
    return !this.#writer.isBlocked && !this.#isFilling && stream.state.maySend;
  }

  /** The stream owes something else than payload. */
  owe(stream: StreamCore): void {
    if (this.#writer.isBlocked) this.#owing.add(stream);
    else this.#pay(stream);
  }

  /** Payload straight out: the caller has asked {@link isClearFor}, and the window. */
  send(stream: StreamCore, chunk: Uint8Array): void {
    this.#payOpening(stream);
    stream.sendWindow.consume(chunk.length);
    this.#writer.data(stream.id, chunk);
    this.#writer.leave();
  }

  /** Like {@link send}, copying. */
  sendCopy(stream: StreamCore, source: Uint8Array, start: number, end: number): void {
    this.#payOpening(stream);
    stream.sendWindow.consume(end - start);
    this.#writer.dataCopy(stream.id, source, start, end);
    this.#writer.leave();
  }

  /** Payload waits in the stream's queue, or its window has opened. */
  wake(stream: StreamCore): void {
    if (!stream.hasSendable) return;
    this.#ready.add(stream);
    if (this.#writer.isBlocked || this.#isFilling) return;
    this.fill();
    this.#writer.leave();
  }

  /** Everything of this stream that fits its window goes into the batch, ahead of others. */
  expedite(stream: StreamCore): void {
    if (!stream.hasSendable || this.#writer.hasEnded) return;
    this.#ready.delete(stream);
    this.#sendSlice(stream, Infinity);
    this.#writer.leave();
  }

  /** The stream is gone: it owes nothing. */
  forget(stream: StreamCore): void {
    this.#owing.delete(stream);
    this.#ready.delete(stream);
  }

  /** Moves what waits into batches until the transport is full or nothing waits. */
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

  /** Everything that fits the peer's windows, whether the transport is full or not: before the end. */
  fillAll(): void {
    if (this.#writer.hasEnded) return;
    // Each leaves its list first: what its handlers write meanwhile may put it back.
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
    // A set keeps the order of insertion, and one that is deleted and added again goes to the end: a ring.
    for (const stream of this.#ready) {
      if (this.#writer.isBlocked) return;
      this.#ready.delete(stream);
      this.#sendSlice(stream, this.#ready.size === 0 ? MAX_FRAME : SLICE);
      if (stream.hasSendable) this.#ready.add(stream);
      if (this.#writer.batchBytes >= BATCH_BYTES) this.#writer.flush();
    }
  }

  #sendSlice(stream: StreamCore, limit: number): void {
    this.#payOpening(stream);
    let left = Math.min(limit, stream.outgoing.length, stream.sendWindow.available);
    stream.sendWindow.consume(left);
    while (left > 0) {
      const chunk = stream.outgoing.shift(Math.min(left, MAX_FRAME))!;
      left -= chunk.length;
      this.#writer.data(stream.id, chunk);
    }
    this.#payFin(stream);
    stream.onSent();
  }

  #pay(stream: StreamCore): void {
    if (!this.#payOpening(stream)) {
      const credit = stream.takeCredit();
      if (credit > 0) this.#writer.control(FrameType.WindowUpdate, 0, stream.id, credit);
    }
    this.#payFin(stream);
  }

  #payOpening(stream: StreamCore): boolean {
    const flag = stream.state.takeOpeningFlag();
    if (flag === undefined) return false;
    this.#writer.control(FrameType.WindowUpdate, Flag[flag], stream.id, stream.takeOpeningCredit());
    return true;
  }

  /** FIN on a frame of its own behind the data, as the reference sends it. */
  #payFin(stream: StreamCore): void {
    if (stream.state.sending !== 'fin-due' || stream.outgoing.length > 0 || !stream.state.maySend) return;
    stream.state.sendFin();
    this.#writer.control(FrameType.WindowUpdate, Flag.FIN, stream.id, 0);
    this.#onFin(stream);
  }
}
