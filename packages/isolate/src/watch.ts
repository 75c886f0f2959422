/** Measures a process again and again, at a bounded cost for the host. */

import { availableParallelism } from 'node:os';
import type { Use } from './measure.ts';

/**
 * Milliseconds between two measurements, if they cost little. A measurement of a plugin with one process
 * takes about 0.2 ms.
 */
export const lookMs = 100;

/**
 * How much processor time a turn of the host's event loop may use, in milliseconds. A measurement that needs
 * more time continues in a later turn.
 */
const turnMs = 5;

/**
 * The largest share of a processor that a watch uses. After a costly turn, the watch rests longer. The time
 * in which a busy machine runs other programs does not count.
 */
const shareOfProcessor = 0.05;

/**
 * If a process was seen to use this share of a limit, the limit may have ended the process. The kernel counts
 * the time for SIGXCPU by ticks, and the time in /proc exactly. On a busy machine the two can differ by a
 * lot. For the memory limit, part of V8's heap may be swapped out, so the resident memory can be far below
 * the heap.
 */
const evidentShare = 0.5;

/**
 * How fast the memory of a process may grow, in bytes per second. V8 fills its heap more slowly, because it
 * collects garbage meanwhile.
 */
const fastestGrowth = 2 ** 30;

/**
 * Measures one process every {@link lookMs} milliseconds until the watch is stopped. The watch does not keep
 * the event loop alive. A blocked loop delays the measurements.
 */
export class ResourceWatch {
  /** The processor time at the last measurement, in seconds. */
  cpuSeconds = 0;
  /** When the last complete measurement began. */
  #lookedAt = performance.now();
  /**
   * The most processor time that the process may have used until the watch stopped. Assumes that it used all
   * processors since the last measurement.
   */
  #mostSeconds = 0;
  /**
   * The most memory that a measurement found, and the most that the process may have held until the watch
   * stopped.
   */
  #heldBytes = 0;
  #mostBytes = 0;
  readonly #begin: () => Generator<Use, Use>;
  readonly #isOver: (use: Use) => boolean;
  /** The measurement that has begun and is not complete. */
  #look: { readonly steps: Generator<Use, Use>; readonly beganAt: number } | undefined;
  #timer: NodeJS.Timeout | undefined;

  /**
   * `begin` begins a measurement, which takes one or more steps. `isOver` is called after each turn, also in
   * the middle of a measurement. As soon as it returns true, the watch stops.
   */
  constructor(begin: () => Generator<Use, Use>, isOver: (use: Use) => boolean) {
    this.#begin = begin;
    this.#isOver = isOver;
    this.#rest(0);
  }

  /**
   * True if the process may have used `seconds` of processor time until the watch stopped. After the host was
   * blocked, the last measurement is old, so the process may have used much more time than this measurement
   * showed.
   */
  mayHaveUsed(seconds: number): boolean {
    return this.#mostSeconds >= seconds * evidentShare;
  }

  /**
   * True if the process may have held `bytes` of memory until the watch stopped. Here too, the age of the
   * last measurement counts.
   */
  mayHaveHeld(bytes: number): boolean {
    return this.#mostBytes >= bytes * evidentShare;
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#look?.steps.return({ heldBytes: 0, cpuSeconds: 0, tasks: 0 });
    const sinceLookSeconds = (performance.now() - this.#lookedAt) / 1_000;
    this.#mostSeconds = this.cpuSeconds + sinceLookSeconds * availableParallelism();
    this.#mostBytes = this.#heldBytes + sinceLookSeconds * fastestGrowth;
  }

  #rest(costMs: number): void {
    this.#timer = setTimeout(() => this.#turn(), Math.max(lookMs, costMs / shareOfProcessor)).unref();
  }

  #turn(): void {
    const before = process.cpuUsage();
    const costMs = (): number => {
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1_000;
    };
    const look = (this.#look ??= { steps: this.#begin(), beganAt: performance.now() });
    let step = look.steps.next();
    while (step.done !== true && costMs() < turnMs) step = look.steps.next();
    this.cpuSeconds = Math.max(this.cpuSeconds, step.value.cpuSeconds);
    this.#heldBytes = Math.max(this.#heldBytes, step.value.heldBytes);
    if (step.done === true) {
      this.#lookedAt = look.beganAt;
      this.#look = undefined;
    }
    if (this.#isOver(step.value)) this.stop();
    else this.#rest(costMs());
  }
}
