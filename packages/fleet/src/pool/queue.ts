/** A queue by priority. Within one priority, items keep their order. This file is pure. */

/**
 * A waiting call. The item with the highest priority goes first. Of items with equal priority, the one with
 * the lowest sequence number goes first.
 */
export interface Waiting {
  readonly priority: number;
  readonly sequence: number;
  /** False once the call was cancelled. The queue skips a cancelled item. */
  readonly isWaiting: boolean;
}

/** True if `a` goes before `b`. */
export function goesFirst(a: Waiting, b: Waiting): boolean {
  return a.priority === b.priority ? a.sequence < b.sequence : a.priority > b.priority;
}

/**
 * A binary heap. A cancelled item is removed only when it reaches the top, so that cancelling costs nothing.
 */
export class PriorityQueue<T extends Waiting> {
  readonly #heap: T[] = [];

  push(item: T): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(item);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!goesFirst(item, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = item;
  }

  /** Returns the next item, without removing it. */
  peek(): T | undefined {
    while (this.#heap.length > 0 && !this.#heap[0]!.isWaiting) this.#removeTop();
    return this.#heap[0];
  }

  shift(): T | undefined {
    const first = this.peek();
    if (first !== undefined) this.#removeTop();
    return first;
  }

  /**
   * Removes one item. Returns true if the item was in the queue. This method is slower than the others,
   * because it looks at every item.
   */
  remove(item: T): boolean {
    const at = this.#heap.indexOf(item);
    if (at === -1) return false;
    const rest = this.#heap.splice(0);
    rest.splice(at, 1);
    for (const other of rest) this.push(other);
    return true;
  }

  /** Removes all items, and returns those that were not cancelled, in no particular order. */
  drain(): T[] {
    return this.#heap.splice(0).filter((item) => item.isWaiting);
  }

  #removeTop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && goesFirst(heap[child + 1]!, heap[child]!)) child += 1;
      if (!goesFirst(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}
