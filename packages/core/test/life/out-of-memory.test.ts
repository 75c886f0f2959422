/**
 * Tests a plugin that the kernel kills because memory ran out. The test needs the rights to make a control
 * group.
 */

import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { failure, fixture, plugin, until } from '../support/life.ts';

interface Group {
  readonly directory: string;
  readonly limits: readonly string[];
}

/** Makes a control group below the group of this process. Returns undefined if the rights are missing. */
function makeGroup(): Group | undefined {
  try {
    const lines = readFileSync('/proc/self/cgroup', 'utf8').split('\n');
    const first = lines.find((line) => line.includes(':memory:'));
    const isFirst = first !== undefined;
    const own = first?.split(':')[2] ?? lines.find((line) => line.startsWith('0::'))?.slice(3) ?? '';
    const directory = `/sys/fs/cgroup${isFirst ? '/memory' : ''}${own}/pipework-test-${process.pid}`;
    mkdirSync(directory);
    const limits = isFirst ? ['memory.limit_in_bytes'] : ['memory.max', 'memory.swap.max'];
    if (limits.every((name) => existsSync(`${directory}/${name}`))) return { directory, limits };
    rmdirSync(directory);
    return undefined;
  } catch {
    return undefined;
  }
}

const group = makeGroup();

const noGroup = group === undefined ? ' (SKIPPED: needs permission to make a control group)' : '';

test.skipIf(noGroup)(`a kill by the kernel is reported as a lack of memory${noGroup}`, async () => {
  const { directory, limits } = group as Group;
  const [limit = '', ...others] = limits;
  writeFileSync(`${directory}/${limit}`, String(96 * 1024 * 1024));
  for (const name of others) writeFileSync(`${directory}/${name}`, '0');
  const script = `echo $$ > ${directory}/cgroup.procs; exec "$@"`;
  const client = plugin('makes-trouble', {
    cmd: ['/bin/sh', '-c', script, 'sh', process.execPath, fixture('makes-trouble')],
  });
  onTestFinished(async () => {
    await client.kill();
    await until(() => readFileSync(`${directory}/cgroup.procs`, 'utf8') === '');
    rmdirSync(directory);
  });
  const trouble = (await (await client.client()).dispense('trouble')) as unknown as {
    fillBuffers(): Promise<void>;
  };
  const error = await failure<Error & { cause: Error }>(trouble.fillBuffers());
  expect(error.cause.message).toContain('exited with signal SIGKILL, probably because the memory ran out');
  expect(await client.exit).toMatchObject({ signal: 'SIGKILL', by: 'plugin', outOfMemory: true });
});
