// What pipework_plugin offers to plugins beyond answering calls.
import { once } from 'node:events';
import { Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { Client } from '@pipework/core';
import { Flag, FrameType } from '@pipework/mux/frame';
import { describe, expect, test } from 'vitest';
import { missing, python } from './support/python.ts';
import { rawHost } from './support/raw-host.ts';

interface Everything {
  offer_echo(): Promise<number>;
  dial(id: number): Promise<void>;
  environment(): Promise<string[]>;
  pipes_of_child(): Promise<string[]>;
  leave(): Promise<void>;
  unsendable(): Promise<void>;
  wait(): Promise<void>;
}

const command: [file: string, ...args: string[]] = [
  python,
  '-B',
  fileURLToPath(new URL('fixtures/uses_everything.py', import.meta.url)),
];
const skipped = missing === undefined ? '' : ` (SKIPPED: ${missing})`;

async function start() {
  let printed = '';
  const syncStdout = new Writable({
    write(chunk: Buffer, _encoding, done) {
      printed += chunk.toString();
      done();
    },
  });
  const client = new Client<{ everything: Everything }>({ cmd: command, stdin: 'ignore', syncStdout });
  const rpc = await client.client();
  const plugin = await rpc.dispense('everything');
  const asyncDispose = () => client[Symbol.asyncDispose]();
  return { client, rpc, plugin, printed: () => printed, [Symbol.asyncDispose]: asyncDispose };
}

describe.skipIf(missing !== undefined)(`pipework_plugin${skipped}`, () => {
  test('accepts and dials broker streams', async () => {
    await using host = await start();
    const stream = await host.rpc.broker.dial(await host.plugin.offer_echo());
    const sent = Buffer.alloc(1 << 20, 'abc');
    stream.end(sent);
    expect(Buffer.compare(await buffer(stream), sent)).toBe(0);

    const id = host.rpc.broker.nextId();
    const [accepted] = await Promise.all([host.rpc.broker.accept(id), host.plugin.dial(id)]);
    expect((await buffer(accepted)).toString()).toBe('from the plugin');
    accepted.end();
    await once(accepted, 'close');
  });

  test('leaves nothing of the protocol to child processes', async () => {
    await using host = await start();
    expect(await host.plugin.environment()).toEqual([]);
    expect(await host.plugin.pipes_of_child()).toEqual([]);
  });

  test('offers the methods of the class, and nothing else', async () => {
    await using host = await start();
    const plugin = host.plugin as unknown as Record<string, () => Promise<unknown>>;
    for (const name of ['value', 'trap', '_echo', '_dispose', '__init__', '__class__']) {
      await expect(plugin[name]!()).rejects.toThrow(`can't find method Plugin.${name}`);
    }
    expect(host.printed()).toBe('');
  });

  test('fails the call of a handler that exits or returns what cannot travel, and goes on', async () => {
    await using host = await start();
    await expect(host.plugin.leave()).rejects.toThrow('3');
    await expect(host.plugin.unsendable()).rejects.toThrow("result['list'][1]: a set cannot travel");
    expect(await host.plugin.environment()).toEqual([]);
  });

  test('takes the highest version that both speak', async () => {
    const client = new Client({ cmd: command, protocolVersions: [2, 3, 4] });
    await client.start();
    expect(client.negotiatedVersion).toBe(3);
    await client.kill();
  });

  test('runs the shutdown hook before it answers Quit', async () => {
    await using host = await start();
    expect(await host.client.kill()).toMatchObject({ by: 'quit', code: 0 });
    expect(host.printed()).toContain('hook\n');
  });

  test('disposes of an implementation when the host finishes or resets its stream', async () => {
    await using host = await rawHost(command);
    await host.dispense('everything', 7);
    host.send({ type: FrameType.WindowUpdate, flags: Flag.FIN, streamId: 7 });
    await host.until(() => host.bytes(3).toString() === 'disposed\n', 'the first one to be disposed of');
    await host.dispense('everything', 9);
    host.request(9, 1, 'Plugin.wait');
    host.request(9, 2, 'Plugin.environment');
    await host.response(9, 2);
    host.send({ type: FrameType.WindowUpdate, flags: Flag.RST, streamId: 9 });
    await host.until(
      () => ['cancelled', 'disposed'].every((word) => host.bytes(3).toString().slice(9).includes(word)),
      'the second one to be aborted and disposed of',
    );
  });

  test('runs the shutdown hook when the host goes without a word', async () => {
    await using host = await rawHost(command);
    await host.settled();
    host.close();
    expect(await host.exited).toEqual({ code: 0, signal: null });
    await host.ended();
    expect(host.bytes(3).toString()).toBe('hook\n');
  });
});
