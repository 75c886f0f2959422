/** One call made to the peer: it settles once, by its answer, its abort, its deadline or the conversation's end. */
import { onAbort } from '../../base/on-abort.ts';
import { maxTimerMs } from '../../base/timers.ts';
import { failed } from '../remote/call-result.ts';
import type { Receiver, Scope } from '../references/reference-types.ts';
import type { TakenStream } from '../streams/taken-stream.ts';

/** What ends a call early. */
interface Watch {
  readonly stop: (() => void) | undefined;
  readonly timer: NodeJS.Timeout | undefined;
}

export class SentCall implements Receiver {
  readonly id: number;
  readonly method: string;
  readonly resolve: (result: unknown) => void;
  readonly #reject: (error: unknown) => void;
  /** What its arguments gave out by reference. */
  scope: Scope | undefined = undefined;
  /** Streams of the result that are still open: the scope and the signal live as long. */
  streams: Set<TakenStream> | undefined = undefined;
  isAnswered = false;
  /** The caller has its rejection already; the answer is awaited only to let go of the references. */
  isAbandoned = false;
  #watch: Watch | undefined = undefined;

  constructor(
    id: number,
    method: string,
    resolve: (result: unknown) => void,
    reject: (error: unknown) => void,
  ) {
    this.id = id;
    this.method = method;
    this.resolve = resolve;
    this.#reject = reject;
  }

  /** Its caller hears of the failure, with a stack that leads to who awaits it. */
  reject(error: unknown): void {
    void failed(error).then(this.resolve, this.#reject);
  }

  /** Cancels the call when the signal aborts or the deadline passes. The timer holds the event loop: someone waits for it. */
  watch(
    signal: AbortSignal | undefined,
    cancel: (reason: unknown) => void,
    deadlineMs: number | undefined,
    expire: () => void,
  ): void {
    const stop = signal && onAbort(signal, () => cancel(signal.reason));
    const timer = deadlineMs === undefined ? undefined : setTimeout(expire, Math.min(deadlineMs, maxTimerMs));
    this.#watch = { stop, timer };
  }

  /** Takes its listener and timer away. */
  end(): void {
    const watch = this.#watch;
    if (watch === undefined) return;
    this.#watch = undefined;
    clearTimeout(watch.timer);
    watch.stop?.();
  }
}
