/**
 * The plugin's two pipes, whatever runtime it is. Both can be driven by hand at the very end: when Node's `'exit'` has come there is no event
 * loop any more, and what is still queued can only be written, and credit only be read, synchronously.
 */

import type { Readable, Writable } from 'node:stream';
/** The pipe to the host. */
export interface Upstream extends Writable {
  /** From now on every write is carried out at once by `write`, in the order of the writes, those that still wait first. */
  goSync(write: (fd: number, bytes: Buffer) => boolean): void;
}

/** The pipe from the host. */
export interface Downstream extends Readable {
  /** Receives bytes that are only lent. A pipe that gives its bytes away emits them as `'data'` instead. */
  onLent: (chunk: Uint8Array) => void;
  /** Called once, when the host has closed its side or is gone. */
  onHostEnd: () => void;
  /** True once the host has closed its side: no credit comes any more. */
  readonly hasEnded: boolean;
  /** Lets the session see the end, which is kept from it until then. */
  releaseEnd(): void;
  /** Reads what is there now and delivers it. Returns false if nothing was. */
  readNow(): boolean;
}
