/**
 * Flushes the printed output before a plugin's process ends.
 */

import type { LeanSession } from '@pipework/mux/lean';
import { clock } from '../../base/timers.ts';
import type { Downstream, Upstream } from './pipes.ts';
import type { SyncedOutput } from './synced-output.ts';
import { pause, writeAllSync } from './write-sync.ts';

/**
 * The flush gives up after this many milliseconds without progress, so that a host that reads nothing cannot
 * keep a process alive.
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
 * error. From this event on, every write is synchronous, because the event loop has stopped, and later
 * `'exit'` listeners may print too. After SIGKILL, after `abort()` and after running out of memory there is
 * no flush. Signals are delayed while the flush runs, so the flush ends after two seconds without progress.
 */
export function flushAtExit(parts: ExitFlushParts): void {
  const { session, upstream, downstream, outputs } = parts;
  let lost = 0;
  let gaveUp = false;
  const readCredit = (): boolean => {
    // On Windows a read waits until bytes arrive. The answer to a ping makes sure that some arrive.
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
   * Writes the bytes that fit the windows, and reads credit for the rest. Gives up after two seconds without
   * progress.
   */
  const flush = (): void => {
    session.flush();
    for (let deadline = clock() + stuckMs; queued() > 0 && !gaveUp;) {
      const before = queued();
      const hasArrived = readCredit();
      session.flush();
      // On Windows, an arrived answer to a ping does not mean that credit has arrived too.
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
    // FIN is sent only if no later listener can print. Otherwise the output ends with the pipe.
    if (process.rawListeners('exit').at(-1) === onExit) {
      for (const output of outputs) output.finish();
      session.flush();
    }
  };
  process.on('exit', onExit);
}

/**
 * Sends a ping, so that the host sends an answer even if it has no credit to grant. If the host's event loop
 * is blocked, the answer comes later.
 */
function askHost(session: LeanSession): void {
  session.ping().catch(() => {});
  session.flush();
}
