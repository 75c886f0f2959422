/**
 * Measures from outside how much memory and processor time a process and its descendants use. Works only on
 * Linux.
 */

import { opendirSync, readFileSync, statfsSync, type Dir } from 'node:fs';
import { read } from './system.ts';

/** Linux reports processor time in ticks of a hundredth of a second, on every kind of processor. */
const ticksPerSecond = 100;

/** The memory that the kernel needs for one thread, most of it for the thread's stack in the kernel. */
const bytesOfThread = 24 * 1_024;

/** The memory that the kernel needs for one file of a file system in memory, beside the file's contents. */
const bytesOfFile = 1_024;

/** What a tree of processes uses, as far as the tree has been counted. */
export interface Use {
  /**
   * The resident memory of the processes of the tree, with the memory that the kernel needs for their page
   * tables and threads. Memory that several processes share is counted for each of them.
   */
  readonly heldBytes: number;
  /** The processor time of the process that has used the most. */
  readonly cpuSeconds: number;
  /** The number of processes in the tree, plus the number of their further threads. */
  readonly tasks: number;
}

/** True if this system shows what processes use. */
export function canMeasure(): boolean {
  return read('/proc/self/stat') !== '';
}

/**
 * Counts what the process and its descendants use, in small steps. Each step reads at most three small files.
 * After each step the generator yields the sums so far, and at the end it returns them. The memory and the
 * time are 0 if the process is gone. The caller must let the generator end, or call its `return()`.
 *
 * If `mayFork` is false, processes with several threads are not searched for children. Linux has a list of
 * children for each thread, so the search for children costs a step for each thread.
 */
export function* counting(root: number, mayFork: boolean): Generator<Use, Use> {
  const all = [root];
  let [heldBytes, cpuSeconds, furtherThreads] = [0, 0, 0];
  const sums = (): Use => ({ heldBytes, cpuSeconds, tasks: all.length + furtherThreads });
  for (const pid of all) {
    const { bytes, ticks, threads } = useOf(`/proc/${pid}`);
    heldBytes += bytes;
    furtherThreads += Math.max(0, threads - 1);
    cpuSeconds = Math.max(cpuSeconds, ticks / ticksPerSecond);
    yield sums();
    if (threads === 1) all.push(...childrenOf(pid));
    if (threads <= 1) continue;
    // A process may continue after its first thread has ended. Then only its other threads show its memory.
    if (bytes === 0)
      for (const thread of threadsOf(pid)) {
        const held = useOf(`/proc/${pid}/task/${thread}`).bytes;
        heldBytes += held;
        yield sums();
        if (held > 0) break;
      }
    if (!mayFork) continue;
    for (const thread of threadsOf(pid)) {
      all.push(...childrenOf(pid, thread));
      yield sums();
    }
  }
  return sums();
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

/** Returns the children of one thread; by default of the first thread, which is the only one of most programs. */
export function childrenOf(pid: number, thread: number | string = pid): number[] {
  return read(`/proc/${pid}/task/${thread}/children`)
    .split(' ')
    .map(Number)
    .filter((child) => child > 0);
}

/**
 * Reads fields 14 and 15 (ticks), 20 (threads) and 24 (resident pages) of the `stat` of a process or thread.
 * The name in field 2 may hold any character, so the fields are counted from the name's end. All are 0 if
 * there is no such process. `bytes` is 0 for a thread that has ended.
 */
function useOf(directory: string): { ticks: number; threads: number; bytes: number } {
  const stat = read(`${directory}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const field = (number: number): number => Number(fields[number - 3] ?? 0);
  const mapped = field(24) * pageBytes + tableBytesOf(directory);
  const threads = field(20);
  const bytes = mapped === 0 ? 0 : mapped + threads * bytesOfThread;
  return { ticks: field(14) + field(15), threads, bytes };
}

/**
 * Returns the size of a process's page tables. Newer kernels show all levels in `VmPTE`, and older ones show
 * the upper levels in `VmPMD` and `VmPUD`.
 */
function tableBytesOf(directory: string): number {
  const sizes = read(`${directory}/status`).matchAll(/^Vm(?:PTE|PMD|PUD):\s+(\d+) kB$/gm);
  return [...sizes].reduce((sum, [, size]) => sum + Number(size) * 1_024, 0);
}

/** Finds the threads of a process. Reads their list piece by piece, because a process may have many. */
function* threadsOf(pid: number): Generator<string> {
  let list: Dir | undefined;
  try {
    list = opendirSync(`/proc/${pid}/task`);
    for (let one = list.readSync(); one !== null; one = list.readSync()) yield one.name;
  } catch {
    // The process is gone.
  } finally {
    list?.closeSync();
  }
}

/** The size of a page of memory, which is entry 6 of each program's auxiliary vector. */
const pageBytes = readPageBytes();

function readPageBytes(): number {
  try {
    const words = new BigUint64Array(new Uint8Array(readFileSync('/proc/self/auxv')).buffer);
    const at = words.findIndex((word, index) => index % 2 === 0 && word === 6n);
    return at === -1 ? 4_096 : Number(words[at + 1]);
  } catch {
    return 4_096;
  }
}
