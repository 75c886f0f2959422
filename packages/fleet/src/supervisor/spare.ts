/** The process that is kept behind the current one. Its failures are not counted, but its own delays grow. No I/O and no timer. */

export interface Spare {
  readonly process: number;
  readonly isReady: boolean;
}

export class SpareFacts {
  #held: Spare | undefined;
  /** Failures since a spare was last ready. */
  #attempt = 0;
  /** A spare failed in a way that no other start can mend. */
  #isHopeless = false;

  get held(): Spare | undefined {
    return this.#held;
  }

  /** True if there is none and another may be started. */
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

  /** Takes the spare away: it becomes current, or it leaves. */
  take(): Spare | undefined {
    const held = this.#held;
    this.#held = undefined;
    return held;
  }

  /** The spare has failed. Returns which attempt the next one is, counted from 0; undefined if there is to be none. */
  failed(isPermanent: boolean): number | undefined {
    this.#held = undefined;
    this.#isHopeless ||= isPermanent;
    return isPermanent ? undefined : this.#attempt++;
  }

  /** A new command or a new start: a spare may be tried again. */
  hope(): void {
    this.#isHopeless = false;
  }
}
