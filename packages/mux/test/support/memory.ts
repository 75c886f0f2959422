/**
 * Measures the memory that the process holds after a garbage collection. The process needs no flag for this.
 */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { settled } from './raw-peer.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Collects the garbage, and returns the bytes of the heap and of buffers outside the heap. */
export async function heldBytes(): Promise<number> {
  for (let round = 0; round < 4; round += 1) {
    await settled();
    collect();
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
