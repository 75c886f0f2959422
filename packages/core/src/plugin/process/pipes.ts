/**
 * The interfaces of the plugin's two pipes, for all runtimes. Both pipes can also be used synchronously,
 * because the event loop no longer runs when Node emits `'exit'`. At this time, queued bytes can be written
 * and credit can be read only synchronously.
 */

import type { Readable, Writable } from 'node:stream';
/** The pipe to the host. */
export interface Upstream extends Writable {
  /**
   * From now on, carries out every write synchronously by `write`. The queued writes are carried out first,
   * so the order does not change.
   */
  goSync(write: (fd: number, bytes: Buffer) => boolean): void;
}

/** The pipe from the host. */
export interface Downstream extends Readable {
  /**
   * Receives bytes that are valid only during the call. An implementation whose chunks stay valid after the
   * call emits them as `'data'` instead, and never calls `onLent`.
   */
  onLent: (chunk: Uint8Array) => void;
  /** Called once, after the host has closed its side or is gone. */
  onHostEnd: () => void;
  /** True after the host has closed its side or is gone. No more credit arrives. */
  readonly hasEnded: boolean;
  /** Passes the end of the pipe on to the session, which does not see the end before this call. */
  releaseEnd(): void;
  /**
   * Reads the bytes that have arrived, and passes them on. Returns false if no bytes have arrived. On Windows
   * this method waits until bytes arrive.
   */
  readNow(): boolean;
}
