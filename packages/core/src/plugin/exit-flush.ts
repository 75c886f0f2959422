/** The end of a plugin's process, however it comes about: what was printed leaves before it does. */

import type { Session } from '@pipework/mux';
import { pause, writeAllSync, type Downstream, type Upstream } from './descriptors.ts';
import type { SyncedOutput } from './synced-output.ts';

/** Milliseconds without progress after which the flush gives up: a host that reads nothing must not keep a process for ever. */
const stuckMs = 2_000;

/** What is to be flushed. */
export interface ExitFlushParts {
  readonly session: Session;
  readonly upstream: Upstream;
  readonly downstream: Downstream;
  readonly outputs: readonly SyncedOutput[];
}

/**
 * Flushes at the process's `'exit'`, which also comes for `process.exit()` and for an uncaught error. Later `'exit'`
 * listeners may print too: from here on every write goes through at once. SIGKILL, `abort()` and a memory that ran out
 * leave no time for it. Signals wait while it runs, which is why it ends after two seconds without progress.
 */
export function flushAtExit(parts: ExitFlushParts): void {
  const { session, upstream, downstream, outputs } = parts;
  let lost = 0;
  const readCredit = (): boolean => downstream.readNow();
  const onExit = (): void => {
    upstream.goSync((fd, bytes) => {
      if (lost === 0) lost = writeAllSync(fd, bytes, readCredit);
      return lost === 0;
    });
    for (const output of outputs) output.goSync();
    const queued = (): number => outputs.reduce((sum, output) => sum + output.queuedBytes, 0);
    let deadline = Date.now() + stuckMs;
    session.flush();
    while (queued() > 0 && lost === 0 && !downstream.hasEnded && Date.now() < deadline) {
      const before = queued();
      if (!readCredit()) pause();
      session.flush();
      if (queued() < before) deadline = Date.now() + stuckMs;
    }
    lost += queued();
    if (lost > 0 && !session.isOver) {
      writeAllSync(
        2,
        Buffer.from(
          `pipework: ${lost} bytes of printed output are lost: the host did not read them in time\n`,
        ),
      );
    }
    // FIN comes last of all; where others may still print, the pipe's end says the same.
    if (process.rawListeners('exit').at(-1) === onExit) {
      for (const output of outputs) output.finish();
      session.flush();
    }
  };
  process.on('exit', onExit);
}
