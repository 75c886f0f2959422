/**
 * Tracks the calls and streams that are under way with one plugin. These calls and streams decide whether the
 * plugin keeps the host's event loop alive, and when `drain()` is done.
 */

import { onAbort } from '../base/on-abort.ts';
import { defer, settlesWithin } from '../base/timers.ts';
import type { LaunchedProcess } from './launch/spawn.ts';

/**
 * The plugin's process keeps the host's event loop alive while the client is referenced, while the plugin
 * starts, and while a call or stream is under way.
 */
export class Activity {
  /** True once the client accepts no new dispenses, and no new calls on dispensed implementations. */
  isDraining = false;
  #process: LaunchedProcess | undefined;
  #isReferenced = true;
  #isStarting = true;
  /** True while a call to the plugin, or a stream of values, is under way. */
  #isBusy = false;
  /** The number of broker streams that the host waits for or uses. */
  #brokerStreams = 0;
  /** Returns true if a call or a stream of values, in either direction, is under way. */
  #isUnderWay = (): boolean => false;
  /** One check for each `drain()` that waits. The checks run whenever a call or a stream begins or ends. */
  readonly #drains = new Set<() => void>();

  /**
   * The process whose handles keep the loop alive. Undefined before the launch and after the process's end.
   */
  set process(process: LaunchedProcess | undefined) {
    this.#process = process;
    this.#update();
  }

  /** Set by `client.ref()` and `client.unref()`. */
  set isReferenced(isReferenced: boolean) {
    this.#isReferenced = isReferenced;
    this.#update();
  }

  /**
   * Called when the start has succeeded. `isUnderWay` returns true while a call or a stream of values is
   * under way.
   */
  started(isUnderWay: () => boolean): void {
    this.#isStarting = false;
    this.#isUnderWay = isUnderWay;
    this.#update();
  }

  /**
   * Records whether a call or a stream of values is under way. This method may run twice for each call, so it
   * must be cheap.
   */
  setBusy(isBusy: boolean): void {
    this.#isBusy = isBusy;
    // A referenced client keeps the loop alive even if nothing is under way, so the process needs no update.
    if (!this.#isReferenced) this.#update();
    this.changed();
  }

  /** Adds or subtracts one broker stream that the host waits for or uses. */
  countBrokerStream(change: 1 | -1): void {
    this.#brokerStreams += change;
    if (!this.#isReferenced) this.#update();
    this.changed();
  }

  /** The number of broker streams that the host waits for or uses. */
  get brokerStreams(): number {
    return this.#brokerStreams;
  }

  /**
   * Called when a call or a stream has ended. If no other call or stream is under way, each waiting `drain()`
   * resolves.
   */
  changed(): void {
    for (const drain of this.#drains) drain();
  }

  /**
   * Accepts no new work. Resolves to true once nothing is under way any more, or to false if `timeoutMs`
   * passes or `signal` aborts before that.
   */
  async drain(timeoutMs: number, signal: AbortSignal | undefined): Promise<boolean> {
    this.isDraining = true;
    if (this.#isAtRest || signal?.aborted === true) return this.#isAtRest;
    const over = defer<void>();
    const check = (): void => {
      if (this.#isAtRest) over.resolve();
    };
    this.#drains.add(check);
    const stopListening = signal && onAbort(signal, () => over.resolve());
    await settlesWithin(over.promise, timeoutMs);
    stopListening?.();
    this.#drains.delete(check);
    return this.#isAtRest;
  }

  get #isAtRest(): boolean {
    return this.#brokerStreams === 0 && !this.#isUnderWay();
  }

  #update(): void {
    const isIdle = !this.#isStarting && !this.#isBusy && this.#brokerStreams === 0;
    if (this.#isReferenced || !isIdle) this.#process?.ref?.();
    else this.#process?.unref?.();
  }
}
