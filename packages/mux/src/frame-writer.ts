/**
 * Frames in, one pipe out. Frames gather in a batch that leaves in one write: the first of a turn at once (unless the turn
 * before had several), the others at the end of the turn or of the read being dispatched. Headers and small payloads lie one behind another in one block of
 * memory; large payloads go by reference under one writev. Which stream comes next is the scheduler's business.
 */

import { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { FrameType, HEADER_BYTES, writeHeader, writeLength } from './frame.ts';

/** Payloads up to this are copied beside their header; above it a second buffer costs less than the copy. */
const COPY_LIMIT = 4 * 1024;
/** Bytes that are copied one by one: the view that a native copy needs costs more (0.05 µs). */
const LOOP_LIMIT = 64;
/** A data frame is no longer than this: far below what any peer refuses, and no stream holds the pipe for long. */
export const MAX_FRAME: number = 64 * 1024;
/**
 * A batch leaves at once when it holds this much. A bulk stream's processor time, the bare pipes' being 1: 1.3 with
 * batches of 128 KiB, 1.1 with these, 1.04 with 512; and a small message waits behind at most one.
 */
export const BATCH_BYTES: number = 256 * 1024;
/** The blocks that headers and small payloads are written to. */
const BLOCK_BYTES = 64 * 1024;

/** Who is asked for more, and who hears of every frame. */
export interface WriterOwner {
  /** How long the transport may take nothing before `onStalled`; 0 is for ever. */
  readonly stallTimeoutMs: number;
  /** The transport takes bytes again: append what waits. */
  onWritable(): void;
  onStalled(): void;
  /** A frame is complete. Nothing may be written before this returns: it may be told in the middle of the next one. */
  onFrame(type: number, flags: number, streamId: number, length: number): void;
  /** True where somebody is to hear of frames, which are about to leave. */
  isWatched(): boolean;
  /** Lets them hear. Whoever does may write, or end the session. */
  onLeaving(): void;
}

export class FrameWriter {
  readonly #writable: Writable;
  readonly #owner: WriterOwner;
  /** What has left a socket is the kernel's, and the memory ours again. Other streams may hand a chunk on as it is. */
  readonly #isSocket: boolean;

  #batch: Uint8Array[] = [];
  /** Taken from the batch, and not written before whoever watches has heard of it. */
  readonly #told: Uint8Array[] = [];
  #batchBytes = 0;
  /** Bytes [#from, #to) of the block are the batch's end, not yet among #batch. */
  #block: Uint8Array = new Uint8Array(0);
  #from = 0;
  #to = 0;
  /** The data frame at the very end of the block, which grows while its stream goes on writing. 0: none. */
  #growing = 0;
  #growingAt = 0;
  #growingLength = 0;

  #blocked = false;
  #blockedSince = 0;
  #stallTimer: NodeJS.Timeout | undefined;
  #ended = false;
  #dispatching = false;
  #turnBegan = false;
  /** The turn had more than one write of payload, and so will the next, it is believed. */
  #isBusy = false;
  #tickDue = false;
  #replyBytes = 0;

  constructor(writable: Writable, owner: WriterOwner) {
    this.#writable = writable;
    this.#owner = owner;
    this.#isSocket = writable instanceof Socket;
    writable.on('drain', () => this.#onDrain());
  }

  /** Nothing can leave: the transport is full, until it drains, or our half of it has ended. */
  get isBlocked(): boolean {
    return this.#blocked;
  }

  /** Our half of the transport has ended: nothing leaves any more. */
  get hasEnded(): boolean {
    return this.#ended;
  }

  /** Bytes gathered for the next write. */
  get batchBytes(): number {
    return this.#batchBytes;
  }

  /** Bytes of answers that wait for a transport that takes nothing: the measure for no longer reading questions. */
  get waitingReplyBytes(): number {
    return this.#replyBytes;
  }

  /** While a read is dispatched nothing leaves before its end. */
  beginDispatch(): void {
    this.#dispatching = true;
  }

  endDispatch(): void {
    this.#dispatching = false;
    this.flush();
  }

  /** Appends a frame without payload; it leaves at the end of the turn. */
  control(type: number, flags: number, streamId: number, length: number): void {
    if (this.#ended) return;
    this.#header(type, flags, streamId, length);
    this.#owner.onFrame(type, flags, streamId, length);
    this.#leaveAtTick();
  }

  /** Appends an answer that the peer's word alone has caused: counted while it cannot leave. */
  reply(type: number, flags: number, streamId: number, length: number): void {
    if (this.#blocked && !this.#ended) this.#replyBytes += HEADER_BYTES;
    this.control(type, flags, streamId, length);
  }

  /** Appends payload as one frame or more; the caller has taken it from the stream's window. */
  data(streamId: number, chunk: Uint8Array): void {
    if (chunk.length <= COPY_LIMIT) {
      this.dataCopy(streamId, chunk, 0, chunk.length);
      return;
    }
    for (let at = 0; at < chunk.length; at += MAX_FRAME) this.#dataReference(streamId, chunk, at);
  }

  /** Like {@link data}, for `source[start..end)`, which is copied. */
  dataCopy(streamId: number, source: Uint8Array, start: number, end: number): void {
    if (this.#ended) return;
    for (let at = start; at < end; at += MAX_FRAME / 2) {
      this.#dataBlock(streamId, source, at, Math.min(end, at + MAX_FRAME / 2));
    }
  }

  /** After payload was appended: the first of a turn leaves at once, as does a full batch. */
  leave(): void {
    if (this.#batchBytes === 0) return;
    if (this.#batchBytes >= BATCH_BYTES) {
      this.flush();
    } else if (this.#turnBegan || this.#dispatching) {
      this.#isBusy = this.#turnBegan;
      this.#leaveAtTick();
    } else {
      this.#turnBegan = true;
      // Where the turn before had several, more will follow: two writes would wake the peer twice (0.1 µs of 1.1 a call, 64 in flight).
      if (!this.#isBusy) this.flush();
      this.#isBusy = false;
      this.#leaveAtTick();
    }
  }

  /** Hands the batch to the transport, unless that is full. */
  flush(): void {
    if (this.#blocked || this.#ended || this.#batchBytes === 0) return;
    this.#batchBytes = 0;
    this.#replyBytes = 0;
    this.#stopGrowing();
    if (this.#owner.isWatched()) {
      this.#tellAndWrite();
      if (this.#ended) return;
    } else if (this.#batch.length === 0) {
      // Mostly everything lies in the block: no list is needed.
      const part = this.#block.subarray(this.#from, this.#to);
      this.#from = this.#to;
      this.#writable.write(part);
    } else {
      this.#seal();
      this.#writeParts(this.#batch.splice(0));
    }
    // A new block for each 64 KiB would be old, and memory for a full collection, before it is garbage.
    if (this.#isSocket && this.#batchBytes === 0 && this.#writable.writableLength === 0)
      this.#from = this.#to = 0;
    // Asked of the transport, not of the write: over memory the peer may have answered, and more been written, within it.
    this.#blocked = this.#writable.writableNeedDrain;
    if (this.#blocked && this.#owner.stallTimeoutMs > 0) this.#startWatching();
  }

  /** What whoever hears writes comes behind what it heard of, also where that leaves at once: then all of it has left here. */
  #tellAndWrite(): void {
    this.#seal();
    this.#told.push(...this.#batch.splice(0));
    this.#owner.onLeaving();
    this.#writeParts(this.#told.splice(0));
  }

  #writeParts(parts: Uint8Array[]): void {
    const writable = this.#writable;
    writable.cork();
    for (const part of parts) writable.write(part);
    writable.uncork();
  }

  /** Hands the batch to the transport, full or not. */
  force(): void {
    this.#blocked = false;
    this.flush();
    // Asked for by someone who just hears of what leaves.
    if (this.#told.length > 0) this.#writeParts(this.#told.splice(0));
  }

  /** Hands over what is gathered, full or not, and ends the transport's writable half behind it. */
  end(): void {
    if (this.#ended) return;
    this.force();
    this.#close();
    this.#writable.end();
  }

  /** Drops what is gathered and takes nothing any more: the transport's writable half is gone. */
  abandon(): void {
    this.#close();
    this.#batch = [];
    this.#batchBytes = 0;
    this.#block = new Uint8Array(0);
  }

  /** What streams write from now on stays with them, so that they know it as unsent. */
  #close(): void {
    this.#ended = true;
    this.#blocked = true;
    this.#replyBytes = 0;
    clearTimeout(this.#stallTimer);
  }

  #startWatching(): void {
    this.#blockedSince = performance.now();
    this.#stallTimer ??= this.#watch(this.#owner.stallTimeoutMs);
  }

  /** One timer, left running between stalls: most are over long before it fires. */
  #watch(delayMs: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.#stallTimer = undefined;
      if (!this.#blocked) return;
      const left = this.#blockedSince + this.#owner.stallTimeoutMs - performance.now();
      if (left > 0) this.#stallTimer = this.#watch(Math.ceil(left));
      else this.#owner.onStalled();
    }, delayMs).unref();
  }

  #leaveAtTick(): void {
    if (this.#tickDue || this.#dispatching) return;
    this.#tickDue = true;
    process.nextTick(() => {
      this.#tickDue = false;
      this.#turnBegan = false;
      this.flush();
    });
  }

  #onDrain(): void {
    if (this.#ended) return;
    this.#blocked = false;
    this.#owner.onWritable();
    this.flush();
  }

  #header(type: number, flags: number, streamId: number, length: number): void {
    this.#stopGrowing();
    if (this.#to + HEADER_BYTES > this.#block.length) this.#newBlock();
    writeHeader(this.#block, this.#to, type, flags, streamId, length);
    this.#to += HEADER_BYTES;
    this.#batchBytes += HEADER_BYTES;
  }

  #dataBlock(streamId: number, source: Uint8Array, start: number, end: number): void {
    const bytes = end - start;
    const grown = this.#growingLength + bytes;
    if (this.#growing === streamId && grown <= MAX_FRAME && this.#to + bytes <= this.#block.length) {
      this.#growingLength = grown;
    } else {
      this.#stopGrowing();
      if (this.#to + HEADER_BYTES + bytes > this.#block.length) this.#newBlock();
      this.#growing = streamId;
      this.#growingAt = this.#to;
      this.#growingLength = bytes;
      this.#dataHeader(streamId, bytes);
    }
    const block = this.#block;
    if (bytes > LOOP_LIMIT) {
      block.set(start === 0 && end === source.length ? source : source.subarray(start, end), this.#to);
    } else {
      for (let from = start, to = this.#to; from < end; from++, to++) block[to] = source[from]!;
    }
    this.#to += bytes;
    this.#batchBytes += bytes;
  }

  #dataHeader(streamId: number, length: number): void {
    writeHeader(this.#block, this.#to, FrameType.Data, 0, streamId, length);
    this.#to += HEADER_BYTES;
    this.#batchBytes += HEADER_BYTES;
  }

  #dataReference(streamId: number, chunk: Uint8Array, at: number): void {
    if (this.#ended) return;
    const bytes = Math.min(MAX_FRAME, chunk.length - at);
    this.#header(FrameType.Data, 0, streamId, bytes);
    this.#owner.onFrame(FrameType.Data, 0, streamId, bytes);
    this.#seal();
    this.#batch.push(bytes === chunk.length ? chunk : chunk.subarray(at, at + bytes));
    this.#batchBytes += bytes;
  }

  #stopGrowing(): void {
    if (this.#growing === 0) return;
    writeLength(this.#block, this.#growingAt, this.#growingLength);
    this.#owner.onFrame(FrameType.Data, 0, this.#growing, this.#growingLength);
    this.#growing = 0;
    this.#growingLength = 0;
  }

  /** What lies in the block and is not among the batch's parts becomes one. */
  #seal(): void {
    this.#stopGrowing();
    if (this.#to === this.#from) return;
    this.#batch.push(this.#block.subarray(this.#from, this.#to));
    this.#from = this.#to;
  }

  #newBlock(): void {
    this.#seal();
    this.#block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
    this.#from = 0;
    this.#to = 0;
  }
}
