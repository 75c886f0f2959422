/**
 * One synced output on the plugin's side. A synced output carries printed bytes to a stream of the session.
 */

import type { RawStream, RawStreamHandler } from '@pipework/mux/lean';
import { clock, realTimers } from '../../base/timers.ts';

/**
 * How many bytes may be queued before a writer has to wait. This equals the size of a window, so that
 * everything that fits the window can be sent before a reply.
 */
const maxQueued = 256 * 1024;

type Done = (error?: Error | null) => void;

/**
 * Accepts printed bytes from the beginning. Keeps them until the host has opened the stream, and then sends
 * them.
 */
export class SyncedOutput implements RawStreamHandler {
  /** Called when the process exits while printed output is still queued. */
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

  /** Sends `bytes`, which must not change afterwards. Calls `done` when more may be written. */
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

  /** Puts the queued bytes before everything that other streams send from now on. */
  expedite(): void {
    this.#stream?.expedite();
  }

  /** Bytes that are not sent yet, because the window is used up. */
  get queuedBytes(): number {
    return this.#hasEnded ? 0 : (this.#stream?.queuedBytes ?? 0);
  }

  /**
   * Called when the process exits. Takes all bytes that writers still hold, without waiting, and calls
   * `afterWrite` after each write.
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

  /** Sends FIN. Called after the last byte was printed. */
  finish(): void {
    this.#stream?.end();
  }

  /**
   * Resolves once everything that was written is sent. Resolves earlier if nothing was sent for `stuckMs`,
   * and in any case after `maxMs`.
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
    // A host has nothing to send here. If a host sends bytes nevertheless, they get credit, so that they do
    // not fill the window.
    this.#stream?.consume(chunk.byteLength);
  }

  /** The host has finished its half, which it never uses. This half stays open. */
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
