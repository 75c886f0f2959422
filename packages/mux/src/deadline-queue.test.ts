import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { DeadlineQueue } from './deadline-queue.ts';
import type { Timers } from './timers.ts';

describe('a deadline queue in a process that runs normally', () => {
  // Before an item expires, the queue lets the loop read for two turns. Each turn takes a millisecond of fake
  // time.
  const turns = 2;

  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test('expires each item after its time has passed, in the order in which the items were added', () => {
    const expired: string[] = [];
    const queue = new DeadlineQueue<string>(100, (item) => expired.push(item), globalThis);
    queue.add('first');
    vi.advanceTimersByTime(60);
    queue.add('second');
    queue.add('in time');
    expect(queue.size).toBe(3);
    expect(queue.delete('in time')).toBe(true);
    expect(queue.delete('in time')).toBe(false);
    vi.advanceTimersByTime(39 + turns);
    expect(expired).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(expired).toEqual(['first']);
    vi.advanceTimersByTime(59);
    expect(expired).toEqual(['first']);
    vi.advanceTimersByTime(1 + turns);
    expect(expired).toEqual(['first', 'second']);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('needs one timer, even if items are added again whenever they expire', () => {
    const expired: string[] = [];
    const again = (item: string): void => {
      expired.push(item);
      queue.add(item);
    };
    const queue = new DeadlineQueue<string>(100, again, globalThis);
    queue.add('long');
    vi.advanceTimersByTime(30);
    queue.add('later');
    for (let round = 1; round <= 5; round += 1) {
      vi.advanceTimersByTime(100 + 2 * turns);
      expect(expired).toHaveLength(2 * round);
      expect(vi.getTimerCount()).toBe(1);
    }
  });

  test('with a duration of 0 only counts its items, and needs no timer', () => {
    const queue = new DeadlineQueue<string>(0, () => expect.unreachable(), globalThis);
    queue.add('item');
    expect([queue.size, vi.getTimerCount()]).toEqual([1, 0]);
    vi.advanceTimersByTime(1e9);
    expect(queue.delete('item')).toBe(true);
  });

  test('expires nothing after clear(), and can be used again', () => {
    const expired: string[] = [];
    const queue = new DeadlineQueue<string>(100, (item) => expired.push(item), globalThis);
    queue.add('before');
    vi.advanceTimersByTime(99);
    queue.clear();
    expect([queue.size, vi.getTimerCount()]).toEqual([0, 0]);
    queue.add('behind');
    vi.advanceTimersByTime(99 + turns);
    expect(expired).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(expired).toEqual(['behind']);
  });

  test('lets its timer run out when no item is left', () => {
    const queue = new DeadlineQueue<string>(100, () => expect.unreachable(), globalThis);
    queue.add('item');
    queue.delete('item');
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(25);
    expect(vi.getTimerCount()).toBe(0);
  });
});

/**
 * A fake event loop. Like a turn of Node's event loop, each turn runs the due timers, reads, and runs the
 * immediates.
 */
class Loop {
  now = 0;
  /** The timers that are set, and whether each keeps the loop alive. */
  readonly holds = new Map<object, { due: number; act: () => void; isHolding: boolean }>();
  #immediates: (() => void)[] = [];

  readonly timers: Timers = {
    setTimeout: (act, ms) => {
      const entry = { due: this.now + ms, act, isHolding: true };
      const timer = {
        ref: () => void (entry.isHolding = true),
        unref: () => void (entry.isHolding = false),
      };
      this.holds.set(timer, entry);
      return timer as unknown as NodeJS.Timeout;
    },
    clearTimeout: (timer) => void this.holds.delete(timer as object),
    setImmediate: (act) => this.#immediates.push(act),
    performance: { now: () => this.now },
  };

  get isHeld(): boolean {
    return [...this.holds.values()].some(({ isHolding }) => isHolding);
  }

  turn(ms: number, read: () => void = () => {}): void {
    this.now += ms;
    for (const [timer, { due, act }] of this.holds) {
      if (due > this.now) continue;
      this.holds.delete(timer);
      act();
    }
    read();
    for (const act of this.#immediates.splice(0)) act();
  }

  /** Runs turns of one millisecond until `holds()` returns true. Returns how many turns that took. */
  msUntil(holds: () => boolean): number {
    const began = this.now;
    while (!holds()) {
      if (this.now - began > 10_000) throw new Error('the condition did not hold within 10,000 ms');
      this.turn(1);
    }
    return this.now - began;
  }
}

describe('items added after another one', () => {
  function makeQueue(): { loop: Loop; queue: DeadlineQueue<string>; expired: string[] } {
    const loop = new Loop();
    const expired: string[] = [];
    return { loop, expired, queue: new DeadlineQueue(100, (item) => expired.push(item), loop.timers) };
  }

  test('expire together with the first one if they are due when it expires', () => {
    const { loop, queue, expired } = makeQueue();
    queue.add('first');
    loop.turn(1);
    queue.add('with it');
    loop.msUntil(() => expired.length > 0);
    expect([loop.now, expired]).toEqual([101, ['first', 'with it']]);
    expect(loop.holds.size).toBe(0);
  });

  test('expire at their own time', () => {
    const { loop, queue, expired } = makeQueue();
    queue.add('first');
    for (let ms = 0; ms < 12; ms += 1) loop.turn(1);
    queue.add('soon');
    for (let ms = 0; ms < 60; ms += 1) loop.turn(1);
    queue.add('late');
    loop.msUntil(() => expired.length > 1);
    expect(loop.now).toBe(113);
    // The queue waits for the remaining time in parts of the usual length.
    expect([...loop.holds.values()].map(({ due }) => due - loop.now)).toEqual([25]);
    loop.msUntil(() => expired.length > 2);
    expect([loop.now, expired]).toEqual([173, ['first', 'soon', 'late']]);
  });

  test('wait for their whole time if no other item was left', () => {
    const { loop, queue, expired } = makeQueue();
    queue.add('first');
    loop.msUntil(() => expired.length > 0);
    queue.add('second');
    expect(loop.msUntil(() => expired.length > 1)).toBe(101);
  });
});

describe('a deadline queue in a process that was blocked', () => {
  function makeQueue(): { loop: Loop; queue: DeadlineQueue<string>; expired: string[] } {
    const loop = new Loop();
    const expired: string[] = [];
    return { loop, expired, queue: new DeadlineQueue(100, (item) => expired.push(item), loop.timers) };
  }

  test('does not expire an item whose answer came during the block, whichever part of the wait was blocked', () => {
    for (let part = 0; part < 4; part += 1) {
      const { loop, queue, expired } = makeQueue();
      queue.add('answered');
      for (let turn = 0; turn < part; turn += 1) loop.turn(25);
      loop.turn(5_000, () => queue.delete('answered'));
      for (let turn = 0; turn < 100; turn += 1) loop.turn(25);
      expect([part, expired]).toEqual([part, []]);
    }
  });

  test('gives the peer the remaining time and one part more for its answer', () => {
    const { loop, queue, expired } = makeQueue();
    queue.add('late');
    loop.turn(5_000);
    // The blocked turn does not count as a part. The queue waits for four more parts, and then for the two
    // turns in which the loop reads.
    expect(loop.msUntil(() => expired.length > 0)).toBe(101);
  });

  test('waits for one part more if the last part was blocked', () => {
    const { loop, queue, expired } = makeQueue();
    queue.add('late');
    for (let turn = 0; turn < 3; turn += 1) loop.turn(25);
    loop.turn(5_000);
    expect(loop.msUntil(() => expired.length > 0)).toBe(26);
  });

  test('counts a part as usual if the process was blocked for no longer than that part', () => {
    const { loop, queue, expired } = makeQueue();
    queue.add('item');
    loop.turn(50);
    expect(loop.msUntil(() => expired.length > 0)).toBe(76);
  });

  test('expires an item that is never answered, even if the process is blocked again and again', () => {
    const { loop, queue, expired } = makeQueue();
    queue.add('dead');
    for (let turn = 0; turn < 8; turn += 1) loop.turn(5_000);
    expect(expired).toEqual(['dead']);
  });

  test('does not count a block against an item that was added after the block', () => {
    const { loop, queue, expired } = makeQueue();
    queue.add('before');
    loop.now += 5_000;
    queue.add('behind');
    queue.delete('before');
    expect(loop.msUntil(() => expired.length > 0)).toBe(102);
  });

  test('keeps the event loop alive only if the owner asked for it, and only while an item waits', () => {
    const { loop, queue } = makeQueue();
    queue.add('unasked');
    expect(loop.isHeld).toBe(false);
    queue.holdLoop();
    expect(loop.isHeld).toBe(true);
    queue.delete('unasked');
    expect(loop.isHeld).toBe(false);
    queue.add('asked');
    expect(loop.isHeld).toBe(true);
    loop.turn(25);
    expect(loop.isHeld).toBe(true);
    queue.clear();
    expect(loop.isHeld).toBe(false);
    queue.add('again');
    expect(loop.isHeld).toBe(true);
  });

  test('keeps the event loop alive while any of several items is left', () => {
    const { loop, queue } = makeQueue();
    queue.add('unasked');
    queue.add('unasked too');
    expect(loop.isHeld).toBe(false);
    queue.delete('unasked');
    queue.delete('unasked too');
    queue.holdLoop();
    expect(loop.isHeld).toBe(false);
    queue.add('asked');
    queue.add('asked too');
    queue.delete('asked');
    expect(loop.isHeld).toBe(true);
  });

  test('never keeps the event loop alive without a timer, even if the owner asked for it', () => {
    const { loop } = makeQueue();
    const counting = new DeadlineQueue<string>(0, () => expect.unreachable(), loop.timers);
    counting.add('item');
    counting.holdLoop();
    expect(counting.delete('item')).toBe(true);
    expect(loop.isHeld).toBe(false);
  });
});
