/**
 * Hands the user each stream that the peer opens. If `onStream` is set, it gets each stream immediately.
 * Otherwise a stream waits for the next call of `acceptStream()`.
 */

import { MuxError } from './errors.ts';
import type { LeanStream } from './lean-stream.ts';
import type { RawStream } from './raw-stream.ts';
import type { StreamTable } from './stream-table.ts';

interface Acceptor {
  resolve(stream: LeanStream | undefined): void;
  reject(error: unknown): void;
}

export class AcceptQueue {
  /**
   * If this callback is set, each stream of the peer is accepted and passed to it immediately, and no stream
   * is queued.
   */
  onStream: ((stream: RawStream) => void) | undefined;
  readonly #backlog: number;
  readonly #table: StreamTable;
  readonly #waiting = new Set<LeanStream>();
  readonly #acceptors = new Set<Acceptor>();
  #end: { readonly error: MuxError | undefined } | undefined;

  /** `backlog`: how many streams may wait to be accepted. */
  constructor(backlog: number, table: StreamTable) {
    this.#backlog = backlog;
    this.#table = table;
  }

  /** How many streams wait to be accepted. */
  get size(): number {
    return this.#waiting.size;
  }

  /** True if one more stream of the peer can be passed on or queued. */
  get hasRoom(): boolean {
    return this.onStream !== undefined || this.#acceptors.size > 0 || this.#waiting.size < this.#backlog;
  }

  /**
   * Hands a stream to `onStream` or to the acceptor that has waited longest. If there is neither, queues the
   * stream.
   */
  push(stream: LeanStream): void {
    const { onStream } = this;
    if (onStream !== undefined) {
      this.#table.accept(stream);
      stream.guard(() => onStream(stream));
      return;
    }
    const acceptor = this.#takeAcceptor();
    if (acceptor === undefined) this.#waiting.add(stream);
    else acceptor.resolve(stream);
  }

  /** Drops a stream that ended before it was accepted. */
  delete(stream: LeanStream): void {
    this.#waiting.delete(stream);
  }

  /** Drops all waiting streams. */
  clear(): void {
    this.#waiting.clear();
  }

  /**
   * Acknowledges the next stream and resolves with it. Resolves with undefined if the session has ended
   * without a fault. Rejects with the fault if the session ended by a fault, and with the signal's reason if
   * the signal aborts.
   */
  async take(signal?: AbortSignal): Promise<LeanStream | undefined> {
    if (this.onStream !== undefined) {
      const hint = 'every stream goes to it, so there is nothing to accept';
      throw new MuxError('MUX_MISUSE', `this session was given onStream: ${hint}`);
    }
    const stream = await this.#next(signal);
    if (stream !== undefined) this.#table.accept(stream);
    return stream;
  }

  /**
   * Ends the queue: no more streams are pushed. Waiting acceptors reject with `error`. If `error` is
   * undefined, they resolve with undefined. Streams that are already queued can be accepted nevertheless.
   */
  end(error: MuxError | undefined): void {
    this.#end = { error };
    for (let acceptor = this.#takeAcceptor(); acceptor !== undefined; acceptor = this.#takeAcceptor()) {
      if (error === undefined) acceptor.resolve(undefined);
      else acceptor.reject(error);
    }
  }

  #next(signal: AbortSignal | undefined): Promise<LeanStream | undefined> {
    if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
    for (const stream of this.#waiting) {
      this.#waiting.delete(stream);
      return Promise.resolve(stream);
    }
    if (this.#end?.error !== undefined) return Promise.reject(this.#end.error);
    if (this.#end !== undefined) return Promise.resolve(undefined);
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

  #takeAcceptor(): Acceptor | undefined {
    for (const acceptor of this.#acceptors) {
      this.#acceptors.delete(acceptor);
      return acceptor;
    }
    return undefined;
  }
}
