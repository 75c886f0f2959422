// Starts and ends the child processes of the peers.
import { fork, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export const pathOf = (url, base) => fileURLToPath(new URL(url, base));

/**
 * Starts a Node child with two pipes in addition to stdin, stdout and stderr. The child reads descriptor 3
 * and writes descriptor 4.
 */
export function spawnWithPipes(script) {
  const child = spawn(process.execPath, [script], {
    stdio: ['ignore', 'inherit', 'inherit', 'pipe', 'pipe'],
  });
  const [, , , down, up] = child.stdio;
  return { child, down, up, pids: [child.pid], close: () => end(child, () => down.destroy()) };
}

/**
 * Returns the child's ends of the two pipes that the host opened. The child ends when its host does. With
 * `lends`, all chunks share one buffer. The next chunk overwrites it after the listener has returned. The
 * floor uses `lends`, because this is the fastest way to read in Node.
 */
export function childPipes({ lends = false } = {}) {
  const buffer = Buffer.allocUnsafeSlow(64 * 1024);
  const callback = (bytes) => readable.emit('data', buffer.subarray(0, bytes));
  const onread = lends ? { buffer, callback } : undefined;
  const readable = new Socket({ fd: 3, readable: true, writable: false, onread });
  const writable = new Socket({ fd: 4, readable: false, writable: true });
  readable.on('end', () => process.exit());
  readable.on('error', () => process.exit());
  writable.on('error', () => process.exit());
  return { readable, writable };
}

export function spawnWithStdio(script) {
  const child = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  return { child, pids: [child.pid], close: () => end(child, () => child.stdin.destroy()) };
}

export function forkChild(script, serialization) {
  const child = fork(script, { serialization });
  return { child, pids: [child.pid], close: () => end(child, () => child.disconnect()) };
}

/** Calls `ask`, which asks the child to end. Kills the child if it has not ended within a second. */
export async function end(child, ask) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  ask();
  const timer = setTimeout(() => child.kill('SIGKILL'), 1000);
  await exited;
  clearTimeout(timer);
}
