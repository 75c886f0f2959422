/** Collects all faults under the name `faults`. */
import type { Duplex, Readable, Writable } from 'node:stream';
import type { Fault } from './fault.ts';
import { chunks, corrupt, cut, delay, everyByte, narrowWindows, stall, truncate } from './plans.ts';
import { readThrough, writeThrough } from './through.ts';

/**
 * The faults of the kit. Sizes and positions are in bytes, times in milliseconds. A call with an invalid
 * number throws a TypeError.
 */
export interface Faults {
  /** Bytes arrive in chunks of 1 to `max` bytes (64 by default). `seed` decides the sizes. */
  chunks(options?: { seed?: number; max?: number }): Fault;
  /** Byte number `at`, counted from 0, arrives with the bits of `mask` inverted (all of them by default). */
  corrupt(options: { at: number; mask?: number }): Fault;
  /**
   * `after` bytes pass, and then the direction ends. With `eof` the pipe looks closed, and with `error` it
   * looks broken.
   */
  cut(options?: { after?: number; how?: 'eof' | 'error' }): Fault;
  /**
   * Each chunk waits `ms`, or from `min` to `max` milliseconds. `seed` decides these times. The chunks keep
   * their order.
   */
  delay(ms: number | { min: number; max: number; seed?: number }): Fault;
  /** Every byte arrives in a separate chunk. */
  everyByte(): Fault;
  /**
   * After the first 256 KiB of a stream are used up, the stream's window is only `bytes` wide (1024 by
   * default). The fault holds back further credit, as if the reader took little at a time. Use this fault on
   * the direction that carries credit.
   */
  narrowWindows(options?: { bytes?: number }): Fault;
  /** `after` bytes pass. After that, nothing passes until the direction is resumed. */
  stall(options?: { after?: number }): Fault;
  /**
   * The frame that contains byte `after` is the last one, and only its first half arrives. A handshake line
   * passes whole.
   */
  truncate(options?: { after?: number }): Fault;
  /**
   * Returns a Readable that reads `source` through `faults`. If one of the two streams ends or is destroyed,
   * the other one ends too.
   */
  readThrough(source: Readable, ...faults: Fault[]): Readable;
  /** Returns a Writable whose bytes reach `sink` through `faults`. */
  writeThrough(sink: Writable | Duplex, ...faults: Fault[]): Writable;
}

/**
 * Faults to put between a host and a plugin:
 * `connect(plugins, { faults: { toHost: [faults.cut({ after: 100 })] } })`.
 * `readThrough` and `writeThrough` put them between any two streams.
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
