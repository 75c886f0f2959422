/**
 * Tests of wrappers that start the plugin as their child and pass descriptors 3 and 4 on, such as `timeout`,
 * `strace -f` or a Python script.
 */

import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Client, ClientConfig } from '../../src/index.ts';
import {
  Collector,
  enoughMs,
  failure,
  fixture,
  isAlive,
  noFork,
  plugin,
  until,
  type Fixtures,
} from '../support/life.ts';

const { execPath } = process;

function wrapped(program: string, config: Partial<ClientConfig> = {}): Client<Fixtures> {
  return plugin(program, {
    gracePeriod: 150,
    cmd: [execPath, fixture('wraps'), execPath, fixture(program)],
    ...config,
  });
}

/**
 * Makes a call that blocks the event loop of the plugin for a minute. Resolves to the plugin's process id.
 */
async function block(client: Client<Fixtures>): Promise<number> {
  const trouble = await (await client.client()).dispense('trouble');
  const pid = await trouble.pid();
  onTestFinished(() => {
    if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  });
  void failure(trouble.block(60_000));
  return pid;
}

describe.skipIf(noFork)(`a plugin under a wrapper that forks${noFork}`, () => {
  test('leaves when kill() asks it to, and nothing is left behind', async () => {
    const warn = vi.fn();
    const client = wrapped('greets', { logger: { warn }, gracePeriod: await enoughMs(2_000) });
    await client.client();
    expect(await client.kill()).toMatchObject({ code: 0, by: 'quit', leftBehind: false });
    expect(warn).not.toHaveBeenCalled();
  });

  test('outlives kill() if it is blocked, and the host’s warning names the option processGroup', async () => {
    const warn = vi.fn();
    const client = wrapped('makes-trouble', { logger: { warn } });
    const pid = await block(client);
    expect(await client.kill()).toMatchObject({ signal: 'SIGTERM', by: 'sigterm', leftBehind: true });
    expect(isAlive(pid)).toBe(true);
    const told = warn.mock.calls.map(([message]) => String(message));
    expect(told).toContainEqual(
      expect.stringMatching(
        `^process ${client.pid} is gone, but another one still holds its pipe .* with processGroup: true both end$`,
      ),
    );
  });

  test('ends with its process group, even if it is blocked', async () => {
    const warn = vi.fn();
    const client = wrapped('makes-trouble', { processGroup: true, logger: { warn } });
    const pid = await block(client);
    expect(await client.kill()).toMatchObject({ by: 'sigterm', leftBehind: false });
    await until(() => !isAlive(pid));
    expect(warn).not.toHaveBeenCalled();
  });

  test('leaves when the wrapper dies, and the errors of its calls mention that a process still holds the pipe', async () => {
    const client = wrapped('makes-trouble');
    const trouble = await (await client.client()).dispense('trouble');
    const pid = await trouble.pid();
    const hanging = failure<Error & { cause: Error }>(trouble.hang());
    process.kill(client.pid as number, 'SIGKILL');
    expect(await client.exit).toMatchObject({ signal: 'SIGKILL', by: 'plugin', leftBehind: true });
    const { cause } = await hanging;
    expect(cause.message).toMatch(/exited with signal SIGKILL .*another process still holds its pipe/);
    await until(() => !isAlive(pid));
  });

  test('is left behind if it never writes a handshake line and kill() ends the start, and a warning reports this', async () => {
    const warn = vi.fn();
    const stdout = new Collector();
    const script = 'console.log(process.pid); setInterval(() => {}, 1000)';
    const client = wrapped('never-greets', {
      cmd: [execPath, fixture('wraps'), execPath, '-e', script],
      logger: { warn },
      stdout,
    });
    const error = failure(client.start());
    await until(() => stdout.text.endsWith('\n'));
    const pid = Number(stdout.text);
    expect(pid).toBeGreaterThan(1);
    onTestFinished(() => {
      if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    });
    expect(await client.kill()).toMatchObject({ by: 'sigterm', leftBehind: true });
    expect((await error).code).toBe('PLUGIN_KILLED');
    expect(warn.mock.calls.map(([message]) => String(message))).toContainEqual(
      expect.stringContaining('still holds its pipe'),
    );
  });
});

test.each(['greets', 'never-greets', 'exits-before-handshake', 'closes-descriptor-4'])(
  'without a wrapper, the host does not report that %s has left a process behind',
  async (program) => {
    const client = plugin(program, { startTimeout: 1_000, gracePeriod: 150 });
    await client.start().catch(() => {});
    expect(await client.kill()).toMatchObject({ leftBehind: false });
  },
);
