/**
 * Writing to the user's sinks. One sink (usually `process.stdout`) may serve any number of clients: it gets one set of
 * listeners, is never ended, and is dropped with one warning when it fails.
 */

import type { Writable } from 'node:stream';

/** One client's way into a sink. */
export interface SinkWriter {
  /** Hands `chunk` over synchronously; the sink may keep it. `done` is called once, when the sink took it or failed. */
  write(chunk: Uint8Array, done: () => void): void;
  /** Takes the client's listeners off once everything handed over is done. */
  release(): void;
}

const hubs = new WeakMap<Writable, Hub>();

/** Opens `sink` for one client. `warn` hears of its failure once. */
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
  /** Who hears of what fails when everybody has gone: a sink may take its time with the last bytes. */
  #last: (message: string) => void = () => {};
  #failed = false;
  #listening = false;

  constructor(sink: Writable) {
    this.#sink = sink;
  }

  join(warn: (message: string) => void): SinkWriter {
    // A user of its own for each client, so that two clients with one logger are two users.
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
    if (this.#failed) return done();
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

  /** A stream tells its writer first, and emits `'error'` later: with nobody left by then it would end the host. */
  #failWrite(error: Error): void {
    if (!this.#failed) this.#sink.once('error', ignoreError);
    this.#fail(error);
  }

  #fail(error: unknown): void {
    if (!this.#failed) {
      this.#failed = true;
      const reason = error instanceof Error ? error.message : String(error);
      const [first = this.#last] = this.#users;
      first(`an output sink failed and is dropped for the plugins that write to it: ${reason}`);
    }
    for (const settle of [...this.#pending]) settle();
  }

  #listen(): void {
    if (this.#listening) return;
    this.#listening = true;
    this.#sink.on('error', this.#onError);
    this.#sink.on('close', this.#onClose);
  }

  /** Without users and without anything under way the sink is the caller's alone again. */
  #rest(): void {
    if (!this.#listening || this.#users.size > 0 || this.#pending.size > 0) return;
    this.#listening = false;
    this.#sink.off('error', this.#onError);
    this.#sink.off('close', this.#onClose);
    hubs.delete(this.#sink);
  }
}

/** The writer was told. */
function ignoreError(): void {}
