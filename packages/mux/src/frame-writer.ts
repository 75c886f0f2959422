/**
 * Writes frames to one pipe. Frames are collected in a batch that is sent in one write. The first payload of
 * a turn is sent immediately, unless the turn before had several. Other frames are sent at the end of the
 * turn, or at the end of the read that is being dispatched. The scheduler decides which stream sends next.
 */

import { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { HEADER_BYTES } from './frame.ts';
import { FrameBatch, MAX_FRAME, type OnFrame } from './frame-batch.ts';
import { StallWatch } from './stall-watch.ts';
import type { Timers } from './timers.ts';
import { WriteTiming } from './write-timing.ts';

/**
 * Payloads up to this size are copied next to their header. For larger payloads, a second buffer in the write
 * costs less than the copy.
 */
const COPY_LIMIT = 4 * 1024;
/**
 * A batch is sent as soon as it holds this many bytes. With this size, a bulk stream costs 1.1 times the
 * processor time of the bare pipes. With batches of 128 KiB the factor is 1.3, and with batches of 512 KiB it
 * is 1.04. A small message waits for at most one batch.
 */
export const BATCH_BYTES: number = 256 * 1024;

/** The settings of a writer, and the functions by which the writer asks and informs its session. */
export interface WriterOwner {
  /**
   * How long the transport may accept no bytes before `onStalled` is called, in milliseconds; 0 is no limit.
   */
  readonly stallTimeoutMs: number;
  readonly timers: Timers;
  /** Called when the transport accepts bytes again. Appends the waiting frames. */
  onWritable(): void;
  onStalled(): void;
  readonly onFrame: OnFrame;
  /** Returns true if listeners must be told about the frames that will be sent next. */
  isWatched(): boolean;
  /** Tells the listeners about these frames. A listener may write, or end the session. */
  onLeaving(): void;
}

export class FrameWriter {
  readonly #writable: Writable;
  readonly #owner: WriterOwner;
  /**
   * True if the transport is a socket. The kernel then has its own copy of the written bytes, so our memory
   * can be reused. A transport of another kind may pass our memory itself to a reader.
   */
  readonly #isSocket: boolean;
  readonly #batch: FrameBatch;
  readonly #timing: WriteTiming;
  readonly #stall: StallWatch;
  /**
   * Parts that were taken from the batch. They are written after the listeners have been told about their
   * frames.
   */
  #told: Uint8Array[] = [];
  #hasEnded = false;
  #replyBytes = 0;

  constructor(writable: Writable, owner: WriterOwner) {
    this.#writable = writable;
    this.#owner = owner;
    this.#isSocket = writable instanceof Socket;
    this.#batch = new FrameBatch(owner.onFrame);
    this.#timing = new WriteTiming(() => this.flush());
    this.#stall = new StallWatch(owner.stallTimeoutMs, () => owner.onStalled(), owner.timers);
    writable.on('drain', () => this.#onDrain());
  }

  /** True if nothing can be sent, because the transport is full or our half of it has ended. */
  get isBlocked(): boolean {
    return this.#hasEnded || this.#stall.isBlocked;
  }

  /**
   * True if our half of the transport has ended. Bytes that streams write after the end remain in the
   * streams' queues, and count as unsent.
   */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Bytes gathered for the next write. */
  get batchBytes(): number {
    return this.#batch.bytes;
  }

  /**
   * Bytes of replies that wait because the transport is full. If there are many such bytes, we stop reading
   * the frames that ask for replies.
   */
  get waitingReplyBytes(): number {
    return this.#replyBytes;
  }

  /** Must be called when the dispatch of a read begins. Nothing is sent before the dispatch ends. */
  beginDispatch(): void {
    this.#timing.beginDispatch();
  }

  endDispatch(): void {
    this.#timing.endDispatch();
  }

  /** Appends a frame without payload. The frame is sent at the end of the turn. */
  control(type: number, flags: number, streamId: number, length: number): void {
    if (this.#hasEnded) return;
    this.#batch.control(type, flags, streamId, length);
    this.#timing.onControl();
  }

  /**
   * Appends a frame that answers one of the peer's frames. If the transport is full, counts the bytes of this
   * frame in {@link waitingReplyBytes}.
   */
  reply(type: number, flags: number, streamId: number, length: number): void {
    if (this.#stall.isBlocked) this.#replyBytes += HEADER_BYTES;
    this.control(type, flags, streamId, length);
  }

  /**
   * Appends payload as one or more frames. The caller has already counted the payload against the stream's
   * window.
   */
  data(streamId: number, chunk: Uint8Array): void {
    if (chunk.length <= COPY_LIMIT) {
      this.dataCopy(streamId, chunk, 0, chunk.length);
      return;
    }
    if (this.#hasEnded) return;
    if (chunk.length <= MAX_FRAME) {
      this.#batch.reference(streamId, chunk);
      return;
    }
    for (let at = 0; at < chunk.length; at += MAX_FRAME) {
      this.#batch.reference(streamId, chunk.subarray(at, at + MAX_FRAME));
    }
  }

  /** Like {@link data}, but appends a copy of `source[start..end)`. */
  dataCopy(streamId: number, source: Uint8Array, start: number, end: number): void {
    if (this.#hasEnded) return;
    for (let at = start; at < end; at += MAX_FRAME / 2) {
      this.#batch.copy(streamId, source, at, Math.min(end, at + MAX_FRAME / 2));
    }
  }

  /**
   * Notes that payload was appended. A full batch is sent immediately. For any other batch,
   * {@link WriteTiming} decides when it is sent.
   */
  leave(): void {
    if (this.#batch.bytes === 0) return;
    if (this.#batch.bytes >= BATCH_BYTES) this.flush();
    else this.#timing.onPayload();
  }

  /** Hands the batch to the transport, unless the transport is full. */
  flush(): void {
    if (this.isBlocked || this.#batch.bytes === 0) return;
    this.#replyBytes = 0;
    this.#batch.complete();
    if (this.#owner.isWatched()) {
      this.#tellAndWrite();
      if (this.#hasEnded) return;
    } else {
      const whole = this.#batch.takeWhole();
      if (whole === undefined) this.#writeParts(this.#batch.takeParts());
      else this.#writable.write(whole);
    }
    // If each 64 KiB took a fresh block, V8 would move the blocks to its old generation, and only a full
    // collection would free them.
    if (this.#isSocket && this.#batch.bytes === 0 && this.#writable.writableLength === 0)
      this.#batch.reuseBlock();
    // The result of the write may be out of date, so ask the transport again whether it is full. If the
    // transport is in memory, the peer may have answered within that write, and this side may have written
    // more.
    this.#stall.set(this.#writable.writableNeedDrain);
  }

  /** Hands the batch to the transport, even if the transport is full. */
  force(): void {
    this.#stall.set(false);
    this.flush();
    // If a listener calls this while it is told about frames, those frames are in `#told`.
    if (this.#told.length > 0) this.#writeParts(this.#takeTold());
  }

  /**
   * Hands over the collected frames, even if the transport is full, and ends the transport's writable half.
   */
  end(): void {
    if (this.#hasEnded) return;
    this.force();
    this.#close();
    this.#writable.end();
  }

  /** Drops the collected frames, because the transport's writable half is gone. Accepts no more frames. */
  abandon(): void {
    this.#close();
    this.#batch.clear();
  }

  /**
   * Tells the listeners about the batch's frames, and then writes these frames. If a listener writes while it
   * is told, its frames are sent after this batch. If that write flushes immediately, it sends this batch
   * too, and `#told` is empty afterwards.
   */
  #tellAndWrite(): void {
    this.#told.push(...this.#batch.takeParts());
    this.#owner.onLeaving();
    this.#writeParts(this.#takeTold());
  }

  #takeTold(): Uint8Array[] {
    const told = this.#told;
    this.#told = [];
    return told;
  }

  #writeParts(parts: Uint8Array[]): void {
    const writable = this.#writable;
    writable.cork();
    for (const part of parts) writable.write(part);
    writable.uncork();
  }

  #close(): void {
    this.#hasEnded = true;
    this.#replyBytes = 0;
    this.#stall.stop();
  }

  #onDrain(): void {
    if (this.#hasEnded) return;
    this.#stall.set(false);
    this.#owner.onWritable();
    this.flush();
  }
}
