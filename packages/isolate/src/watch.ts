/** Measures what a process and all that it has started use, from outside, and says when that is too much. Linux. */

import { readdirSync } from 'node:fs';
import { read } from './system.ts';

/** Milliseconds from one look to the next. A look at a plugin of one process takes about 0.1 ms. */
const lookMs = 100;

/** Linux counts resident memory in pages and processor time in ticks of a hundredth of a second, whatever the processor. */
const ticksPerSecond = 100;

/** What a tree of processes uses. */
export interface Use {
  /** Of all of them together; memory that they share counts for each. */
  readonly residentBytes: number;
  /** Of the one that has used most. */
  readonly cpuSeconds: number;
}

/** Whether this system tells what processes use. */
export function canMeasure(): boolean {
  return read('/proc/self/statm') !== '';
}

/** What the process and its descendants use now; nothing if it is gone. */
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

/** Fields 14 and 15 of /proc/PID/stat. The name in field 2 may hold anything, so they are counted from behind it. */
function processorTimeOf(pid: number): number {
  const stat = read(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / ticksPerSecond;
}

/** The processes that one has started and that are left. Each of its threads has a list of its own. */
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

/** Looks at one process until it is stopped. Does not hold the event loop, and looks late if that is blocked. */
export class ResourceWatch {
  /** What the last look saw of processor time, in seconds. */
  cpuSeconds = 0;
  readonly #timer: NodeJS.Timeout;

  /** `look` measures. The watch stops once `isOver` returns true for what was measured. */
  constructor(look: () => Use, isOver: (use: Use) => boolean) {
    this.#timer = setInterval(() => {
      const use = look();
      this.cpuSeconds = Math.max(this.cpuSeconds, use.cpuSeconds);
      if (isOver(use)) this.stop();
    }, lookMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
