/**
 * The reaper: one small process beside each host, which ends plugins that outlive it.
 *
 * A plugin leaves by itself when descriptor 3 ends. One whose event loop is blocked never sees that. So a `/bin/sh`
 * reads process ids from a pipe that only the host holds; when the host goes, by whatever death, the pipe ends, and
 * 0.7 s later it kills those plugins that are still there, and still themselves. It costs 3.5 ms to start, after the
 * first plugin has been, and 1.7 MB. Where there is no `/bin/sh` (Windows), end of file is all a plugin gets.
 */

import { spawn, type ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import { identify, reaperScript } from './reaper-script.ts';

interface Watched {
  readonly birth: string;
  readonly group: boolean;
}

const watched = new Map<number, Watched>();
let reaper: ChildProcess | undefined;
let unavailable = process.platform === 'win32';

/** True where plugins of this host are reaped: managed ones may then be asked politely when the host exits. */
export function isReaping(): boolean {
  return reaper !== undefined;
}

/** From now on the process must not outlive this host. Call it right after the spawn, while the id is surely the process's own. */
export function watch(pid: number, group: boolean): void {
  const { birth, parent } = identify(pid);
  // An id that a launcher made up, or that is no child of this host, is nobody's to kill.
  if (parent !== undefined && parent !== process.pid) return;
  const entry = { birth, group };
  watched.set(pid, entry);
  // Started behind the first spawn, not before it: the plugin takes ten times as long to get ready, so this delays nothing.
  if (reaper === undefined) start();
  else tell(line(pid, entry));
}

/** The process has ended: its id may mean another one soon. */
export function unwatch(pid: number): void {
  if (watched.delete(pid) && reaper !== undefined) tell(`- ${pid}\n`);
}

function start(): void {
  if (reaper !== undefined || unavailable || watched.size === 0) return;
  const child = spawnShell();
  if (child === undefined) return;
  reaper = child;
  const lost = (): void => {
    if (reaper === child) reaper = undefined;
  };
  child.on('error', (error: NodeJS.ErrnoException) => {
    // For want of descriptors or memory it may work the next time.
    if (error.code === 'ENOENT' || error.code === 'EACCES') unavailable = true;
    lost();
  });
  // Somebody killed it: the next start makes another, which hears of every plugin anew.
  child.on('exit', lost);
  child.stdin?.on('error', lost);
  child.unref();
  // Bun's has no such method.
  (child.stdin as Partial<Socket> | null)?.unref?.();
  tell([...watched].map(([pid, entry]) => line(pid, entry)).join(''));
}

function spawnShell(): ChildProcess | undefined {
  try {
    return spawn('/bin/sh', ['-c', reaperScript], {
      stdio: ['pipe', 'ignore', 'ignore'],
      // A session of its own: a Ctrl-C or a closed terminal is for the host to answer.
      detached: true,
      cwd: '/',
      env: { PATH: '/usr/bin:/bin' },
    });
  } catch {
    // Some shortages throw. The plugin runs all the same, and the next start tries again.
    return undefined;
  }
}

function tell(text: string): void {
  reaper?.stdin?.write(text);
}

function line(pid: number, entry: Watched): string {
  return `+ ${pid} ${entry.birth} ${entry.group ? 1 : 0}\n`;
}
