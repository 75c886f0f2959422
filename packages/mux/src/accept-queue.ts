/** How streams that the peer opened reach the user: by `onStream` at once, or kept until somebody takes them. */

import { MuxError } from './errors.ts';
import type { SessionSettings } from './options.ts';
import type { StreamCore } from './stream-core.ts';
import type { StreamTable } from './stream-table.ts';

interface Acceptor {
  resolve(stream: StreamCore | undefined): void;
  reject(error: unknown): void;
}

export class AcceptQueue {
  readonly #settings: SessionSettings;
  readonly #table: StreamTable;
  readonly #waiting = new Set<StreamCore>();
  readonly #acceptors = new Set<Acceptor>();
  #ended: { error: MuxError | undefined } | undefined;

  constructor(settings: SessionSettings, table: StreamTable) {
    this.#settings = settings;
    this.#table = table;
  }

  /** Streams that nobody has taken. */
  get size(): number {
    return this.#waiting.size;
  }

  /** True where one more of the peer's streams is not too many. */
  get hasRoom(): boolean {
    const { onStream, acceptBacklog } = this.#settings;
    return onStream !== undefined || this.#acceptors.size > 0 || this.#waiting.size < acceptBacklog;
  }

  /** Hands a stream to `onStream` or to who waited longest, or keeps it. */
  push(stream: StreamCore): void {
    const { onStream } = this.#settings;
    if (onStream !== undefined) {
      this.#table.accept(stream);
      stream.guard(() => onStream(stream));
      return;
    }
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

  /** The next stream, acknowledged; undefined once the session has ended without a fault. */
  async take(signal?: AbortSignal): Promise<StreamCore | undefined> {
    if (this.#settings.onStream !== undefined) {
      const hint = 'every stream goes to it, so there is nothing to accept';
      throw new MuxError('MUX_MISUSE', `this session was given onStream: ${hint}`);
    }
    const stream = await this.#next(signal);
    if (stream !== undefined) this.#table.accept(stream);
    return stream;
  }

  #next(signal: AbortSignal | undefined): Promise<StreamCore | undefined> {
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
