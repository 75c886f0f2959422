/** Lets the reaper end a process that no client has started. */

import type { ChildProcess } from 'node:child_process';
import { pipeNameOf } from '../launch/pipe-name.ts';
import { unwatch, watch } from './reaper.ts';

/**
 * Makes the reaper end `child` if this host dies, even by SIGKILL. `child` is a process that the host has
 * spawned without a client. The process group that `child` leads ends too. On Linux, other processes that
 * hold the pipe at descriptor 3 of `child` end as well. If `child` has no descriptor 3, its descriptor 0
 * counts. Call this right after the spawn, and dispose of the returned object once `child` has ended.
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
  // There is no id if the program could not be started.
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
