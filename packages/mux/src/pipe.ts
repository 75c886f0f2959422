/** The transport as a session sees it: bytes, an end, a failure, and an orderly release. */

import type { Readable, Writable } from 'node:stream';
import { DeadlineQueue } from './deadline-queue.ts';
import type { Timers } from './timers.ts';
import { splitTransport, type Transport } from './transport.ts';

/** How long the peer may take to end its side after our side has ended, in milliseconds. */
const LINGER_MS = 500;
/** How long the last bytes may take to be written after a clean end, in milliseconds. */
const FLUSH_MS = 2_000;
/**
 * If nothing more can be written, the session ends after the peer has sent nothing for this many
 * milliseconds.
 */
const SILENCE_MS = 1_000;

export interface PipeOwner {
  onChunk(chunk: Uint8Array): void;
  /** Nothing more arrives. */
  onEnd(): void;
  onError(error: Error): void;
  /** Nothing more can be written. Reading continues. */
  onWritableLost(): void;
}

export class Pipe {
  readonly writable: Writable;
  readonly #readable: Readable;
  readonly #owner: PipeOwner;
  readonly #timers: Timers;
  #chunks = 0;
  #chunksHeard = 0;
  #isPaused = false;
  /** True if we end the writable half on purpose. The close of that half is then no failure. */
  #isClosing = false;
  /** Waits for the last bytes from the peer, after the writable half was lost. */
  #silence: DeadlineQueue<Error> | undefined;
  /** The time limit of the current step of {@link letGo}. */
  #bound: DeadlineQueue<'step'> | undefined;
  #isAwaited = false;

  constructor(transport: Transport, owner: PipeOwner, timers: Timers) {
    const { readable, writable } = splitTransport(transport);
    this.#readable = readable;
    this.writable = writable;
    this.#owner = owner;
    this.#timers = timers;
  }

  /** Starts to read, even if the transport was paused or has ended. */
  listen(): void {
    const readable = this.#readable;
    readable.on('data', (chunk: Uint8Array | string) => this.#onData(chunk));
    readable.on('end', () => this.#owner.onEnd());
    readable.on('close', () => this.#owner.onEnd());
    readable.on('error', (error) => this.#owner.onError(error));
    if ((this.writable as unknown) !== readable) {
      this.writable.on('error', (error) => this.#onWritableLost(error));
      this.writable.on('close', () => this.#onWritableLost(new Error('its writable half was closed')));
    }
    readable.resume();
    if (readable.destroyed || readable.readableEnded) process.nextTick(() => this.#owner.onEnd());
  }

  /** Notes that a chunk arrived, from the readable or by `feed()`. */
  onHeard(): void {
    this.#chunks += 1;
  }

  /** Returns true if a chunk arrived since the last call. */
  wasHeard(): boolean {
    const before = this.#chunksHeard;
    this.#chunksHeard = this.#chunks;
    return this.#chunks !== before;
  }

  /** Stops reading until {@link resume}. */
  pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#readable.pause();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#readable.resume();
  }

  /** Notes that we end the writable half on purpose. */
  expectEnd(): void {
    this.#isClosing = true;
  }

  /**
   * Waits until the last bytes are written and, after a clean end, until the peer has ended its side too.
   * Both waits are bounded. Then destroys the transport and calls `done`.
   */
  letGo(isFault: boolean, done: () => void): void {
    const readable = this.#readable;
    const { writable } = this;
    let isDone = false;
    const finish = (): void => {
      if (isDone) return;
      isDone = true;
      this.#bound?.clear();
      readable.destroy();
      writable.destroy();
      done();
    };
    const check = (): void => {
      const isWritten = writable.writableFinished || writable.destroyed;
      if (isWritten && (isFault || readable.readableEnded || readable.destroyed)) finish();
    };
    this.#isClosing = true;
    this.#silence?.clear();
    this.#boundBy(isFault ? LINGER_MS : FLUSH_MS, finish);
    for (const event of ['end', 'close', 'error']) readable.once(event, check);
    for (const event of ['close', 'error']) writable.once(event, check);
    writable.once('finish', () => {
      if (!isDone) this.#boundBy(LINGER_MS, finish);
      check();
    });
    // Bytes that arrive from now on are dropped. We read them so that the peer can finish writing and see our
    // end.
    readable.resume();
    check();
  }

  /** Keeps the event loop alive until {@link letGo} is done. */
  awaitClose(): void {
    this.#isAwaited = true;
    this.#bound?.holdLoop();
  }

  #boundBy(ms: number, finish: () => void): void {
    this.#bound?.clear();
    this.#bound = new DeadlineQueue(ms, finish, this.#timers);
    if (this.#isAwaited) this.#bound.holdLoop();
    this.#bound.add('step');
  }

  #onData(chunk: Uint8Array | string): void {
    if (typeof chunk === 'string') {
      this.#owner.onError(new TypeError('it delivers strings: it must not have an encoding'));
    } else {
      this.#owner.onChunk(chunk);
    }
  }

  /**
   * Continues to read the bytes that the peer has sent, until the peer's end, or until nothing arrives for
   * {@link SILENCE_MS}.
   */
  #onWritableLost(cause: Error): void {
    this.#owner.onWritableLost();
    if (this.#isClosing || this.#silence !== undefined) return;
    let seen = this.#chunks;
    this.#silence = new DeadlineQueue(
      SILENCE_MS,
      () => {
        if (this.#chunks === seen) {
          this.#owner.onError(cause);
          return;
        }
        seen = this.#chunks;
        this.#silence?.add(cause);
      },
      this.#timers,
    );
    this.#silence.add(cause);
  }
}
