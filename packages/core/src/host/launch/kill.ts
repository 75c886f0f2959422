/** Sends signals to a process that this host has spawned, with or without its descendants. */

import { spawn, type ChildProcess } from 'node:child_process';

/** Sends `signal` to the child. Returns false if there was nothing left to signal. */
export function killChild(child: ChildProcess, signal: NodeJS.Signals): boolean {
  const { pid, exitCode, signalCode } = child;
  // Deno's `child.kill` sends only one signal to a child.
  if (!('Deno' in globalThis) || pid === undefined) return child.kill(signal);
  return exitCode === null && signalCode === null && process.kill(pid, signal);
}

/**
 * Sends `signal` to the process group that the child leads. Windows has no process groups. There, the child's
 * process tree is ended.
 */
export function killGroup(child: ChildProcess, signal: NodeJS.Signals): boolean {
  const { pid } = child;
  if (pid === undefined) return false;
  if (process.platform === 'win32') return killTree(child, pid);
  try {
    return process.kill(-pid, signal);
  } catch {
    // The group is gone already, as intended.
    return false;
  }
}

/**
 * Ends the child and its descendants. Returns false if the child is gone, because Windows then no longer
 * knows its descendants.
 */
function killTree(child: ChildProcess, pid: number): boolean {
  if (child.exitCode !== null || child.signalCode !== null) return false;
  const killer = spawn('taskkill', ['/pid', String(pid), '/T', '/F'], { stdio: 'ignore', windowsHide: true });
  const killAlone = (): void => void child.kill('SIGKILL');
  killer.on('error', killAlone);
  killer.on('exit', (code) => {
    if (code !== 0) killAlone();
  });
  killer.unref();
  return true;
}
