/**
 * Tests of signals to a plugin, to its host, and to both at the same time. The host, not a signal, must
 * decide when a plugin ends.
 */

import { execFileSync, spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { host } from '../support/hosts.ts';
import {
  Collector,
  failure,
  fixture,
  isAlive,
  isWindows,
  killedBySignal,
  noSignals,
  plugin,
  until,
} from '../support/life.ts';

describe.skipIf(noSignals)(`a plugin whose host still runs${noSignals}`, () => {
  test.each(['SIGINT', 'SIGHUP', 'SIGTERM'] as const)('continues to serve after a %s', async (signal) => {
    const stdout = new Collector();
    const client = plugin('shuts-down-slowly', { syncStdout: stdout }, '0');
    const rpc = await client.client();
    const trouble = await rpc.dispense('trouble');
    const running = trouble.block(100);
    process.kill(client.pid as number, signal);
    await running;
    await trouble.block(1);
    await rpc.dispense('trouble');
    expect(stdout.text).toBe('the call ended\nthe call ended\n');
    expect(await client.kill()).toMatchObject({ code: 0, signal: null, by: 'quit' });
    expect(stdout.text).toContain('shutting down\nshut down\nserved\nlast words\n');
  });

  test('leaves at a second SIGTERM, and runs its shutdown hook first', async () => {
    const stdout = new Collector();
    const client = plugin('shuts-down-slowly', { syncStdout: stdout }, '20');
    const rpc = await client.client();
    process.kill(client.pid as number, 'SIGTERM');
    // When the ping is answered, the plugin has handled the first signal.
    await rpc.ping();
    process.kill(client.pid as number, 'SIGTERM');
    await expect(client.exit, 'the end of a plugin that got two SIGTERM').toHappenWithin(1_500);
    expect(await client.exit).toMatchObject({ code: 0, signal: null, by: 'plugin' });
    expect(stdout.text).toContain('shutting down\nshut down\n');
  });

  test('leaves at a second SIGTERM even if its shutdown hook takes longer than the host’s grace period', async () => {
    const client = plugin('shuts-down-slowly', {}, '60000');
    const rpc = await client.client();
    process.kill(client.pid as number, 'SIGTERM');
    await rpc.ping();
    process.kill(client.pid as number, 'SIGTERM');
    await expect(client.exit, 'the end of a plugin whose hook takes long').toHappenWithin(2_000);
    expect(await client.exit).toMatchObject({ code: 0, by: 'plugin' });
  });

  test('shuts down some time after a first SIGTERM, even if its host sends no Quit', async () => {
    const stdout = new Collector();
    const client = plugin('greets', {
      cmd: [process.execPath, '--import', fixture('hurries-long-timers'), fixture('shuts-down-slowly'), '0'],
      syncStdout: stdout,
    });
    await client.client();
    process.kill(client.pid as number, 'SIGTERM');
    expect(await client.exit).toMatchObject({ code: 0, signal: null, by: 'plugin' });
    expect(stdout.text).toContain('shutting down\nshut down\n');
  });

  test('leaves as soon as its host ends, also after a SIGTERM', async () => {
    const it = await host('idle', 'shuts-down-slowly', { args: ['10'] });
    await it.next();
    process.kill(it.plugin, 'SIGTERM');
    it.process.kill('SIGKILL');
    await until(() => !isAlive(it.plugin));
  });
});

describe.skipIf(noSignals)(`a signal to the whole process group${noSignals}`, () => {
  test.each(['SIGTERM', 'SIGHUP', 'SIGINT'] as const)('lets the host drain first: %s', async (signal) => {
    const it = await host('ctrl-c-draining', 'shuts-down-slowly', { args: ['0', '700'], isLeader: true });
    expect(await it.next()).toEqual({ ready: true });
    process.kill(-it.pid, signal);
    expect(await it.next()).toEqual({ signal });
    expect(await it.next()).toEqual({ answered: true });
    expect(await it.next()).toEqual({ by: 'quit', code: 0 });
    expect(await it.exited).toEqual({ code: null, signal });
    expect(isAlive(it.plugin)).toBe(false);
  });

  test('counts as one signal, even if a closing terminal sends SIGHUP twice', async () => {
    const it = await host('ctrl-c-draining', 'shuts-down-slowly', { args: ['0', '700'], isLeader: true });
    await it.next();
    process.kill(-it.pid, 'SIGHUP');
    expect(await it.next()).toEqual({ signal: 'SIGHUP' });
    process.kill(-it.pid, 'SIGHUP');
    expect(await it.next()).toEqual({ answered: true });
    expect(await it.next()).toEqual({ by: 'quit', code: 0 });
    expect(await it.exited).toEqual({ code: null, signal: 'SIGHUP' });
  });

  test('ends host and plugin if the host does not handle signals', async () => {
    const it = await host('idle', 'greets', { isLeader: true });
    await it.next();
    process.kill(-it.pid, 'SIGHUP');
    expect(await it.exited).toEqual({ code: null, signal: 'SIGHUP' });
    await until(() => !isAlive(it.plugin));
  });
});

const canUnshare =
  !isWindows && spawnSync('unshare', ['--pid', '--fork', '--kill-child', 'true']).status === 0;
const noNamespaces = canUnshare ? '' : ' (SKIPPED: needs unshare, and permission to make namespaces)';

describe.skipIf(noNamespaces)(`a host that is process 1 of a container${noNamespaces}`, () => {
  const behind = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'];
  test.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('ends when it gets %s', async (signal, code) => {
    const it = await host('ctrl-c', 'greets', { behind });
    await it.next();
    const child = execFileSync('ps', ['-o', 'pid=', '--ppid', String(it.pid)], { encoding: 'utf8' });
    process.kill(Number(child), signal);
    if (signal === 'SIGINT') expect(await it.next()).toEqual({ interrupted: true });
    expect(await it.exited).toEqual({ code, signal: null });
  });
});

test('a SIGKILL by another process is not reported as a lack of memory', async () => {
  const client = plugin('makes-trouble');
  const trouble = await (await client.client()).dispense('trouble');
  const hanging = failure<Error & { cause: Error }>(trouble.hang());
  process.kill(client.pid as number, 'SIGKILL');
  const { cause } = await hanging;
  expect(cause.message).toContain(`exited with ${isWindows ? 'exit code 1' : 'signal SIGKILL'}`);
  expect(cause.message).not.toContain('memory');
  expect(await client.exit).toMatchObject({ ...killedBySignal, by: 'plugin', outOfMemory: false });
});
