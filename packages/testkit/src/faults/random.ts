/** Random numbers that depend only on a seed, and not on the machine. */

/** Returns a new seed, for a run without a given seed. Print the seed if the run fails. */
export const freshSeed = (): number => Math.floor(Math.random() * 0x1_0000_0000);

export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** Returns a whole number from 0 to `limit` - 1. */
  below(limit: number): number {
    // This is Mulberry32. 32 bits of state are enough for a schedule, and this generator gives the same
    // numbers everywhere.
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000) * limit);
  }

  /** Returns a whole number from `min` to `max`, both included. */
  between(min: number, max: number): number {
    return min + this.below(max - min + 1);
  }
}
