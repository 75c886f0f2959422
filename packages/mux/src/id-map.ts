/**
 * A map whose keys are ids that the peer chooses. V8's hash of integers has no seed, so a peer could choose
 * ids that all have the same place in a Map. Adding 65,000 such ids took 14 s.
 */

// Math.random has a different seed in each process, and its numbers are never sent to the peer.
const secret = (): number => (Math.random() * 0x1_0000_0000) | 0;
const mask = secret();
const factor = secret() | 1;
const factorAfter = secret() | 1;

/** Returns the key of a u32 id. Different ids have different keys, which no other process can predict. */
export function idKey(id: number): number {
  const mixed = Math.imul(id ^ mask, factor);
  return Math.imul(mixed ^ (mixed >>> 15), factorAfter);
}

/**
 * Values under ids of 32 bits that the peer may have chosen. The peer could choose ids that make a plain
 * `Map` slow.
 */
export class IdMap<V> {
  readonly #values = new Map<number, V>();

  /** How many ids have a value. */
  get size(): number {
    return this.#values.size;
  }

  /** Returns the value of the id, or undefined if the id has none. */
  get(id: number): V | undefined {
    return this.#values.get(idKey(id));
  }

  /** True if the id has a value. */
  has(id: number): boolean {
    return this.#values.has(idKey(id));
  }

  /** Sets the value of the id, and replaces an earlier value. */
  set(id: number, value: V): void {
    this.#values.set(idKey(id), value);
  }

  /** Removes the value of the id. Returns false if the id had none. */
  delete(id: number): boolean {
    return this.#values.delete(idKey(id));
  }

  /** The values, in the order in which their ids were set. */
  values(): IterableIterator<V> {
    return this.#values.values();
  }

  /** Removes all values. */
  clear(): void {
    this.#values.clear();
  }
}
