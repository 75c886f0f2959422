import { describe, expect, test, vi } from 'vitest';
import type { PluginExitError } from '../../src/index.ts';
import { failure, noSignals, plugin } from '../support/life.ts';

describe('a plugin whose session is lost while its process runs on', () => {
  test('causes an error that says how the plugin broke the protocol', async () => {
    const warn = vi.fn();
    const noise = '1|pipe|3,4\\nnot a frame at all';
    const client = plugin('says-a-line', { logger: { warn } }, noise, 'ignores-eof');
    const error = await failure<PluginExitError>((await client.client()).dispense('greeter'));
    const lost = error.cause as PluginExitError;
    expect(lost.code).toBe('PLUGIN_LOST');
    expect(lost.message).toMatch(/broke the protocol on its pipe \(.*expected a yamux frame of version 0/);
    expect(lost.message).not.toContain('closed');
    await client.exit;
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('broke the protocol'), expect.anything());
  });

  test('causes an error that mentions the fault and the exit, if the plugin broke the protocol and then exited', async () => {
    const warn = vi.fn();
    const client = plugin('says-a-line', { logger: { warn } }, '1|pipe|3,4\\nnot a frame at all');
    const error = await failure<PluginExitError>((await client.client()).dispense('greeter'));
    const lost = error.cause as PluginExitError;
    expect(lost.code).toBe('PLUGIN_EXITED');
    expect(lost.message).toMatch(
      /broke the protocol on its pipe \(.*expected a yamux frame of version 0.*\), and exited with exit code 0 after/,
    );
    await client.exit;
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('broke the protocol'), expect.anything());
  });

  test('causes an error that mentions the closed pipe, if the plugin closed it', async () => {
    const client = plugin('says-a-line', {}, '1|pipe|3,4\\n', 'ignores-eof', 'closes-4');
    const error = await failure<PluginExitError>((await client.client()).dispense('greeter'));
    const lost = error.cause as PluginExitError;
    expect(lost.code).toBe('PLUGIN_LOST');
    expect(lost.message).toMatch(/closed its pipe \(.*the transport ended/);
    expect(lost.message).not.toContain('protocol');
  });
});

const ended = 'a plugin that another process ends by a signal during kill() has a report with by: plugin';
test.skipIf(noSignals)(`${ended}${noSignals}`, async () => {
  const client = plugin('says-a-line', { gracePeriod: 5_000 }, '1|pipe|3,4\\n');
  await client.client();
  const killing = client.kill();
  process.kill(client.pid as number, 'SIGKILL');
  expect(await killing).toMatchObject({ signal: 'SIGKILL', by: 'plugin', outOfMemory: false });
});
