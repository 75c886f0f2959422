/** What the process really holds: after a collection, which needs no flag of the command line. */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { settled } from './raw-peer.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes of the heap and of buffers outside it, garbage excluded. */
export async function heldBytes(): Promise<number> {
  for (let round = 0; round < 4; round += 1) {
    await settled();
    collect();
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
