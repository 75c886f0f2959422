/** Lets the reaper end a process that no client has started. */

import type { ChildProcess } from 'node:child_process';
import { pipeNameOf } from '../launch/pipe-name.ts';
import { unwatch, watch } from './reaper.ts';

/**
 * Ends a process that this host has spawned without a client, if the host dies first, even by SIGKILL. The
 * process group that the process leads ends too. On Linux, so does each process that holds the pipe at
 * descriptor 3 of the process, or at descriptor 0 if it has no descriptor 3. Call this right after the spawn,
 * and dispose of the returned object when the host has ended the process itself.
 *
 * @example
 * ```ts
 * import { spawn } from 'node:child_process';
 * import { once } from 'node:events';
 * import { endWithHost } from '@pipework/core';
 *
 * const child = spawn('sleep', ['60']);
 * using ending = endWithHost(child);
 * await once(child, 'exit');
 * ```
 */
export function endWithHost(child: ChildProcess): Disposable {
  const { pid } = child;
  // Without an id, the program could not be started.
  if (pid === undefined) return { [Symbol.dispose]: () => {} };
  // The reaper is asked to end the group too. If the process leads no group, no group has its id.
  watch(pid, true, pipeNameOf(pid, child.stdio.length > 3 ? 3 : 0));
  let isDisposed = false;
  return {
    [Symbol.dispose]: () => {
      // When the object is disposed of a second time, the id may belong to another process.
      if (!isDisposed) unwatch(pid);
      isDisposed = true;
    },
  };
}
