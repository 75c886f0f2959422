/** Calls made to the peer and not answered: each settles once, by its answer, its abort, its deadline or the connection's end. */
import type { Scope } from './references.ts';
import type { StreamImport } from './stream-import.ts';

export class PendingCall {
  readonly id: number;
  readonly method: string;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
  /** What its arguments gave out by reference. */
  scope: Scope | undefined;
  answered = false;
  /** The caller has its rejection already; the answer is awaited only to let go of the references. */
  abandoned = false;
  /** Streams of the result that are still open: the scope and the signal live as long. */
  streams: Set<StreamImport> | undefined;
  #signal: AbortSignal | undefined;
  #onAbort: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    id: number,
    method: string,
    resolve: (result: unknown) => void,
    reject: (error: unknown) => void,
  ) {
    this.id = id;
    this.method = method;
    this.resolve = resolve;
    this.reject = reject;
  }

  onAbort(signal: AbortSignal, cancel: (reason: unknown) => void): void {
    this.#signal = signal;
    this.#onAbort = () => cancel(signal.reason);
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** Holds the event loop: someone waits for it. */
  setDeadline(ms: number, expire: () => void): void {
    this.#timer = setTimeout(expire, Math.min(ms, 0x7fff_ffff));
  }

  clearDeadline(): void {
    clearTimeout(this.#timer);
  }

  /** Takes its listener and timer away. */
  end(): void {
    clearTimeout(this.#timer);
    if (this.#onAbort !== undefined) this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#signal = undefined;
    this.#onAbort = undefined;
  }
}
