// Uses strace to record a command's system calls for the network and for files.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Returns why this machine cannot trace, or undefined if it can. */
export function whyNotTraced() {
  const { status, error, stderr } = spawnSync('strace', ['-f', 'true'], { encoding: 'utf8' });
  if (error) return `strace does not start (${error.message})`;
  return status === 0 ? undefined : `strace may not trace here: ${stderr.trim().split('\n').at(-1)}`;
}

/**
 * Runs a command with all its children under strace. Returns the command's status and output, and two further
 * fields. `calls` counts the network calls by name. `made` has the lines of the trace in which a call
 * creates, links or renames a file or directory.
 */
export function trace(command) {
  const folder = mkdtempSync(join(tmpdir(), 'pipework-trace-'));
  const log = join(folder, 'calls');
  try {
    const run = spawnSync('strace', ['-f', '-qq', '-e', 'trace=%network,%file', '-o', log, ...command], {
      encoding: 'utf8',
    });
    const lines = readFileSync(log, 'utf8').split('\n');
    const calls = {};
    const made = [];
    for (const line of lines) {
      const call = /^\d+\s+(\w+)\(/.exec(line)?.[1];
      if (call === undefined) continue;
      if (networkCalls.has(call)) calls[call] = (calls[call] ?? 0) + 1;
      if (making.has(call) || (/^(open|openat|openat2)$/.test(call) && line.includes('O_CREAT')))
        made.push(line);
    }
    return { status: run.status, stdout: run.stdout, stderr: run.stderr, calls, made };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const networkCalls = new Set(
  'socket socketpair connect bind listen accept accept4 getsockname getpeername getsockopt setsockopt shutdown send sendto sendmsg sendmmsg recv recvfrom recvmsg recvmmsg'.split(
    ' ',
  ),
);
const making = new Set(
  'creat mkdir mkdirat mknod mknodat link linkat symlink symlinkat rename renameat renameat2'.split(' '),
);

/** The calls by which two processes can connect although neither started the other. */
export const reaching = ['socket', 'connect', 'bind', 'listen', 'accept', 'accept4', 'sendto', 'recvfrom'];
