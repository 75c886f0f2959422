/** Everything under the one name `faults`. */
import type { Duplex, Readable, Writable } from 'node:stream';
import type { Fault } from './fault.ts';
import { chunks, corrupt, cut, delay, everyByte, narrowWindows, stall, truncate } from './plans.ts';
import { readThrough, writeThrough } from './through.ts';

/** The faults that the kit has. Sizes and positions are in bytes, times in milliseconds. A wrong number throws a TypeError at once. */
export interface Faults {
  /** Bytes arrive in chunks of 1 to `max` bytes (64), by `seed`. */
  chunks(options?: { seed?: number; max?: number }): Fault;
  /** Byte number `at`, counted from 0, arrives with the bits of `mask` turned over (all of them). */
  corrupt(options: { at: number; mask?: number }): Fault;
  /** `after` bytes pass, then the direction ends: `eof` as by a closed pipe, `error` as by a broken one. */
  cut(options?: { after?: number; how?: 'eof' | 'error' }): Fault;
  /** Each chunk waits `ms`, or from `min` to `max` milliseconds by `seed`. Order is kept. */
  delay(ms: number | { min: number; max: number; seed?: number }): Fault;
  /** Every byte arrives by itself. */
  everyByte(): Fault;
  /**
   * Put on the direction that carries credit: once the first 256 KiB of a stream are used up, its window is only `bytes` (1024) wide.
   * Credit beyond that is kept back, as by a reader that takes little at a time.
   */
  narrowWindows(options?: { bytes?: number }): Fault;
  /** `after` bytes pass, then nothing more until the direction is resumed. */
  stall(options?: { after?: number }): Fault;
  /** The frame in which byte `after` falls is the last one, and only its first half arrives. A handshake line passes whole. */
  truncate(options?: { after?: number }): Fault;
  /** Reads `source` through `faults`. The end and the loss of one end reach the other. */
  readThrough(source: Readable, ...faults: Fault[]): Readable;
  /** Returns a Writable whose bytes reach `sink` through `faults`. */
  writeThrough(sink: Writable | Duplex, ...faults: Fault[]): Writable;
}

/**
 * Faults to put between two ends: `connect(plugins, { faults: { toHost: [faults.cut({ after: 100 })] } })`, or between
 * any two streams by `readThrough` and `writeThrough`.
 */
export const faults: Faults = Object.freeze({
  chunks,
  corrupt,
  cut,
  delay,
  everyByte,
  narrowWindows,
  stall,
  truncate,
  readThrough,
  writeThrough,
});
