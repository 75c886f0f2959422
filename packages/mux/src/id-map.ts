/**
 * A Map by ids that the peer chooses. V8's hash of integers has no seed, so a peer could choose ids that all
 * have the same place in a Map. Adding 65,000 such ids took 14 s.
 */

// Math.random has a different seed in each process, and the peer sees none of its numbers.
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
 * Values by ids of 32 bits that the peer may have chosen. A `Map` of them could be made slow by the peer.
 */
export class IdMap<V> {
  readonly #values = new Map<number, V>();

  /** How many ids have a value. */
  get size(): number {
    return this.#values.size;
  }

  /** Returns the value of the id. Undefined if it has none. */
  get(id: number): V | undefined {
    return this.#values.get(idKey(id));
  }

  /** True if the id has a value. */
  has(id: number): boolean {
    return this.#values.has(idKey(id));
  }

  /** Gives the id a value, in place of the one that it may have had. */
  set(id: number, value: V): void {
    this.#values.set(idKey(id), value);
  }

  /** Removes the value of the id. Returns false if it had none. */
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
