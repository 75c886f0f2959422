/**
 * Two connected ends in memory. Each end reads the bytes that the other end writes, with back-pressure. A
 * test can choose how the bytes are cut.
 */

import { Duplex } from 'node:stream';

export interface PairOptions {
  /**
   * Decides where passing bytes are cut. Gets the number of bytes that are left of a chunk, and returns how
   * many of them are delivered next.
   */
  chunkSize?: (left: number) => number;
  highWaterMark?: number;
  /** Called before each delivery. If it returns true, the delivery is delayed by a turn of the event loop. */
  isLate?: () => boolean;
}

/** One end. */
export class PairEnd extends Duplex {
  peer!: PairEnd;
  readonly #chunkSize: (left: number) => number;
  readonly #isLate: () => boolean;
  #waiting: Buffer[] = [];
  #waitingCallback: (() => void) | undefined;
  #isWanted = false;
  #isStalled = false;
  /** The number of writes to this end. */
  writes = 0;

  constructor({
    chunkSize = (left) => Math.min(left, 64 * 1024),
    highWaterMark = 64 * 1024,
    isLate = () => false,
  }: PairOptions) {
    super({ highWaterMark, allowHalfOpen: true });
    this.#chunkSize = chunkSize;
    this.#isLate = isLate;
  }

  /** Accepts no more bytes from the other end until {@link resumeTaking}. */
  stall(): void {
    this.#isStalled = true;
  }

  resumeTaking(): void {
    this.#isStalled = false;
    this.#pump();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.writes += 1;
    this.peer.receive(chunk, callback);
  }

  override _writev(chunks: { chunk: Buffer }[], callback: () => void): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), 'binary', callback);
  }

  override _final(callback: () => void): void {
    this.peer.receiveEnd();
    callback();
  }

  override _read(): void {
    this.#isWanted = true;
    this.#pump();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#waitingCallback?.();
    setImmediate(() => {
      if (!this.peer.destroyed && !this.writableFinished) this.peer.receiveEnd();
    });
    callback(error);
  }

  receive(chunk: Buffer, callback: () => void): void {
    if (this.destroyed) {
      callback();
      return;
    }
    for (let at = 0; at < chunk.length;) {
      const size = Math.max(1, Math.min(chunk.length - at, this.#chunkSize(chunk.length - at)));
      // Copies the bytes, because the two ends of a real pipe share no memory either.
      this.#waiting.push(Buffer.from(chunk.subarray(at, at + size)));
      at += size;
    }
    this.#waitingCallback = callback;
    setImmediate(() => this.#pump());
  }

  receiveEnd(): void {
    this.#waiting.push(Buffer.alloc(0));
    setImmediate(() => this.#pump());
  }

  #pump(): void {
    while (this.#isWanted && !this.#isStalled && !this.destroyed && this.#waiting.length > 0) {
      if (this.#isLate()) {
        setImmediate(() => this.#pump());
        return;
      }
      const chunk = this.#waiting.shift()!;
      this.#isWanted = this.push(chunk.length === 0 ? null : chunk);
      if (chunk.length === 0) return;
    }
    if (this.#waiting.length > 0) return;
    const callback = this.#waitingCallback;
    this.#waitingCallback = undefined;
    callback?.();
  }
}

/** A connected pair. */
export function bytePair(options: PairOptions = {}): [PairEnd, PairEnd] {
  const a = new PairEnd(options);
  const b = new PairEnd(options);
  a.peer = b;
  b.peer = a;
  return [a, b];
}
