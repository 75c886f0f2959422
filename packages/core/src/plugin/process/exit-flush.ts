/**
 * Flushes the printed output before a plugin's process ends.
 */

import type { LeanSession } from '@pipework/mux/lean';
import { clock } from '../../base/timers.ts';
import type { Downstream, Upstream } from './pipes.ts';
import type { SyncedOutput } from './synced-output.ts';
import { pause, writeAllSync } from './write-sync.ts';

/**
 * Milliseconds without progress after which the flush gives up. So a host that reads nothing cannot keep a
 * process alive.
 */
const stuckMs = 2_000;

const isWindows = process.platform === 'win32';

/** The streams and pipes to flush. */
export interface ExitFlushParts {
  readonly session: LeanSession;
  readonly upstream: Upstream;
  readonly downstream: Downstream;
  readonly outputs: readonly SyncedOutput[];
}

/**
 * Flushes at the process's `'exit'` event, which is also emitted for `process.exit()` and for an uncaught
 * error. Later `'exit'` listeners may print too, so from then on every write is carried out at once. SIGKILL,
 * `abort()` and running out of memory leave no time for a flush. Signals are delayed while the flush runs, so
 * the flush ends after two seconds without progress.
 */
export function flushAtExit(parts: ExitFlushParts): void {
  const { session, upstream, downstream, outputs } = parts;
  let lost = 0;
  let gaveUp = false;
  const readCredit = (): boolean => {
    // On Windows a read waits until something arrives, which the answer to a ping does.
    if (isWindows) askHost(session);
    return downstream.readNow();
  };
  const write = (fd: number, bytes: Buffer): boolean => {
    const left = gaveUp ? bytes.byteLength : writeAllSync(fd, bytes, readCredit);
    lost += left;
    gaveUp ||= left > 0;
    return left === 0;
  };
  const queued = (): number => outputs.reduce((sum, output) => sum + output.queuedBytes, 0);
  /**
   * Writes the bytes that fit the windows, and reads credit for the rest. Continues as long as writing or
   * reading makes progress.
   */
  const flush = (): void => {
    session.flush();
    for (let deadline = clock() + stuckMs; queued() > 0 && !gaveUp;) {
      const before = queued();
      const hasArrived = readCredit();
      session.flush();
      // Credit is sent while the host's sink takes bytes. An answer to a ping alone is no progress.
      if (!hasArrived || (isWindows && queued() === before)) pause();
      if (queued() < before) deadline = clock() + stuckMs;
      gaveUp ||= (downstream.hasEnded && queued() === before) || clock() > deadline;
    }
  };
  const tell = (): void => {
    const missing = lost + queued();
    if (missing === 0 || session.hasEnded) return;
    const text = `pipework: ${missing} bytes of printed output are lost: the host did not read them in time\n`;
    writeAllSync(2, Buffer.from(text));
  };
  const onExit = (): void => {
    upstream.goSync(write);
    flush();
    for (const output of outputs) output.goSync(flush);
    flush();
    tell();
    // FIN is sent only if no later listener can print. Otherwise the end of the pipe serves as the end.
    if (process.rawListeners('exit').at(-1) === onExit) {
      for (const output of outputs) output.finish();
      session.flush();
    }
  };
  process.on('exit', onExit);
}

/**
 * Has the host send something, even if it has no credit to give. A host whose event loop is blocked sends it
 * later.
 */
function askHost(session: LeanSession): void {
  session.ping().catch(() => {});
  session.flush();
}
