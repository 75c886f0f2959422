/** Writes synchronously, without an event loop. */

import { writeSync } from 'node:fs';
import { clock } from '../../base/timers.ts';

/** Synchronous writing gives up after this many milliseconds without progress. */
const stuckMs = 2_000;

/**
 * Writes all of `bytes`, and waits while the pipe is full. `meanwhile` runs before each wait, and returns
 * true if it has made progress. Returns how many bytes could not be written, because the reader is gone or
 * has read nothing for two seconds.
 */
export function writeAllSync(fd: number, bytes: Uint8Array, meanwhile: () => boolean = () => false): number {
  let at = 0;
  let deadline = clock() + stuckMs;
  while (at < bytes.byteLength) {
    try {
      at += writeSync(fd, bytes, at);
      deadline = clock() + stuckMs;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') break;
      if (meanwhile()) deadline = clock() + stuckMs;
      if (clock() > deadline) break;
      pause();
    }
  }
  return bytes.byteLength - at;
}

const nap = new Int32Array(new SharedArrayBuffer(4));

/** Sleeps for a millisecond without an event loop. */
export function pause(): void {
  Atomics.wait(nap, 0, 0, 1);
}
