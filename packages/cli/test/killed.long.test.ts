// Tests that a command which dies by SIGKILL leaves no plugin behind, even if the plugin never reads its pipe.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { bin, root, skipped } from './support/run.ts';

const noProc = process.platform === 'linux' ? undefined : 'reads /proc';

const commands = {
  'pipework describe': [bin, 'describe'],
  'pipework conformance': [bin, 'conformance', '--only', 'writes one handshake line'],
  'pipework-conformance': [
    join(root, 'packages/testkit/dist/pipework-conformance.js'),
    ...['--only', 'writes one handshake line'],
  ],
};

/** A plugin that never reads its pipe. It writes its process id to a file. */
const deaf = ['sh', '-c', 'echo $$ > "$PID_FILE"; exec sleep 300'];

const plugins = {
  'starts by itself': deaf,
  'is in a session of its own behind a wrapper': ['setsid', '--fork', '--wait', ...deaf],
};

const read = (file: string): string => {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
};

/** True if the process runs. A zombie is a process that has ended. */
const isAlive = (pid: number): boolean => /\) [^Z] /.test(read(`/proc/${pid}/stat`));

/** Returns the command lines of the children of a process. */
const childrenOf = (pid: number): string[] =>
  read(`/proc/${pid}/task/${pid}/children`)
    .split(' ')
    .filter(Boolean)
    .map((id) => read(`/proc/${id}/cmdline`));

test
  .skipIf(noProc !== undefined)
  .each(
    Object.entries(commands).flatMap(([name, command]) =>
      Object.entries(plugins).map(([what, plugin]) => ({ name, command, what, plugin })),
    ),
  )(`SIGKILL of \`$name\` ends a deaf plugin that $what${skipped(noProc)}`, async ({ command, plugin }) => {
  const folder = mkdtempSync(join(tmpdir(), 'pipework-killed-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'pid');
  const child = spawn(process.execPath, [...command, '--', ...plugin], {
    stdio: 'ignore',
    env: { ...process.env, PID_FILE: file },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  await expect.poll(() => read(file)).toMatch(/^\d+\n$/);
  const pid = Number(read(file));
  onTestFinished(() => {
    if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  });
  // The command starts the reaper when the plugin runs.
  const isWatched = (): boolean => childrenOf(child.pid ?? 0).some((one) => one.includes('pipework-reaper'));
  await expect.poll(isWatched).toBe(true);
  child.kill('SIGKILL');
  await expect(() => !isAlive(pid), 'the plugin is gone').toHappenWithin(1_000);
});
