/** One call of the peer's while it is being answered: what its handler can ask, and what ends with it. */
import type { CallContext } from './call-context.ts';
import type { Import } from './references.ts';
import type { StreamImport } from './stream-import.ts';

const noMetadata: Readonly<Record<string, string>> = Object.freeze({});

export class RunningCall implements CallContext {
  readonly id: number;
  readonly method: string;
  metadata: Readonly<Record<string, string>> = noMetadata;
  /** References that came in its arguments: the handler's until the call settles. */
  borrowed: Import[] | undefined;
  /** Streams that came in its arguments. */
  takenStreams: StreamImport[] | undefined;
  /** Streams of its result that still run; the call's signal and arguments live as long. */
  openStreams = 0;
  answered = false;
  /** A call to a reference: the limit of running calls leaves it out. */
  uncounted = false;
  #controller: AbortController | undefined;
  #abortedWith: { reason: unknown } | undefined;
  #deadlineAt: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(id: number, method: string) {
    this.id = id;
    this.method = method;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#abortedWith !== undefined) this.#controller.abort(this.#abortedWith.reason);
    }
    return this.#controller.signal;
  }

  get remainingMs(): number | undefined {
    return this.#deadlineAt === undefined ? undefined : Math.max(0, this.#deadlineAt - performance.now());
  }

  /** The caller waits no longer than this. */
  setDeadline(remainingMs: number, expire: () => void): void {
    this.#deadlineAt = performance.now() + remainingMs;
    this.#timer = setTimeout(expire, Math.min(remainingMs, 0x7fff_ffff));
    this.#timer.unref();
  }

  /** Aborts the handler's signal, also one that is asked for later. The first reason wins. */
  abort(reason: unknown): void {
    if (this.#abortedWith !== undefined) return;
    this.#abortedWith = { reason };
    this.#controller?.abort(reason);
  }

  /** Nothing of the call is left. */
  end(): void {
    clearTimeout(this.#timer);
  }
}
