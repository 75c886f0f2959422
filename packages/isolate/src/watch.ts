/**
 * Measures from outside how much memory and processor time a process and its descendants use. Works only on
 * Linux.
 */

import { readdirSync, statfsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { read } from './system.ts';

/** Milliseconds between two measurements. A measurement of a plugin with one process takes about 0.1 ms. */
export const lookMs = 100;

/** Linux reports processor time in ticks of a hundredth of a second, on every kind of processor. */
const ticksPerSecond = 100;

/** The memory that the kernel needs for one file of a file system in memory, beside the file's contents. */
const bytesOfFile = 1_024;

/**
 * The kernel counts the time for SIGXCPU by ticks, and the time in /proc exactly. On a busy machine the two can
 * differ by a lot. So a process that has used this share of its limit may have been ended by the limit.
 */
const evidentShare = 0.5;

/** What a tree of processes uses. */
export interface Use {
  /**
   * The resident memory of all processes of the tree. Memory that several processes share is counted for each
   * of them.
   */
  readonly residentBytes: number;
  /** The processor time of the process that has used the most. */
  readonly cpuSeconds: number;
}

/** True if this system shows what processes use. */
export function canMeasure(): boolean {
  return read('/proc/self/statm') !== '';
}

/**
 * Returns the memory and processor time that the process and its descendants use. All values are 0 if the
 * process is gone.
 */
export function measure(pid: number): Use {
  const all = [pid];
  let residentBytes = 0;
  let cpuSeconds = 0;
  for (const one of all) {
    residentBytes += residentOf(one);
    cpuSeconds = Math.max(cpuSeconds, processorTimeOf(one));
    all.push(...childrenOf(one));
  }
  return { residentBytes, cpuSeconds };
}

function residentOf(pid: number): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`))?.[1];
  return kibibytes === undefined ? 0 : Number(kibibytes) * 1024;
}

/**
 * Returns how many bytes of memory the files below `places` use, as the process `pid` sees these places. Each
 * place is a file system whose files are in memory. Linux counts this memory for no process, unless a process
 * maps the file. A place that this host may not look at counts as 0.
 */
export function heldByFiles(pid: number, places: readonly string[]): number {
  return places.reduce((sum, place) => {
    try {
      const { bsize, blocks, bfree, files, ffree } = statfsSync(`/proc/${pid}/root${place}`);
      return sum + (blocks - bfree) * bsize + (files - ffree) * bytesOfFile;
    } catch {
      return sum;
    }
  }, 0);
}

/**
 * Reads fields 14 and 15 of /proc/PID/stat. The name in field 2 may hold any character, so the fields are
 * counted from the name's end.
 */
function processorTimeOf(pid: number): number {
  const stat = read(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / ticksPerSecond;
}

/**
 * Returns the existing children of the process `pid`. Linux has a list of children for each thread of a
 * process.
 */
export function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
      .flatMap((thread) => read(`/proc/${pid}/task/${thread}/children`).split(' '))
      .map(Number)
      .filter((child) => child > 0);
  } catch {
    return [];
  }
}

/**
 * Measures one process every {@link lookMs} until the watch is stopped. The watch does not keep the event
 * loop alive. A blocked loop delays the measurements.
 */
export class ResourceWatch {
  /** The processor time at the last measurement, in seconds. */
  cpuSeconds = 0;
  #lookedAt = performance.now();
  /**
   * The most processor time that the process may have used until the watch stopped. Assumes that it used all
   * processors since the last measurement.
   */
  #mostSeconds = 0;
  readonly #timer: NodeJS.Timeout;

  /** `look` measures the process. As soon as `isOver` returns true for a measurement, the watch stops. */
  constructor(look: () => Use, isOver: (use: Use) => boolean) {
    this.#timer = setInterval(() => {
      const use = look();
      this.#lookedAt = performance.now();
      this.cpuSeconds = Math.max(this.cpuSeconds, use.cpuSeconds);
      if (isOver(use)) this.stop();
    }, lookMs);
    this.#timer.unref();
  }

  /**
   * True if the process may have used `seconds` of processor time until the watch stopped. After the host was
   * blocked, the last measurement is old, so the process may have used much more than it showed.
   */
  mayHaveUsed(seconds: number): boolean {
    return this.#mostSeconds >= seconds * evidentShare;
  }

  stop(): void {
    clearInterval(this.#timer);
    const sinceLookSeconds = (performance.now() - this.#lookedAt) / 1_000;
    this.#mostSeconds = this.cpuSeconds + sinceLookSeconds * availableParallelism();
  }
}
