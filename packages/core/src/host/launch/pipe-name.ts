/** Recognises the processes that hold a plugin's pipe (Linux). */

import { readdirSync, readlinkSync } from 'node:fs';

/**
 * The name of a plugin's pipe: `3/4711` for the socket with the number 4711 at descriptor 3. The name is the
 * same in every process that inherits the descriptor from the plugin or from a wrapper around the plugin.
 */
export type PipeName = `${number}/${number}`;

/**
 * Returns the name of the pipe at a descriptor; undefined if the descriptor is not a socket. Node's pipes are
 * sockets.
 */
export function pipeNameOf(pid: number, descriptor: number): PipeName | undefined {
  try {
    const number = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${descriptor}`))?.[1];
    return number === undefined ? undefined : `${descriptor}/${Number(number)}`;
  } catch {
    return undefined;
  }
}

/** Returns the ids of the processes that hold `pipe` at the descriptor in its name. */
export function holdersOf(pipe: PipeName): number[] {
  const descriptor = Number(pipe.slice(0, pipe.indexOf('/')));
  try {
    const pids = readdirSync('/proc').map(Number).filter(Number.isInteger);
    return pids.filter((pid) => pipeNameOf(pid, descriptor) === pipe);
  } catch {
    return [];
  }
}
