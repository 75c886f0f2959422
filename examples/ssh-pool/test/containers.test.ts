// These tests need a container engine or a pod. By default, they use `docker` with the image `node:22-slim`,
// and no pod. These variables change the defaults:
//   PIPEWORK_CONTAINER_ENGINE  docker, or podman
//   PIPEWORK_CONTAINER_RUN     options of `run`, and the image, which must have Node and this repository at their paths here
//   PIPEWORK_POD               options of `kubectl exec`, and the pod, which must have the same
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Client, type Launcher } from '@pipework/core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { overDocker, overKubectl } from '../src/containers.ts';

interface Remote {
  pids(): Promise<{ plugin: number; parent: number }>;
  env(): Promise<Record<string, string>>;
  exit(code: number): Promise<never>;
  hang(): Promise<never>;
}

const program = fileURLToPath(new URL('fixtures/remote.mjs', import.meta.url));
const root = fileURLToPath(new URL('../../..', import.meta.url));
const image = 'node:22-slim';

const {
  PIPEWORK_CONTAINER_ENGINE: engine = 'docker',
  PIPEWORK_CONTAINER_RUN: run,
  PIPEWORK_POD: pod,
} = process.env;

function whyNoContainer(): string | undefined {
  if (run !== undefined) return undefined;
  if (process.env['PIPEWORK_SEALED'] === '1') return 'sealed: a container engine needs sockets';
  const { status } = spawnSync(engine, ['image', 'inspect', image], { timeout: 10_000 });
  return status === 0 ? undefined : `needs ${engine} with ${image}`;
}

function start(launcher: Launcher, node: string): Client<{ remote: Remote }> {
  const client = new Client<{ remote: Remote }>({
    cmd: [node, program],
    name: 'contained',
    launcher,
    env: { set: { GIVEN: 'it\'s "this"', SECRET: 'stays here' } },
    gracePeriod: 10_000,
  });
  onTestFinished(async () => void (await client.kill()));
  return client;
}

/** Registers the tests for one way of starting the plugin. `node` is Node's path where the plugin runs. */
function testLauncher(launcher: Launcher, node: string): void {
  test('can be called, has only the named variables of the host, and ends when the host asks it to', async () => {
    const client = start(launcher, node);
    const remote = await (await client.client()).dispense('remote');
    const env = await remote.env();
    expect(env).toMatchObject({ GIVEN: 'it\'s "this"' });
    expect(env).not.toHaveProperty('SECRET');
    // The container engine may still be cleaning up when the first steps of `kill()` reach their time limits.
    // So a later step may end the plugin, but not SIGKILL, the last one.
    expect((await client.kill()).by).not.toBe('sigkill');
  });

  test('that exits by itself reports its own code', async () => {
    const client = start(launcher, node);
    const remote = await (await client.client()).dispense('remote');
    await expect(remote.exit(3)).rejects.toThrow('code 3');
    expect(await client.exit).toMatchObject({ code: 3, by: 'plugin' });
  });

  test('is lost if the program between host and plugin is killed', async () => {
    const client = start(launcher, node);
    const remote = await (await client.client()).dispense('remote');
    const call = remote.hang();
    call.catch(() => {});
    process.kill(client.pid!, 'SIGKILL');
    await expect(call).rejects.toMatchObject({ sent: true });
    expect(await client.exit).toMatchObject({ signal: 'SIGKILL', by: 'plugin' });
  });
}

/** The label by which the test finds its containers. */
const label = `pipework-test=${process.pid}`;

const why = whyNoContainer();
describe.skipIf(why !== undefined)(
  `a plugin in a container${why === undefined ? '' : ` (SKIPPED: ${why})`}`,
  () => {
    const options = ['--label', label, ...(run?.split(' ') ?? ['-v', `${root}:${root}:ro`, image])];
    const node = run === undefined ? 'node' : process.execPath;
    testLauncher(overDocker({ engine, run: options, env: ['GIVEN', 'ABSENT'] }), node);

    test('leaves no container behind', async () => {
      const left = (): string =>
        spawnSync(engine, ['ps', '-aq', '--filter', `label=${label}`], { encoding: 'utf8' }).stdout;
      await expect.poll(left, { interval: 500 }).toBe('');
    });
  },
);

const noPod = pod === undefined ? ' (SKIPPED: needs a pod, in PIPEWORK_POD)' : '';
describe.skipIf(pod === undefined)(`a plugin in a pod${noPod}`, () => {
  testLauncher(overKubectl({ pod: pod?.split(' ') ?? [], env: ['GIVEN', 'ABSENT'] }), 'node');
});
