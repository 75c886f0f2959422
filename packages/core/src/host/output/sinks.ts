/**
 * Writes to the user's sinks. One sink (usually `process.stdout`) may serve any number of clients. This file
 * adds one set of listeners to a sink, and never ends the sink. A sink that fails is dropped with one
 * warning.
 */

import type { Writable } from 'node:stream';
import { isError } from '../../base/realm.ts';

/** One client's access to a sink. */
export interface SinkWriter {
  /**
   * Hands `chunk` over synchronously. The sink may keep the chunk. Calls `done` once, when the sink has
   * accepted the chunk or has failed.
   */
  write(chunk: Uint8Array, done: () => void): void;
  /**
   * Ends this client's use of the sink. When no client uses the sink and every write has settled, the
   * listeners are removed.
   */
  release(): void;
}

const hubs = new WeakMap<Writable, Hub>();

/** Opens `sink` for one client. `warn` is called once if the sink fails. */
export function openSink(sink: Writable, warn: (message: string) => void): SinkWriter {
  let hub = hubs.get(sink);
  if (hub === undefined) {
    hub = new Hub(sink);
    hubs.set(sink, hub);
  }
  return hub.join(warn);
}

class Hub {
  readonly #sink: Writable;
  readonly #users = new Set<(message: string) => void>();
  readonly #pending = new Set<() => void>();
  /**
   * The `warn` of the client that released the sink last. This `warn` is called if a write fails after all
   * clients have released the sink.
   */
  #last: (message: string) => void = () => {};
  #hasFailed = false;
  #isListening = false;

  constructor(sink: Writable) {
    this.#sink = sink;
  }

  join(warn: (message: string) => void): SinkWriter {
    // Wraps `warn` in a new function, so that two clients with the same logger count as two.
    const user = (message: string): void => warn(message);
    this.#users.add(user);
    this.#listen();
    return {
      write: (chunk, done) => this.#write(chunk, done),
      release: () => {
        this.#users.delete(user);
        this.#last = user;
        this.#rest();
      },
    };
  }

  #write(chunk: Uint8Array, done: () => void): void {
    if (this.#hasFailed) return done();
    const settle = (): void => {
      if (!this.#pending.delete(settle)) return;
      done();
      this.#rest();
    };
    this.#pending.add(settle);
    if (this.#sink.destroyed || this.#sink.writableEnded) {
      return this.#fail(new Error('it was ended while plugins still wrote to it'));
    }
    try {
      this.#sink.write(chunk, (error) => (error ? this.#failWrite(error) : settle()));
    } catch (error) {
      this.#fail(error);
    }
  }

  readonly #onError = (error: Error): void => this.#fail(error);
  readonly #onClose = (): void => {
    if (this.#users.size > 0) this.#fail(new Error('it was closed'));
  };

  /**
   * Handles a failed write. A stream calls the write's callback before it emits `'error'`. If no listener
   * were left by then, that event would end the host.
   */
  #failWrite(error: Error): void {
    if (!this.#hasFailed) this.#sink.once('error', ignoreError);
    this.#fail(error);
  }

  #fail(error: unknown): void {
    if (!this.#hasFailed) {
      this.#hasFailed = true;
      const reason = isError(error) ? error.message : String(error);
      const [first = this.#last] = this.#users;
      first(`an output sink failed, so plugins no longer write to it: ${reason}`);
    }
    for (const settle of [...this.#pending]) settle();
  }

  #listen(): void {
    if (this.#isListening) return;
    this.#isListening = true;
    this.#sink.on('error', this.#onError);
    this.#sink.on('close', this.#onClose);
  }

  /** Releases the sink once no client uses it and no write is pending. */
  #rest(): void {
    if (!this.#isListening || this.#users.size > 0 || this.#pending.size > 0) return;
    this.#isListening = false;
    this.#sink.off('error', this.#onError);
    this.#sink.off('close', this.#onClose);
    hubs.delete(this.#sink);
  }
}

/** Ignores the error, because the writer's callback has received it. */
function ignoreError(): void {}
