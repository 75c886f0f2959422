/**
 * The spare: a process that is kept ready beside the current one. A spare's failure does not count towards
 * giving up, but makes the delay before the next spare longer. This file has no I/O and no timer.
 */

export interface Spare {
  readonly process: number;
  readonly isReady: boolean;
}

export class SpareFacts {
  #held: Spare | undefined;
  /** How many failures there were since a spare was last ready. */
  #attempt = 0;
  /** True if a spare failed in a way that no other start can fix. */
  #isHopeless = false;

  get held(): Spare | undefined {
    return this.#held;
  }

  /** True if there is no spare and another may be started. */
  get isWanted(): boolean {
    return this.#held === undefined && !this.#isHopeless;
  }

  isAt(process: number): boolean {
    return this.#held?.process === process;
  }

  launched(process: number): void {
    this.#held = { process, isReady: false };
  }

  ready(process: number): void {
    this.#held = { process, isReady: true };
    this.#attempt = 0;
  }

  /** Returns the spare and forgets it, because the spare becomes the current process, or leaves. */
  take(): Spare | undefined {
    const held = this.#held;
    this.#held = undefined;
    return held;
  }

  /**
   * Notes that the spare has failed. Returns the number of the next attempt, counted from 0; undefined if no
   * other spare may be started.
   */
  failed(isPermanent: boolean): number | undefined {
    this.#held = undefined;
    this.#isHopeless ||= isPermanent;
    return isPermanent ? undefined : this.#attempt++;
  }

  /** Allows a spare to be tried again, because of a new command or a new start. */
  hope(): void {
    this.#isHopeless = false;
  }
}
