// Runs the tests that plugins in all other languages share. Also tests how this plugin calls its host's
// services, and how it describes itself.
import { Client } from '@pipework/core';
import { describe, expect, test } from 'vitest';
import { describeForeignPlugin } from '../../python-plugin/test/support/behaviour.ts';
import { command, missing } from './support/go.ts';

describeForeignPlugin({ language: 'Go', command, missing, capable: false });

interface Plugins {
  counter: { words(path: string): Promise<number> };
  conformance: { ask(question: { service: string; method: string; argument: unknown }): Promise<unknown> };
}

const skipped = missing === undefined ? '' : ` (SKIPPED: ${missing})`;

/** Makes a host with a service, and counts how many implementations of the service were disposed of. */
function offering() {
  let disposed = 0;
  const files = () => {
    let count = 0;
    return {
      read: (path: string) => `contents of ${path}`,
      count: () => ++count,
      fail: (message: string) => {
        throw new RangeError(message);
      },
      [Symbol.dispose]: () => {
        disposed += 1;
      },
    };
  };
  const client = new Client<Plugins, { files: object }>({ cmd: command, provide: { files } });
  return { client, disposed: () => disposed };
}

describe.skipIf(missing !== undefined)(`the Go plugin and the services of its host${skipped}`, () => {
  test('calls its host in its factory and in its handlers, as the README shows', async () => {
    await using client = offering().client;
    const counter = await (await client.client()).dispense('counter');
    expect(await counter.words('a.txt')).toBe(3);
  });

  test('gets a new implementation at each dispense, and releases it', async () => {
    const host = offering();
    await using client = host.client;
    const plugin = await (await client.client()).dispense('conformance');
    const question = { service: 'files', method: 'count', argument: null };
    expect(await Promise.all([plugin.ask(question), plugin.ask(question)])).toEqual([1, 1]);
    await expect.poll(() => host.disposed()).toBe(2);
  });

  test('gets the error of its host', async () => {
    await using client = offering().client;
    const plugin = await (await client.client()).dispense('conformance');
    const ask = (service: string, method: string) => plugin.ask({ service, method, argument: 'no disk' });
    await expect(ask('files', 'fail')).rejects.toThrow('no disk');
    await expect(ask('nothing', 'read')).rejects.toThrow('unknown service: nothing');
    await expect(ask('files', 'toString')).rejects.toThrow("can't find method Plugin.toString");
  });

  test('cannot be dispensed if its factory needs a service that the host does not offer', async () => {
    await using client = new Client<Plugins>({ cmd: command });
    await expect((await client.client()).dispense('counter')).rejects.toThrow(
      'unknown service: files: this host offers no services',
    );
  });

  test('describes its runtime, its services and their methods', async () => {
    await using client = offering().client;
    const { runtime, protocolVersions, plugins } = await (await client.client()).describe();
    expect(runtime).toMatch(/^go 1\.\d+/);
    expect(protocolVersions).toEqual([1]);
    const text = { type: 'string' };
    const printed = { type: 'object', properties: { stream: text, text }, required: ['stream', 'text'] };
    const question = {
      type: 'object',
      properties: { service: text, method: text, argument: true },
      required: ['service', 'method', 'argument'],
    };
    expect(plugins).toEqual({
      greeter: { methods: { greet: { input: [text], output: text } } },
      counter: { methods: { words: { input: [text], output: { type: 'integer' } } } },
      conformance: {
        methods: {
          ask: { input: [question], output: true },
          bytes: { input: [{ type: 'integer' }], output: true },
          echo: { input: [true], output: true },
          fail: { input: [text], output: true },
          print: { input: [printed], output: true },
          run: { input: [{ type: 'array', items: text }], output: text },
          sleep: { input: [{ type: 'number' }], output: true },
        },
      },
    });
  });
});
