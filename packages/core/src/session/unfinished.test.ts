import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CreditGate, UnfinishedBudget } from './unfinished.ts';

const window = 64;
const maxBytes = 100;

/**
 * A model of a stream between a peer that sends and a consumer that reads. The stream's window is granted in
 * halves, as the mux grants windows.
 */
class ModelStream {
  readonly #budget: UnfinishedBudget;
  readonly #sizes: number[];
  readonly #gate: CreditGate;
  #sendable = window;
  #ungranted = 0;
  /** For each complete message that the consumer has not read, the number of bytes in its last chunk. */
  readonly #untaken: number[] = [];
  #begun = 0;
  #came = 0;
  #isAsking = false;
  taken = 0;

  constructor(budget: UnfinishedBudget, sizes: readonly number[]) {
    this.#budget = budget;
    this.#sizes = [...sizes];
    this.#gate = new CreditGate(budget, (bytes) => this.#credit(bytes));
    this.#gate.isWanted = false;
  }

  #credit(bytes: number): void {
    this.#ungranted += bytes;
    if (this.#ungranted < window / 2) return;
    this.#sendable += this.#ungranted;
    this.#ungranted = 0;
  }

  get isDone(): boolean {
    return this.#sizes.length === 0 && this.#untaken.length === 0;
  }

  get maySend(): boolean {
    return this.#sizes.length > 0 && this.#sendable > 0;
  }

  get mayAsk(): boolean {
    return !this.#isAsking && !this.isDone;
  }

  /** Lets the peer send `share` (0 to 1) of the bytes that it may send now. */
  send(share: number): void {
    const left = (this.#sizes[0] ?? 0) - this.#came;
    const bytes = Math.max(1, Math.floor(Math.min(this.#sendable, left) * share));
    this.#sendable -= bytes;
    if (this.#came === 0) this.#begun++;
    this.#came += bytes;
    this.#budget.used += bytes;
    if (bytes < left) return this.#gate.read(bytes, this.#begun);
    this.#budget.used -= this.#came;
    this.#came = 0;
    this.#sizes.shift();
    this.#untaken.push(bytes);
    this.#gate.read(0, 0);
    this.#serve();
  }

  /** Lets the consumer ask for a message. */
  ask(): void {
    this.#isAsking = true;
    this.#serve();
  }

  #serve(): void {
    const bytes = this.#isAsking ? this.#untaken.shift() : undefined;
    if (bytes !== undefined) {
      this.#isAsking = false;
      this.taken++;
      this.#credit(bytes);
    }
    this.#gate.isWanted = this.#isAsking;
  }
}

const size = fc.integer({ min: 1, max: 1000 });
const streams = fc.array(fc.array(size, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 12 });

/** Returns a function that gives numbers from 0 to 1, the same ones for the same seed. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Returns two gates on one budget, and the bytes that each has credited. */
function twoGates(budget: UnfinishedBudget): { older: CreditGate; younger: CreditGate; credited: number[] } {
  const credited = [0, 0];
  const gateOf = (index: number): CreditGate =>
    new CreditGate(budget, (bytes) => (credited[index] = (credited[index] ?? 0) + bytes));
  return { older: gateOf(0), younger: gateOf(1), credited };
}

describe('a session whose unfinished messages exceed their budget', () => {
  test('never stalls: every message that is asked for arrives, in whatever order peers send and consumers ask', () => {
    fc.assert(
      fc.property(streams, fc.nat(3), fc.nat(), (sizes, lazy, seed) => {
        const budget = new UnfinishedBudget(maxBytes);
        const all = sizes.map((own) => new ModelStream(budget, own));
        // Some consumers never ask for a message. The bytes of their messages must delay no other consumer.
        const busy = all.slice(Math.min(lazy, all.length - 1));
        const next = numbers(seed);
        while (!busy.every((stream) => stream.isDone)) {
          const acts = [
            ...all.filter((stream) => stream.maySend).map((stream) => () => stream.send(next())),
            ...busy.filter((stream) => stream.mayAsk).map((stream) => () => stream.ask()),
          ];
          if (acts.length === 0) throw new Error('nothing can be sent or asked for');
          acts[Math.floor(next() * acts.length)]?.();
          // The limit is the sum of the budget, the windows, and the one message that may always grow.
          if (budget.used > maxBytes + all.length * window + 1000)
            throw new Error(`${budget.used} bytes are held`);
        }
        expect(busy.map((stream) => stream.taken)).toEqual(
          sizes.slice(-busy.length).map((own) => own.length),
        );
      }),
      { numRuns: 200 },
    );
  });

  test('while one message grows, gives no credit to an older one that is asked for later', () => {
    const budget = new UnfinishedBudget(maxBytes);
    const all = Array.from({ length: 6 }, () => new ModelStream(budget, [1000]));
    for (const stream of all) stream.send(1);
    for (const stream of all.toReversed()) {
      stream.ask();
      for (let n = 0; n < 10 && stream.maySend; n++) stream.send(1);
    }
    // `ask()` was called on the youngest message first, so that message grows. If the order were by age, all
    // six would have grown, one after another.
    expect(budget.used).toBeGreaterThan(all.length * window);
    expect(budget.used).toBeLessThan(maxBytes + all.length * window + 1000);
  });

  test('gives further credit to its oldest message alone, and to the next one once the oldest is complete', () => {
    const budget = new UnfinishedBudget(10);
    const { older, younger, credited } = twoGates(budget);
    budget.used = 8;
    older.read(4, 1);
    younger.read(4, 1);
    expect(credited).toEqual([4, 4]);
    budget.used = 16;
    younger.read(4, 1);
    older.read(4, 1);
    expect(credited).toEqual([8, 4]);
    budget.used = 12;
    older.read(4, 0);
    expect(credited).toEqual([12, 8]);
  });

  test('skips a message that is not wanted, and puts it last in order once it is wanted again', () => {
    const budget = new UnfinishedBudget(0);
    const { older, younger, credited } = twoGates(budget);
    budget.used = 8;
    older.read(4, 1);
    younger.read(4, 1);
    older.isWanted = false;
    expect(credited).toEqual([4, 4]);
    older.read(4, 1);
    expect(credited).toEqual([4, 4]);
    older.isWanted = true;
    expect(credited).toEqual([4, 4]);
    younger.read(4, 0);
    expect(credited).toEqual([8, 8]);
  });

  test('forgets a stream that has ended', () => {
    const budget = new UnfinishedBudget(0);
    let credited = 0;
    const older = new CreditGate(budget, () => {});
    const younger = new CreditGate(budget, (bytes) => (credited += bytes));
    budget.used = 8;
    older.read(4, 1);
    younger.read(4, 1);
    expect(credited).toBe(0);
    older.end();
    expect(credited).toBe(4);
  });
});
