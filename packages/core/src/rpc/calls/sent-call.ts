/** One call made to the peer: it settles once, by its answer, its abort, its deadline or the conversation's end. */
import { onAbort } from '../../base/on-abort.ts';
import { afterPatience } from '../../base/timers.ts';
import { failed } from '../remote/call-result.ts';
import type { Receiver, Scope } from '../references/reference-types.ts';
import type { TakenStream } from '../streams/taken-stream.ts';

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
  /** What takes away the listeners and the timer that may end it early. */
  #stopWatching: (() => void)[] | undefined = undefined;

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

  /**
   * Cancels the call when one of the signals aborts or the deadline passes. An answer that has arrived by the deadline counts, also if this
   * process was too busy to read it. The timer holds the event loop, because the caller waits for it.
   */
  watch(
    signals: readonly AbortSignal[],
    cancel: (reason: unknown) => void,
    deadlineMs: number | undefined,
    expire: () => void,
  ): void {
    const stops = signals.map((signal) => onAbort(signal, () => cancel(signal.reason)));
    if (deadlineMs !== undefined) stops.push(afterPatience(deadlineMs, expire));
    this.#stopWatching = stops;
  }

  /** Takes its listeners and timer away. */
  end(): void {
    const stops = this.#stopWatching;
    if (stops === undefined) return;
    this.#stopWatching = undefined;
    for (const stop of stops) stop();
  }
}
