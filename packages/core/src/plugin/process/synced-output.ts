/**
 * One synced output on the plugin's side. A synced output carries printed bytes to a stream of the session.
 */

import type { RawStream, RawStreamHandler } from '@pipework/mux/lean';
import { clock, realTimers } from '../../base/timers.ts';

/**
 * If more bytes than this are queued, a writer must wait. This is the size of a window, so that all bytes
 * that fit the window can be sent before a reply.
 */
const maxQueued = 256 * 1024;

type Done = (error?: Error | null) => void;

/**
 * Accepts printed bytes even before the host has opened the stream. Keeps such bytes until the stream is
 * open.
 */
export class SyncedOutput implements RawStreamHandler {
  /** Called by {@link goSync}, before it writes the kept bytes. */
  onSync: () => void = () => {};
  readonly #lastResort: (bytes: Uint8Array) => void;
  #stream: RawStream | undefined;
  #early: { readonly bytes: Uint8Array; readonly done: Done }[] = [];
  #held: Done[] = [];
  #written = 0;
  #isSync = false;
  #afterWrite = (): void => {};
  #hasEnded = false;

  /** If the process exits before the host has opened the stream, `lastResort` receives the printed bytes. */
  constructor(lastResort: (bytes: Uint8Array) => void) {
    this.#lastResort = lastResort;
  }

  /** Called when the host has opened the stream. Sends the bytes that were printed before. */
  attach(stream: RawStream): void {
    this.#stream = stream;
    stream.setHandler(this);
    const early = this.#early;
    this.#early = [];
    for (const { bytes, done } of early) this.write(bytes, done);
  }

  /** Sends `bytes`, which must not change after this call. Calls `done` when more may be written. */
  write(bytes: Uint8Array, done: Done): void {
    const stream = this.#stream;
    if (this.#hasEnded) return done();
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

  /** Lets the session send the queued bytes before bytes that other streams write after this call. */
  expedite(): void {
    this.#stream?.expedite();
  }

  /** How many bytes are not sent yet, because the window is used up. */
  get queuedBytes(): number {
    return this.#hasEnded ? 0 : (this.#stream?.queuedBytes ?? 0);
  }

  /**
   * Must be called when the process exits. Writes all kept bytes, calls all pending callbacks, and calls
   * `afterWrite` after each write from now on.
   */
  goSync(afterWrite: () => void): void {
    if (this.#isSync) return;
    this.onSync();
    this.#isSync = true;
    this.#afterWrite = afterWrite;
    const early = this.#early;
    this.#early = [];
    for (const { bytes, done } of early) this.write(bytes, done);
    this.#release();
  }

  /** Sends FIN. Must be called after the last byte was printed. */
  finish(): void {
    this.#stream?.end();
  }

  /**
   * Resolves when all written bytes are sent. Resolves earlier if no bytes were sent for `stuckMs`, and in
   * any case after `maxMs`.
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
    return !this.#hasEnded && (this.queuedBytes > 0 || this.#held.length > 0);
  }

  /** How many bytes were sent so far. */
  get #sent(): number {
    return this.#written - this.queuedBytes;
  }

  onData(chunk: Uint8Array): void {
    // A host sends no bytes on this stream. If it sends some nevertheless, they get credit, so that they do
    // not fill the window.
    this.#stream?.consume(chunk.byteLength);
  }

  /** The host has ended its half of the stream, which it never uses. This side's half remains open. */
  onEnd(): void {}

  onDrain(): void {
    this.#release();
  }

  onClose(): void {
    this.#hasEnded = true;
    this.#release();
  }

  #release(): void {
    const held = this.#held;
    this.#held = [];
    for (const done of held) done();
  }
}
