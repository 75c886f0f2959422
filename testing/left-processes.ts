/** Finds the processes that a test file started and did not end. */
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const variable = 'STARTED_BY_TEST_FILE';

/**
 * Marks all processes that this thread starts from now on with an environment variable. The children of these
 * processes inherit the variable.
 */
export function markChildren(): void {
  process.env[variable] = randomUUID();
}

export interface LeftProcess {
  readonly pid: number;
  readonly command: string;
}

/**
 * Returns the running processes with the mark. In the main thread, also returns all descendants of this
 * process. Without /proc, the list is empty.
 */
export function leftProcesses(): LeftProcess[] {
  const mark = `${variable}=${process.env[variable]}`;
  const parents = new Map(processIds().map((pid) => [pid, parentOf(pid)]));
  const isOurs = (pid: number): boolean => {
    for (let at = parents.get(pid); at !== undefined && at > 1; at = parents.get(at))
      // In a worker thread, a descendant of the process proves nothing, because another thread may have
      // started it.
      if (at === process.pid && isMainThread) return true;
    return read(pid, 'environ').split('\0').includes(mark);
  };
  return [...parents.keys()]
    .filter((pid) => pid !== process.pid && isOurs(pid))
    .map((pid) => ({ pid, command: read(pid, 'cmdline').split('\0').join(' ').trim() }))
    .filter(({ command }) => command !== '' && !isReaper(command));
}

/**
 * True for the command of pipework's reaper. A reaper lives as long as its host, and here the host is the
 * worker of the test file.
 */
const isReaper = (command: string): boolean => /^\S*sh -c\s+trap '' INT TERM HUP QUIT\s/.test(command);

function processIds(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

/**
 * Returns the id of the parent process. Returns undefined for a zombie, which is an ended process that its
 * parent has not reaped yet.
 */
function parentOf(pid: number): number | undefined {
  const [, state, parent] = /\) (\S) (\d+)/.exec(read(pid, 'stat')) ?? [];
  return state === 'Z' ? undefined : Number(parent);
}

function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${String(pid)}/${file}`, 'latin1');
  } catch {
    return '';
  }
}
