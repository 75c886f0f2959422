// Tests the parts of pipework_plugin that do not answer calls, such as broker streams and the shutdown hook.
import { once } from 'node:events';
import { Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { callContext, Client } from '@pipework/core';
import { encodeFrame, Flag, FrameType } from '@pipework/mux/frame';
import { describe, expect, test } from 'vitest';
import { command as greeter, missing, python } from './support/python.ts';
import { rawHost } from './support/raw-host.ts';

interface Everything {
  offer_echo(): Promise<number>;
  dial(id: number): Promise<void>;
  environment(): Promise<string[]>;
  pipes_of_child(): Promise<string[]>;
  leave(): Promise<void>;
  unsendable(): Promise<void>;
  wait(): Promise<void>;
  ask_at_once(count: number): Promise<number[]>;
  ask_twice(): Promise<unknown[]>;
  ask_in_vain(service: string, method: string): Promise<[name: string, code: string, message: string]>;
  ask_unsendable(): Promise<void>;
  ask_impatiently(): Promise<void>;
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

  test('passes nothing of the protocol to child processes', async () => {
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

  test('fails the call of a handler that exits or returns a value that cannot be sent, and continues', async () => {
    await using host = await start();
    await expect(host.plugin.leave()).rejects.toThrow('3');
    await expect(host.plugin.unsendable()).rejects.toThrow("result['list'][1]: a set cannot travel");
    expect(await host.plugin.environment()).toEqual([]);
  });

  test('uses the highest protocol version that both sides support', async () => {
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

  test('disposes of an implementation when the host ends or resets its stream', async () => {
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

  test('drops the payload of a frame that resets its stream, even if the payload arrives in parts', async () => {
    await using host = await rawHost(command);
    await host.dispense('everything', 7);
    host.request(7, 1, 'Plugin.environment');
    await host.response(7, 1);
    const before = host.bytes(7).length;
    const method = Buffer.from('Plugin.environment');
    // The last byte of the payload begins another message.
    const payload = Buffer.concat([
      Buffer.of(0x94, 0, 2, 0xa0 | method.length),
      method,
      Buffer.of(0x90, 0x94),
    ]);
    const frame = encodeFrame({ type: FrameType.Data, flags: Flag.RST, streamId: 7, payload });
    host.write(frame.subarray(0, -1));
    // If the plugin wrongly handled a part of the payload, it would do so during this pause. If the pause is
    // too short, the test passes in any case.
    await setTimeout(200);
    host.write(frame.subarray(-1));
    await host.settled();
    expect(host.bytes(7).length).toBe(before);
  });

  test('runs the shutdown hook when the host ends without a Quit', async () => {
    await using host = await rawHost(command);
    await host.settled();
    host.close();
    expect(await host.exited).toEqual({ code: 0, signal: null });
    await host.ended();
    expect(host.bytes(3).toString()).toBe('hook\n');
  });

  describe('asks its host', () => {
    test('in its factory and in its handlers, as the README shows', async () => {
      const files = { read: (path: string) => `contents of ${path}` };
      await using client = new Client<
        { counter: { words(path: string): Promise<number> } },
        { files: object }
      >({ cmd: greeter, provide: { files: () => files } });
      const counter = await (await client.client()).dispense('counter');
      expect(await counter.words('a.txt')).toBe(3);
    });

    test('with many calls at the same time, and gets a new implementation at each dispense', async () => {
      const host = offering();
      await using client = host.client;
      const plugin = await (await client.client()).dispense('everything');
      // The host answers none of the calls before all of them have arrived.
      expect(await plugin.ask_at_once(20)).toEqual(Array.from({ length: 20 }, (_, n) => n));
      expect(await plugin.ask_twice()).toEqual([1, 2, 1, 'StreamClosed']);
      await expect.poll(() => host.disposed()).toBe(3);
    });

    test('and gets the host’s error, with the name and the code', async () => {
      await using client = offering().client;
      const plugin = await (await client.client()).dispense('everything');
      expect(await plugin.ask_in_vain('files', 'fail')).toEqual(['RangeError', 'E_DISK', 'no disk']);
      const [, code, message] = await plugin.ask_in_vain('nothing', 'read');
      expect([code, message]).toEqual([
        'RPC_UNKNOWN_SERVICE',
        'unknown service: nothing: this host offers files',
      ]);
      expect(await plugin.ask_in_vain('files', 'toString')).toMatchObject({ 1: 'RPC_UNKNOWN_METHOD' });
      await expect(plugin.ask_unsendable()).rejects.toThrow('params[0][0]: a set cannot travel');
    });

    test('with a timeout, after which the host is told to cancel the call', async () => {
      const host = offering();
      await using client = host.client;
      const plugin = await (await client.client()).dispense('everything');
      await expect(plugin.ask_impatiently()).rejects.toThrow(
        'Plugin.hang was not answered within 0.05 seconds',
      );
      await expect.poll(() => host.aborted()).toBe(1);
    });

    test('and gets an error if the host offers no services', async () => {
      await using host = await start();
      await expect(host.plugin.ask_in_vain('files', 'read')).rejects.toThrow(
        'unknown service: files: this host offers no services',
      );
    });
  });

  test('describes itself, its services, and their methods', async () => {
    await using client = new Client({ cmd: greeter, provide: { files: () => ({}) } });
    const { name, version, runtime, protocolVersions, plugins } = await (await client.client()).describe();
    expect({ name, version, protocolVersions }).toEqual({
      name: 'python-plugin',
      version: '0.1.0',
      protocolVersions: [1],
    });
    expect(runtime).toMatch(/^python 3\.\d+\.\d+/);
    const text = { type: 'string' };
    const properties = { stream: { enum: ['stdout', 'stderr'] }, text };
    expect(plugins).toMatchObject({
      greeter: { methods: { greet: { input: [{ title: 'name', ...text }], output: text } } },
      counter: {
        methods: {
          words: {
            doc: "How many words a file of the host's has.",
            input: [{ title: 'path', ...text }],
            output: { type: 'integer' },
          },
        },
      },
      conformance: {
        methods: {
          echo: { input: [{ title: 'value' }], output: true },
          print: {
            input: [{ title: 'what', type: 'object', properties, required: ['stream', 'text'] }],
            output: { type: 'null' },
          },
          run: { input: [{ title: 'command', type: 'array', items: text }], output: text },
        },
      },
    });
    expect(Object.keys(plugins.conformance?.methods ?? {})).toEqual([
      'ask',
      'bytes',
      'echo',
      'fail',
      'print',
      'run',
      'sleep',
    ]);
  });

  test('describes methods without annotations only by their names and their documentation', async () => {
    await using host = await start();
    const { plugins } = await host.rpc.describe();
    expect(plugins.everything?.methods?.ask_at_once).toEqual({
      doc: 'Returns the answers to `count` calls that wait at the same time on one service.',
    });
  });
});

/**
 * Makes a host with a service. Counts the implementations that were disposed of, and the calls that were
 * aborted.
 */
function offering() {
  let disposed = 0;
  let aborted = 0;
  const files = () => {
    let count = 0;
    let waiting: (() => void)[] = [];
    return {
      count: () => ++count,
      together: (n: number) =>
        new Promise<number>((resolve) => {
          waiting.push(() => resolve(n));
          if (waiting.length < 20) return;
          for (const answer of waiting) answer();
          waiting = [];
        }),
      fail: () => {
        throw Object.assign(new RangeError('no disk'), { code: 'E_DISK' });
      },
      hang: () =>
        new Promise<never>((_, reject) => {
          callContext().signal.addEventListener('abort', () => {
            aborted += 1;
            reject(new Error('aborted'));
          });
        }),
      [Symbol.dispose]: () => {
        disposed += 1;
      },
    };
  };
  const client = new Client<{ everything: Everything }, { files: object }>({
    cmd: command,
    provide: { files },
  });
  return { client, disposed: () => disposed, aborted: () => aborted };
}
