/** The transport as a session sees it: bytes, an end, a failure, and letting go. */

import type { Readable, Writable } from 'node:stream';
import { splitTransport, type Transport } from './transport.ts';

/** How long the peer may take to end its side once ours has ended, or to be silent once it takes no more. */
const LINGER_MS = 500;
/** How long the last bytes may take to leave after a clean end. */
const FLUSH_MS = 2_000;

export interface PipeOwner {
  onChunk(chunk: Uint8Array): void;
  /** Nothing more comes. */
  onEnd(): void;
  onError(error: Error): void;
  /** Nothing more can be written; reading goes on. */
  onWritableLost(): void;
}

export class Pipe {
  readonly writable: Writable;
  #chunks = 0;
  #chunksHeard = 0;
  readonly #readable: Readable;
  readonly #owner: PipeOwner;
  #isPaused = false;
  #lingering: NodeJS.Timeout | undefined;
  #isClosing = false;
  #closing: NodeJS.Timeout | undefined;
  #isAwaited = false;

  constructor(transport: Transport, owner: PipeOwner) {
    const { readable, writable } = splitTransport(transport);
    this.#readable = readable;
    this.writable = writable;
    this.#owner = owner;
  }

  /** Begins to read, also a transport that was paused or has ended. */
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

  /** A chunk came, by whatever way. */
  onHeard(): void {
    this.#chunks += 1;
  }

  /** Something came since this was last asked. */
  wasHeard(): boolean {
    const before = this.#chunksHeard;
    this.#chunksHeard = this.#chunks;
    return this.#chunks !== before;
  }

  /** Reads no more until {@link resume}. */
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

  /** Our end of the writable half is meant: what follows it is no loss. */
  expectEnd(): void {
    this.#isClosing = true;
  }

  /**
   * Waits, within bounds, until the last bytes are out, and after a clean end until the peer has ended its side too; then
   * destroys the transport and calls `done`.
   */
  letGo(isFault: boolean, done: () => void): void {
    const readable = this.#readable;
    const { writable } = this;
    let isDone = false;
    const finish = (): void => {
      if (isDone) return;
      isDone = true;
      clearTimeout(this.#closing);
      readable.destroy();
      writable.destroy();
      done();
    };
    const wait = (ms: number): void => {
      clearTimeout(this.#closing);
      this.#closing = setTimeout(finish, ms);
      if (!this.#isAwaited) this.#closing.unref();
    };
    const check = (): void => {
      const isWritten = writable.writableFinished || writable.destroyed;
      if (isWritten && (isFault || readable.readableEnded || readable.destroyed)) finish();
    };
    this.#isClosing = true;
    clearInterval(this.#lingering);
    wait(isFault ? LINGER_MS : FLUSH_MS);
    for (const event of ['end', 'close', 'error']) readable.once(event, check);
    for (const event of ['close', 'error']) writable.once(event, check);
    writable.once('finish', () => {
      if (!isDone) wait(LINGER_MS);
      check();
    });
    // What still comes is nobody's: read on, so that the peer can finish writing and see our end.
    readable.resume();
    check();
  }

  /** Somebody waits for {@link letGo}: its bounds hold the event loop. */
  awaitClose(): void {
    this.#isAwaited = true;
    this.#closing?.ref();
  }

  #onData(chunk: Uint8Array | string): void {
    if (typeof chunk === 'string') {
      this.#owner.onError(new TypeError('it delivers strings: it must not have an encoding'));
    } else {
      this.#owner.onChunk(chunk);
    }
  }

  /** What the peer sent before can still be read: to its end, or until no more comes. */
  #onWritableLost(cause: Error): void {
    this.#owner.onWritableLost();
    if (this.#isClosing || this.#lingering !== undefined) return;
    let seen = this.#chunks;
    this.#lingering = setInterval(() => {
      if (this.#chunks === seen) this.#owner.onError(cause);
      seen = this.#chunks;
    }, LINGER_MS * 2).unref();
  }
}
