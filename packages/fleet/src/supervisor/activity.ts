/** Detects that a plugin is no longer used. */
import type { Diagnostics } from '@pipework/core';
import type { Clock } from '../clock.ts';

/**
 * The number of checks within `idleMs`. With 4 checks, the plugin ends between 1 and 1.25 times `idleMs`
 * after its last use.
 */
const looks = 4;

export class IdleWatch {
  readonly #idleMs: number;
  readonly #clock: Clock;
  /**
   * Returns true if a call, a stream or a reference exists. Returns undefined while a health check runs,
   * because the check itself counts as a call.
   */
  readonly #isBusy: () => boolean | undefined;
  readonly #onUnused: () => void;
  #lastUse: number;
  /**
   * True if a check for use was due while a health check ran. The check for use follows once the health check
   * has ended.
   */
  #isLookDue = false;
  #cancel = (): void => {};

  constructor(idleMs: number, clock: Clock, isBusy: () => boolean | undefined, onUnused: () => void) {
    this.#idleMs = idleMs;
    this.#clock = clock;
    this.#isBusy = isBusy;
    this.#onUnused = onUnused;
    this.#lastUse = clock.now();
    this.#schedule();
  }

  /** Called when a call is made. */
  used(): void {
    this.#lastUse = this.#clock.now();
  }

  stop(): void {
    this.#isLookDue = false;
    this.#cancel();
  }

  /** Called when a health check has ended, so that a check for use that was due can be made. */
  lookAgain(): void {
    if (this.#isLookDue) this.#look();
  }

  #schedule(): void {
    this.#cancel = this.#clock.after(this.#idleMs / looks, () => this.#look(), { holdsLoop: false });
  }

  #look(): void {
    const now = this.#clock.now();
    const isBusy = this.#isBusy();
    this.#isLookDue = isBusy === undefined;
    if (isBusy === undefined) return;
    if (isBusy) this.#lastUse = now;
    else if (now - this.#lastUse >= this.#idleMs) return this.#onUnused();
    this.#schedule();
  }
}

/**
 * True if there is a call in either direction, a reference, a stream of values, or a stream of the broker.
 */
export function isInUse(diagnostics: Diagnostics): boolean {
  const { pendingCalls, runningCalls, valueStreams, brokerStreams, references } = diagnostics;
  return pendingCalls + runningCalls + valueStreams + brokerStreams + references > 0;
}
