/**
 * The reaper: one small process beside each host, which ends the plugins that outlive the host.
 *
 * A plugin exits when descriptor 3 ends. If the plugin's event loop is blocked, the plugin never sees that
 * end. Therefore a `/bin/sh` reads process ids from a pipe that only the host holds. The pipe ends with the
 * host. The shell waits another 0.7 s, and kills those plugins that still exist under the same identity. The
 * reaper starts after the first plugin, takes 3.5 ms to start, and uses 1.7 MB. If the reaper dies, another
 * replaces it immediately. Without `/bin/sh`, or if processes cannot be distinguished, there is no reaper,
 * and a warning reports this. A plugin then only sees the end of descriptor 3. Windows needs no reaper,
 * because Node puts the host's children into a job that ends with the host.
 */

import { spawn, type ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import { clock, realTimers } from '../../base/timers.ts';
import { holdersOf, type PipeName } from '../launch/pipe-name.ts';
import { identification, identify, reaperScript, type Identification } from './reaper-script.ts';

interface Watched {
  readonly birth: string;
  readonly group: boolean;
  /** The plugin's end of its pipe, if it can be recognised. */
  readonly pipe: PipeName | undefined;
}

/** A reaper that lived for less than this, in milliseconds, died quickly. */
const quicklyMs = 1_000;
/**
 * After this many quick deaths in a row, the next reaper is delayed. So the host loses little time if another
 * process kills every reaper.
 */
const maxQuickDeaths = 5;
/**
 * The delay of the next reaper, after too many quick deaths or after a failed start of a reaper, in
 * milliseconds.
 */
const pauseMs = 1_000;

const watched = new Map<number, Watched>();
/** The ids in {@link watched} that {@link watchHolders} has entered. */
const holders = new Set<number>();
let reaper: ChildProcess | undefined;
let quickDeaths = 0;
let isPausing = false;
let isUnavailable = process.platform === 'win32';
let mode: Identification | undefined;

/**
 * True if a reaper runs. The reaper kills the plugins that ignore SIGTERM, so managed plugins may get SIGTERM
 * instead of SIGKILL when the host exits.
 */
export function isReaping(): boolean {
  return reaper !== undefined;
}

/**
 * Registers a process, so that the reaper kills it if it outlives this host. The reaper also kills every
 * other process that holds `pipe`. Call this right after the spawn, while the id certainly belongs to the
 * process.
 */
export function watch(pid: number, group: boolean, pipe: PipeName | undefined): void {
  if (isUnavailable || isNeedless()) return;
  mode ??= identification();
  if (mode === undefined) {
    return giveUp(
      process.platform === 'linux'
        ? 'there is no /proc that shows its own process ids'
        : 'there is neither /proc nor ps',
    );
  }
  const entry = entryOf(pid, group, pipe);
  if (entry !== undefined) enter(pid, entry);
}

/**
 * Called when a process has ended but other processes still hold its pipe. Registers these holders, so that
 * the reaper kills them if they outlive this host.
 */
export function watchHolders(pipe: PipeName): void {
  if (isUnavailable || isNeedless()) return;
  forgetEndedHolders();
  for (const pid of holdersOf(pipe)) {
    const birth = identify(pid)?.birth ?? '';
    if (birth === '' || watched.has(pid)) continue;
    enter(pid, { birth, group: false, pipe });
    holders.add(pid);
  }
}

/**
 * Stops watching the holders that have ended. The host did not start these processes, so it gets no event
 * when one ends.
 */
function forgetEndedHolders(): void {
  for (const pid of holders) {
    if (identify(pid)?.birth !== watched.get(pid)?.birth) unwatch(pid);
  }
}

function enter(pid: number, entry: Watched): void {
  watched.set(pid, entry);
  // The reaper is started after the first plugin. A plugin takes ten times as long to start as the reaper, so
  // the reaper's start delays nothing.
  if (reaper === undefined) start();
  else tell(line(pid, entry));
}

/**
 * Stops watching a process. Must be called when the process has ended, because its id may soon belong to
 * another process.
 */
export function unwatch(pid: number): void {
  holders.delete(pid);
  if (watched.delete(pid) && reaper !== undefined) tell(`- ${pid}\n`);
}

/**
 * True if this host is process 1 of a namespace. When that process ends, the kernel kills all others in the
 * namespace, so no reaper is needed.
 */
function isNeedless(): boolean {
  return process.platform === 'linux' && process.pid === 1;
}

/**
 * Returns the entry of a process. Undefined if a launcher made up the id, or if the process is not a child of
 * this host. In both cases the reaper must not kill the process.
 */
function entryOf(pid: number, group: boolean, pipe: PipeName | undefined): Watched | undefined {
  // The reaper itself asks ps for the start time and the parent, so the host passes no start time.
  if (mode === 'ps') return { birth: '?', group, pipe: undefined };
  const identity = identify(pid);
  if (identity === undefined || identity.parent !== process.pid || identity.birth === '') return undefined;
  return { birth: identity.birth, group, pipe };
}

function start(): void {
  if (reaper !== undefined || isUnavailable || isPausing || watched.size === 0) return;
  const child = spawnShell();
  if (child === undefined) return pause();
  const began = clock();
  reaper = child;
  const lost = (): void => {
    if (reaper !== child) return;
    reaper = undefined;
    quickDeaths = clock() - began < quicklyMs ? quickDeaths + 1 : 0;
    // The reaper was killed. The next reaper gets every plugin again.
    if (quickDeaths > maxQuickDeaths) pause();
    else start();
  };
  child.on('error', (error: NodeJS.ErrnoException) => {
    // If descriptors or memory ran out, the next attempt may work.
    if (error.code === 'ENOENT' || error.code === 'EACCES') giveUp(`/bin/sh cannot be run (${error.code})`);
    lost();
  });
  child.on('exit', lost);
  child.stdin?.on('error', lost);
  child.unref();
  // A pipe of Bun has no unref().
  (child.stdin as Partial<Socket> | null)?.unref?.();
  if (mode === 'ps') tell([...watched].map(([pid, entry]) => line(pid, entry)).join(''));
}

/** Starts another reaper after `pauseMs`. */
function pause(): void {
  if (isPausing) return;
  isPausing = true;
  realTimers
    .setTimeout(() => {
      isPausing = false;
      start();
    }, pauseMs)
    .unref();
}

/** Stops watching plugins for the rest of the host's life, and warns of this. */
function giveUp(why: string): void {
  isUnavailable = true;
  watched.clear();
  process.emitWarning(
    `a plugin whose event loop is blocked may outlive this host: plugins are not watched, because ${why}`,
    'PipeworkWarning',
  );
}

function spawnShell(): ChildProcess | undefined {
  try {
    const known = [...watched].map(([pid, entry]) => [pid, ...fields(entry)].join(':'));
    const args = ['-c', reaperScript, 'pipework-reaper', mode ?? 'proc', ...(mode === 'ps' ? [] : known)];
    return spawn('/bin/sh', args, {
      stdio: ['pipe', 'ignore', 'ignore'],
      // The reaper gets its own terminal session, so that Ctrl-C or a closed terminal does not end it.
      detached: true,
      cwd: '/',
      env: { PATH: '/usr/bin:/bin' },
    });
  } catch {
    // Some shortages of the system make spawn() throw. The plugin runs nevertheless.
    return undefined;
  }
}

function tell(text: string): void {
  reaper?.stdin?.write(text);
}

function line(pid: number, entry: Watched): string {
  return `+ ${[pid, ...fields(entry)].join(' ')}\n`;
}

function fields({ birth, group, pipe }: Watched): (string | number)[] {
  return [birth, group ? 1 : 0, pipe ?? '-'];
}
