/** Tests of `endWithHost()`, by which a process that no client has started ends when its host is killed. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { isAlive, noProc, until } from '../support/life.ts';

const folder = fileURLToPath(new URL('../..', import.meta.url));

/** Runs a host that registers a shell with a child. Resolves to the ids of the host, the shell and the child. */
async function host(then: string): Promise<{ host: number; shell: number; child: number }> {
  const program = `
    import { spawn } from 'node:child_process';
    import { endWithHost } from '@pipework/core';
    const shell = spawn('/bin/sh', ['-c', 'sleep 300 & echo $!; wait'], { detached: true });
    const ending = endWithHost(shell);
    shell.stdout.once('data', (text) => {
      ${then}
      console.log(JSON.stringify({ host: process.pid, shell: shell.pid, child: Number(text) }));
    });
  `;
  const { stdout } = spawn(process.execPath, ['--input-type=module', '-e', program], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(stdout, 'data')) as [Buffer];
  const ids = JSON.parse(String(line)) as { host: number; shell: number; child: number };
  onTestFinished(() => {
    for (const id of Object.values(ids)) if (isAlive(id)) process.kill(id, 'SIGKILL');
  });
  return ids;
}

/** Resolves to the id of the host's reaper. */
async function reaperOf(id: number): Promise<number> {
  let reaper: string | undefined;
  await until(() => {
    const children = readFileSync(`/proc/${id}/task/${id}/children`, 'utf8').split(' ').filter(Boolean);
    reaper = children.find((one) =>
      readFileSync(`/proc/${one}/cmdline`, 'latin1').includes('pipework-reaper'),
    );
    return reaper !== undefined;
  });
  return Number(reaper);
}

test.skipIf(noProc)(
  `endWithHost() ends a process and its group when its host is killed${noProc}`,
  async () => {
    const ids = await host('');
    await reaperOf(ids.host);
    process.kill(ids.host, 'SIGKILL');
    await expect(() => !isAlive(ids.shell), 'the process is gone').toHappenWithin(1_000);
    await expect(() => !isAlive(ids.child), 'its child is gone').toHappenWithin(1_000);
  },
);

test.skipIf(noProc)(
  `a process outlives its host if the host has disposed of the result of endWithHost()${noProc}`,
  async () => {
    const ids = await host('ending[Symbol.dispose](); ending[Symbol.dispose]();');
    const reaper = await reaperOf(ids.host);
    process.kill(ids.host, 'SIGKILL');
    await until(() => !isAlive(reaper));
    expect([isAlive(ids.shell), isAlive(ids.child)]).toEqual([true, true]);
  },
);
