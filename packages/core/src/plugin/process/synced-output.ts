/** One synced output on the plugin's side: what is printed, on its way to a stream of the session. */

import type { RawStream, RawStreamHandler } from '@pipework/mux/lean';
import { clock, realTimers } from '../../base/timers.ts';

/** What may be queued before a writer has to wait: the window's size, so that all that fits it can go ahead of a reply. */
const maxQueued = 256 * 1024;

type Done = (error?: Error | null) => void;

/** Takes printed bytes from the beginning, holds them until the host has opened the stream, and sends them on. */
export class SyncedOutput implements RawStreamHandler {
  readonly #lastResort: (bytes: Uint8Array) => void;
  #stream: RawStream | undefined;
  #early: { readonly bytes: Uint8Array; readonly done: Done }[] = [];
  #held: Done[] = [];
  #written = 0;
  #isSync = false;
  #afterWrite = (): void => {};
  #isOver = false;

  /** `lastResort` gets what the host never opened a stream for, when the process exits. */
  constructor(lastResort: (bytes: Uint8Array) => void) {
    this.#lastResort = lastResort;
  }

  /** The host has opened the stream. */
  attach(stream: RawStream): void {
    this.#stream = stream;
    stream.setHandler(this);
    const early = this.#early;
    this.#early = [];
    for (const { bytes, done } of early) this.write(bytes, done);
  }

  /** Sends `bytes`, which must not change any more; calls `done` when more may come. */
  write(bytes: Uint8Array, done: Done): void {
    const stream = this.#stream;
    if (this.#isOver) return done();
    if (stream === undefined) {
      if (!this.#isSync) return void this.#early.push({ bytes, done });
      this.#lastResort(bytes);
      return done();
    }
    this.#written += bytes.byteLength;
    const clear = stream.write(bytes);
    if (this.#isSync) this.#afterWrite();
    if (clear || this.#isSync || stream.queuedBytes <= maxQueued) done();
    else this.#held.push(done);
  }

  /** Puts what is queued in front of what other streams send from now on. */
  expedite(): void {
    this.#stream?.expedite();
  }

  /** Bytes that have not left, for want of window or of a stream. */
  get queuedBytes(): number {
    return this.#isOver ? 0 : (this.#stream?.queuedBytes ?? 0);
  }

  /** Nobody waits any more: the process exits. What the writers still hold comes at once, and `afterWrite` sees each write out. */
  goSync(afterWrite: () => void): void {
    if (this.#isSync) return;
    this.#isSync = true;
    this.#afterWrite = afterWrite;
    const early = this.#early;
    this.#early = [];
    for (const { bytes, done } of early) this.write(bytes, done);
    this.#release();
  }

  /** The last byte was printed. */
  finish(): void {
    this.#stream?.end();
  }

  /**
   * Resolves once everything written has left, or when for `stuckMs` nothing has: a host that reads nothing is not waited
   * for. In any case after `maxMs`.
   */
  async flushed(maxMs: number, stuckMs: number): Promise<void> {
    const deadline = clock() + maxMs;
    for (let last = -1, since = clock(); this.#isWaiting && clock() < deadline;) {
      if (this.#sent !== last) {
        last = this.#sent;
        since = clock();
      } else if (clock() - since > stuckMs) {
        return;
      }
      await new Promise((resolve) => realTimers.setTimeout(resolve, 2));
    }
  }

  get #isWaiting(): boolean {
    return !this.#isOver && (this.queuedBytes > 0 || this.#held.length > 0);
  }

  /** Bytes that have left so far. */
  get #sent(): number {
    return this.#written - this.queuedBytes;
  }

  onData(chunk: Uint8Array): void {
    // A host has nothing to say here; credit keeps one that does from filling the window.
    this.#stream?.consume(chunk.byteLength);
  }

  /** A host that finishes its half has said that it says nothing: ours goes on. */
  onEnd(): void {}

  onDrain(): void {
    this.#release();
  }

  onClose(): void {
    this.#isOver = true;
    this.#release();
  }

  #release(): void {
    const held = this.#held;
    this.#held = [];
    for (const done of held) done();
  }
}
