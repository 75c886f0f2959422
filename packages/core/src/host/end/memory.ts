/**
 * Finds evidence that the kernel killed a process because memory ran out. The evidence is the count of
 * out-of-memory kills in the process's control group. Linux only.
 */

import { readFileSync } from 'node:fs';

/** The directories below which the counts of control groups may be, also in a container. */
const roots = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'];

/**
 * Returns a function that checks the control group of `pid`. The function returns true if the kernel has
 * killed a process there for lack of memory since the call of `watchMemory()`. On other systems, or if no
 * control group can be read, the function returns false.
 */
export function watchMemory(pid: number): () => boolean {
  const file = eventsOf(pid);
  const before = file === undefined ? undefined : killsIn(file);
  return () => {
    const now = file === undefined ? undefined : killsIn(file);
    return before !== undefined && now !== undefined && now > before;
  };
}

/**
 * Returns the file that counts the kills in the control group of `pid`. Lines of /proc/PID/cgroup are
 * `0::/path` (version 2) and `4:memory:/path` (version 1).
 */
function eventsOf(pid: number): string | undefined {
  const lines = read(`/proc/${pid}/cgroup`)?.split('\n') ?? [];
  const pathOf = (start: RegExp): string[] => {
    const path = lines.find((line) => start.test(line))?.replace(start, '');
    // A container may see its own group at the root, although /proc shows the group's path on the whole
    // system.
    return path === undefined ? [] : [path, '/'];
  };
  return [
    ...pathOf(/^\d+:(?:[\w=]+,)*memory(?:,[\w=]+)*:/).map(
      (path) => `${roots[0]}/memory${path}/memory.oom_control`,
    ),
    ...pathOf(/^0::/).flatMap((path) => roots.map((root) => `${root}${path}/memory.events`)),
  ].find((file) => killsIn(file) !== undefined);
}

function killsIn(file: string): number | undefined {
  const count = /^oom_kill (\d+)$/m.exec(read(file) ?? '')?.[1];
  return count === undefined ? undefined : Number(count);
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return undefined;
  }
}
