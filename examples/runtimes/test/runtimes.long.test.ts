// Tests the plugin's side of @pipework/core under every installed runtime. The packages must be built,
// because the plugin is a program that imports them.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { Client, type ClientConfig } from '@pipework/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findRuntime } from '../../../testing/runtimes.mjs';

interface Runtime {
  name(): Promise<string>;
  echo(value: unknown): Promise<unknown>;
  log(text: string): Promise<void>;
  warn(text: string): Promise<void>;
  print(text: string): Promise<void>;
  count(to: number): AsyncIterable<number>;
  each(words: string[], visit: (word: string) => void): Promise<number>;
  hang(options?: { signal?: AbortSignal }): Promise<void>;
}

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const plugin = file('../plugin.js');

const runtimes: { name: string; file: string | undefined; args: string[] }[] = [
  { name: 'node', file: process.execPath, args: [plugin] },
  { name: 'bun', file: findRuntime('bun'), args: ['run', plugin] },
  // The descriptors need no permission. -A is for the plugin's own code.
  { name: 'deno', file: findRuntime('deno'), args: ['run', '-A', plugin] },
];

function sink(): Writable & { text: () => string } {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  return Object.assign(stream, { text: () => Buffer.concat(chunks).toString() });
}

/** True while a process runs. A zombie has ended and only waits to be collected, so it does not count. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    // The process ended between the two checks, or there is no /proc. Without /proc, only the first check
    // counts.
    return process.platform !== 'linux';
  }
}

for (const { name, file: runtime, args } of runtimes) {
  const command: [file: string, ...args: string[]] = [runtime ?? name, ...args];
  const skipped = runtime === undefined ? ` (SKIPPED: needs ${name})` : '';

  describe.skipIf(runtime === undefined)(`a plugin under ${name}${skipped}`, () => {
    async function start(config: Partial<ClientConfig> = {}) {
      const client = new Client<{ runtime: Runtime }>({ cmd: command, stdin: 'ignore', ...config });
      const rpc = await client.client();
      const runtime = await rpc.dispense('runtime');
      return { client, runtime, [Symbol.asyncDispose]: () => client[Symbol.asyncDispose]() };
    }

    const [stdout, stderr] = [sink(), sink()];
    /** The plugin of the tests that do not end it. */
    let host: Awaited<ReturnType<typeof start>>;
    beforeAll(async () => {
      host = await start({ syncStdout: stdout, syncStderr: stderr });
    });
    afterAll(async () => await host[Symbol.asyncDispose]());

    test('runs under that runtime', async () => {
      expect(await host.runtime.name()).toBe(name);
    });

    test('receives and returns values far larger than a window', async () => {
      const bytes = new Uint8Array(3_000_000).map((_, i) => i * 7);
      expect(Buffer.compare((await host.runtime.echo(bytes)) as Uint8Array, bytes)).toBe(0);
      const map = new Map([['a', new Set([1n])]]);
      expect(await host.runtime.echo(map)).toEqual(map);
    });

    test('streams values, and calls the host back', async () => {
      const numbers: number[] = [];
      for await (const n of host.runtime.count(1000)) numbers.push(n);
      expect(numbers).toEqual(Array.from({ length: 1000 }, (_, i) => i + 1));
      const words: string[] = [];
      expect(await host.runtime.each(['a', 'b'], (word) => void words.push(word))).toBe(2);
      expect(words).toEqual(['a', 'b']);
    });

    test('delivers its output to the host’s sink before the reply settles, with console.log and with process.stdout', async () => {
      await host.runtime.log('logged');
      expect(stdout.text()).toBe('logged\n');
      await host.runtime.warn('warned');
      expect(stderr.text()).toBe('warned\n');
      await host.runtime.print('x'.repeat(2_000_000));
      await expect.poll(() => stdout.text().length).toBe(2_000_007);
    });

    test('a call rejects when its caller aborts it', async () => {
      const abort = new AbortController();
      const rejected = expect(host.runtime.hang({ signal: abort.signal })).rejects.toThrow('enough');
      await host.runtime.echo('the call is under way');
      abort.abort(new Error('enough'));
      await rejected;
    });

    test('ends when the host asks it to, after its shutdown hook and the hook’s output', async () => {
      const stdout = sink();
      await using host = await start({ syncStdout: stdout });
      expect(await host.client.kill()).toMatchObject({ code: 0, by: 'quit' });
      expect(stdout.text()).toBe('goodbye\n');
    });

    test('ends by itself when its host is killed in the middle of a call', async () => {
      const died = spawnSync(process.execPath, [file('fixtures/dies-with-a-plugin-running.mjs'), ...command]);
      const pid = Number(died.stdout.toString());
      expect(pid).toBeGreaterThan(0);
      await expect(() => !isRunning(pid), 'the plugin is gone').toHappenWithin(5_000);
    });

    test('refuses to run without a host', () => {
      const run = () => execFileSync(command[0], command.slice(1), { stdio: 'pipe', encoding: 'utf8' });
      expect(run).toThrow(/This program is a plugin/);
    });
  });
}
