/** Streams that the peer opened and nobody has taken yet, and those who wait to take one. */

import type { MuxError } from './errors.ts';
import type { StreamCore } from './stream-core.ts';

interface Acceptor {
  resolve(stream: StreamCore | undefined): void;
  reject(error: unknown): void;
}

export class AcceptQueue {
  readonly #limit: number;
  readonly #waiting = new Set<StreamCore>();
  readonly #acceptors = new Set<Acceptor>();
  #ended: { error: MuxError | undefined } | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** One more would be too many. */
  get isFull(): boolean {
    return this.#acceptors.size === 0 && this.#waiting.size >= this.#limit;
  }

  /** Hands a stream to who waited longest, or keeps it. */
  push(stream: StreamCore): void {
    const acceptor = this.#first();
    if (acceptor === undefined) this.#waiting.add(stream);
    else acceptor.resolve(stream);
  }

  /** A stream that ended before anybody took it. */
  delete(stream: StreamCore): void {
    this.#waiting.delete(stream);
  }

  /** Nobody is going to take what waits. */
  clear(): void {
    this.#waiting.clear();
  }

  /** The next stream; undefined once the session has ended without a fault. */
  take(signal?: AbortSignal): Promise<StreamCore | undefined> {
    if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
    for (const stream of this.#waiting) {
      this.#waiting.delete(stream);
      return Promise.resolve(stream);
    }
    if (this.#ended?.error !== undefined) return Promise.reject(this.#ended.error);
    if (this.#ended !== undefined) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      const acceptor: Acceptor = {
        resolve: (stream) => {
          signal?.removeEventListener('abort', onAbort);
          resolve(stream);
        },
        reject: (error) => {
          signal?.removeEventListener('abort', onAbort);
          reject(error);
        },
      };
      const onAbort = (): void => {
        this.#acceptors.delete(acceptor);
        reject(signal!.reason as Error);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#acceptors.add(acceptor);
    });
  }

  /** No more streams will come. Who waits hears of it, with the error where it was a fault; what waits can be taken. */
  end(error: MuxError | undefined): void {
    this.#ended = { error };
    for (let acceptor = this.#first(); acceptor !== undefined; acceptor = this.#first()) {
      if (error === undefined) acceptor.resolve(undefined);
      else acceptor.reject(error);
    }
  }

  #first(): Acceptor | undefined {
    for (const acceptor of this.#acceptors) {
      this.#acceptors.delete(acceptor);
      return acceptor;
    }
    return undefined;
  }
}
