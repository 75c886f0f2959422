/** Measures how much memory a plugin's process holds. */
import { readFile } from 'node:fs/promises';

/**
 * Returns the resident bytes of the process `pid`; undefined if the process is gone, or if this system has no
 * `/proc`.
 */
export async function residentBytes(pid: number): Promise<number | undefined> {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch {
    return undefined;
  }
}
