/** Finds the reason why descriptors cannot be the host's pipes. */

import { fstatSync, readdirSync, readlinkSync } from 'node:fs';

/**
 * The bits of a file's mode that hold its type, and the type of a pipe. On Windows, `isFIFO()` is false for
 * every pipe, so the bits are compared.
 */
const typeBits = 0o170_000n;
const pipeBits = 0o010_000n;

/**
 * Returns why the descriptors cannot be the host's pipes; undefined if they can. If the parent passed no
 * pipes, Node itself may use the numbers in `fds`: for its epoll descriptor, or for both ends of an internal
 * pipe.
 */
export function whyNotPipes(fds: readonly number[]): string | undefined {
  // Under Deno nothing is checked, because Deno's fs functions do not know inherited descriptors.
  if ('Deno' in globalThis) return undefined;
  for (const fd of fds) {
    try {
      // Without `bigint`, Node 20 and 22 keep the result where `realpathSync` finds a pipe's type later. An
      // `import()` would then not resolve the link to a package, and would load a second copy of it.
      const info = fstatSync(fd, { bigint: true });
      const isPipe = (info.mode & typeBits) === pipeBits;
      if (!info.isSocket() && !isPipe) return `descriptor ${fd} is not a pipe`;
      if (isPipe && isOwnPipe(fd)) return `descriptor ${fd} is a pipe of Node's own`;
    } catch {
      return `descriptor ${fd} is not open`;
    }
  }
  return undefined;
}

function isOwnPipe(fd: number): boolean {
  try {
    const name = readlinkSync(`/proc/self/fd/${fd}`);
    const others = readdirSync('/proc/self/fd').filter((other) => other !== String(fd));
    return others.some((other) => linkOf(other) === name);
  } catch {
    // Without /proc, the descriptor is accepted.
    return false;
  }
}

function linkOf(fd: string): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    // This was the descriptor of the directory listing, which is already closed.
    return undefined;
  }
}
