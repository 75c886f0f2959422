/**
 * One call made to the peer. The call settles once: by its answer, its abort, its deadline or the
 * conversation's end.
 */
import { onAbort } from '../../base/on-abort.ts';
import { afterPatience } from '../../base/timers.ts';
import { failed } from '../remote/call-result.ts';
import type { Borrower, Receiver, Scope } from '../references/reference-types.ts';
import type { TakenStream } from '../streams/taken-stream.ts';

export class SentCall implements Receiver {
  readonly id: number;
  readonly method: string;
  readonly resolve: (result: unknown) => void;
  readonly #reject: (error: unknown) => void;
  readonly within: Borrower | undefined;
  /** The references that the call's arguments gave to the peer. */
  scope: Scope | undefined = undefined;
  /**
   * The streams of the result that have not ended. While any of these streams is open, the scope is kept and
   * the call's signals are watched.
   */
  streams: Set<TakenStream> | undefined = undefined;
  /**
   * The streams of the result that have ended, but whose items were not all taken. While there is such a
   * stream, the call's signals and its deadline are watched.
   */
  unread: Set<TakenStream> | undefined = undefined;
  /**
   * `waiting`: the caller waits for the answer. `abandoned`: the caller's promise has rejected, and the
   * answer is awaited only to release the references. `concluded`: no answer is awaited, because the answer
   * came, the conversation has ended, or the call could not be sent. Streams of the result may be open in
   * this state.
   */
  state: 'waiting' | 'abandoned' | 'concluded' = 'waiting';
  /** The listeners and the timer may end the call early. These functions remove them. */
  #stopWatching: (() => void)[] | undefined = undefined;

  constructor(
    id: number,
    method: string,
    resolve: (result: unknown) => void,
    reject: (error: unknown) => void,
    within: Borrower | undefined,
  ) {
    this.within = within;
    this.id = id;
    this.method = method;
    this.resolve = resolve;
    this.#reject = reject;
  }

  /** Rejects the call. The error's stack shows the code that awaits the call. */
  reject(error: unknown): void {
    void failed(error).then(this.resolve, this.#reject);
  }

  /**
   * Calls `cancel` when one of the signals aborts, and `expire` when the deadline passes. If the answer has
   * arrived by the deadline, the answer counts, even if this process was too busy to read it in time. The
   * timer keeps the event loop alive, because the caller waits for the call.
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

  get isWatched(): boolean {
    return this.#stopWatching !== undefined;
  }

  /** Removes the call's listeners and its timer. */
  end(): void {
    const stops = this.#stopWatching;
    if (stops === undefined) return;
    this.#stopWatching = undefined;
    for (const stop of stops) stop();
  }
}
