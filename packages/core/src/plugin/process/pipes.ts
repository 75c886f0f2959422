/**
 * The plugin's two pipes, in any runtime. Both pipes can also be used synchronously. When Node emits
 * `'exit'`, the event loop runs no more. From then on, queued bytes can be written and credit can be read
 * only synchronously.
 */

import type { Readable, Writable } from 'node:stream';
/** The pipe to the host. */
export interface Upstream extends Writable {
  /**
   * From now on every write is carried out at once by `write`. The queued writes come first, so the order
   * stays the same.
   */
  goSync(write: (fd: number, bytes: Buffer) => boolean): void;
}

/** The pipe from the host. */
export interface Downstream extends Readable {
  /**
   * Receives bytes that are valid only during the call. A pipe whose bytes may be kept emits them as `'data'`
   * instead.
   */
  onLent: (chunk: Uint8Array) => void;
  /** Called once, after the host has closed its side or is gone. */
  onHostEnd: () => void;
  /** True once the host has closed its side. No credit arrives any more. */
  readonly hasEnded: boolean;
  /** Passes the end of the pipe on to the session, which does not see the end before this call. */
  releaseEnd(): void;
  /**
   * Reads what has arrived and delivers it. Returns false if nothing has arrived. On Windows this method
   * waits until something arrives.
   */
  readNow(): boolean;
}
