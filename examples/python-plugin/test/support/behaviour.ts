// Tests how a plugin in any language behaves with a real Client. The plugin has the services `greeter` and
// `conformance`.
import { Writable } from 'node:stream';
import { Client, type ClientConfig, overStdio } from '@pipework/core';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runs } from '../../../../testing/explore.ts';

export interface Plugins {
  greeter: { greet(name: string): Promise<string> };
  conformance: {
    echo(value: unknown): Promise<unknown>;
    fail(message: string): Promise<never>;
    print(what: { stream: 'stdout' | 'stderr'; text: string }): Promise<void>;
    bytes(n: number): Promise<Uint8Array>;
    sleep(ms: number, options?: { signal?: AbortSignal }): Promise<void>;
    notOffered(): Promise<void>;
  };
}

export interface Foreign {
  language: string;
  command: [file: string, ...args: string[]];
  /** The reason why the plugin cannot run here. */
  missing: string | undefined;
  /** True if the plugin announces `cancel` and `errors`. */
  capable: boolean;
}

/** Makes values of the protocol's base that come back with the same type. */
const baseValue = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 6, depthSize: 'small' },
    fc.constantFrom(null, true, false),
    fc.maxSafeInteger(),
    // 2^53 itself comes back as a number, not as a bigint.
    fc.bigInt({ min: 2n ** 53n + 1n, max: 2n ** 64n - 1n }),
    fc.bigInt({ min: -(2n ** 63n), max: -(2n ** 53n) - 1n }),
    fc.double().filter((number) => !Object.is(number, -0)),
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.uint8Array({ maxLength: 300 }),
    fc.date({ noInvalidDate: true }),
    fc.array(tie('value'), { maxLength: 20 }),
    fc.dictionary(fc.string({ unit: 'binary' }), tie('value'), { maxKeys: 20, noNullPrototype: true }),
  ),
})).value;

/** A sink that keeps its input, and accepts each chunk when `take` allows it. */
function sink(take: (next: () => void) => void = (next) => next()): Writable & { text: () => string } {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      take(done);
    },
  });
  return Object.assign(stream, { text: () => Buffer.concat(chunks).toString() });
}

export function describeForeignPlugin({ language, command, missing, capable }: Foreign): void {
  const skipped = missing === undefined ? '' : ` (SKIPPED: ${missing})`;

  async function start(config: Partial<ClientConfig> = {}) {
    const client = new Client<Plugins>({ cmd: command, stdin: 'ignore', ...config });
    const rpc = await client.client();
    const [greeter, conformance] = await Promise.all([rpc.dispense('greeter'), rpc.dispense('conformance')]);
    return { client, rpc, greeter, conformance, [Symbol.asyncDispose]: () => client[Symbol.asyncDispose]() };
  }

  describe.skipIf(missing !== undefined)(`a plugin in ${language} and a real client${skipped}`, () => {
    /** The plugin of the tests that neither end it nor need options of their own. */
    let host: Awaited<ReturnType<typeof start>>;
    beforeAll(async () => {
      host = await start();
    });
    afterAll(async () => await host[Symbol.asyncDispose]());

    test('greets', async () => {
      expect(await host.greeter.greet('Wörld')).toBe('Hello, Wörld!');
      expect(await host.rpc.ping()).toBeGreaterThan(0);
    });

    test('returns every kind of value of the protocol’s base unchanged', async () => {
      const values: unknown[] = [
        ...[null, true, false, 0, 1, -1, 127, 128, -32, -33, 255, 256, 65536, 2 ** 32, -(2 ** 31) - 1],
        ...[Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 2n ** 63n, 2n ** 64n - 1n, -(2n ** 63n)],
        ...[0.5, -1e300, Number.POSITIVE_INFINITY, Number.NaN],
        ...['', 'a', 'ß', '日本語', '🦊'.repeat(100), 'x'.repeat(70_000)],
        ...[new Uint8Array(0), Uint8Array.of(0, 255, 128), new Uint8Array(70_000).fill(7)],
        ...[[], [1, [2, [3, []]]], Array.from({ length: 70_000 }, (_, i) => i)],
        ...[{}, { a: { b: [null, { c: 'd' }] } }, { __proto__: null, constructor: 1, then: 2 }],
        ...[new Date(0), new Date(1_700_000_000_123), new Date(-1), new Date(8.64e15)],
      ];
      const echoed = await Promise.all(values.map((value) => host.conformance.echo(value)));
      for (const [index, value] of values.entries()) {
        const back = echoed[index];
        if (value instanceof Uint8Array) expect(Buffer.compare(back as Uint8Array, value)).toBe(0);
        else expect(back).toEqual(value);
      }
    });

    test('returns random values of the protocol’s base unchanged', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(baseValue, { maxLength: 20 }), async (values) => {
          const echoed = await Promise.all(values.map((value) => host.conformance.echo(value)));
          expect(echoed).toEqual(values);
        }),
        { numRuns: runs(60) },
      );
    });

    test('never gets a value that the protocol’s base does not have', async () => {
      for (const value of [new Map(), () => 1, 2n ** 70n]) {
        await expect(host.conformance.echo(value)).rejects.toThrow(/args\[0\]/);
      }
      expect(await host.conformance.echo('still here')).toBe('still here');
    });

    test('fails a call with the handler’s message, and continues', async () => {
      const error = await host.conformance.fail('oh no').catch((thrown: unknown) => thrown as Error);
      expect(error).toBeInstanceOf(Error);
      expect(error.message).toContain('oh no');
      if (capable) expect(error.name).toBe('RuntimeError');
      expect(await host.conformance.echo(1)).toBe(1);
    });

    test('refuses a method that it does not offer', async () => {
      await expect(host.conformance.notOffered()).rejects.toThrow("can't find method Plugin.notOffered");
      await expect(host.rpc.dispense('nothing' as 'greeter')).rejects.toThrow('unknown plugin type: nothing');
    });

    test('delivers its printed output to the host’s sink before the reply settles', async () => {
      const [stdout, stderr] = [sink(), sink()];
      await using host = await start({ syncStdout: stdout, syncStderr: stderr });
      for (let i = 0; i < 50; i++) {
        await host.conformance.print({ stream: 'stdout', text: `line ${i}\n` });
        expect(stdout.text()).toMatch(new RegExp(`line ${i}\n$`));
      }
      await host.conformance.print({ stream: 'stderr', text: 'x'.repeat(1 << 20) });
      expect(stderr.text()).toHaveLength(1 << 20);
    });

    test('answers other calls while a handler that prints waits for a slow sink', async () => {
      const waiting: (() => void)[] = [];
      const stdout = sink((next) => waiting.push(next));
      await using host = await start({ syncStdout: stdout });
      const printing = host.conformance.print({ stream: 'stdout', text: 'x'.repeat(8 << 20) });
      expect(await host.conformance.echo('meanwhile')).toBe('meanwhile');
      const pump = setInterval(() => waiting.shift()?.(), 0);
      await printing;
      await expect.poll(() => stdout.text().length).toBe(8 << 20);
      clearInterval(pump);
    });

    test('sends and receives values far larger than a window', async () => {
      const bytes = await host.conformance.bytes(5_000_001);
      expect(bytes).toHaveLength(5_000_001);
      expect(bytes.every((byte, i) => byte === ((i * 7 + 3) & 255))).toBe(true);
      expect(Buffer.compare((await host.conformance.echo(bytes)) as Uint8Array, bytes)).toBe(0);
    });

    test('runs calls at the same time, and sends each caller its own answer', async () => {
      const started = performance.now();
      await Promise.all(Array.from({ length: 100 }, () => host.conformance.sleep(200)));
      expect(performance.now() - started).toBeLessThan(5_000); // one after another they would take 20 seconds
      const echoes = await Promise.all(Array.from({ length: 500 }, (_, i) => host.conformance.echo(i)));
      expect(echoes).toEqual(Array.from({ length: 500 }, (_, i) => i));
    });

    test('a call rejects immediately when its caller aborts it', async () => {
      await using host = await start();
      const abort = new AbortController();
      const sleeping = host.conformance.sleep(60_000, { signal: abort.signal });
      const rejected = expect(sleeping).rejects.toThrow('enough');
      await host.conformance.echo('the call is under way');
      abort.abort(new Error('enough'));
      await rejected;
      const started = performance.now();
      const exit = await host.client.kill();
      expect(exit).toMatchObject({ code: 0, by: 'quit' });
      // If the plugin has received the cancellation, no call runs any more, and the plugin quits without
      // waiting.
      if (capable) expect(performance.now() - started).toBeLessThan(1_000);
    });

    test('ends with status 0 when the host asks it to', async () => {
      await using host = await start();
      expect(await host.client.kill()).toMatchObject({ code: 0, signal: null, by: 'quit' });
    });

    test('leaves signals to its host, and ignores them until a second SIGTERM', async () => {
      await using host = await start();
      const pid = host.client.pid!;
      for (const signal of ['SIGINT', 'SIGHUP', 'SIGTERM'] as const) {
        process.kill(pid, signal);
        expect(await host.greeter.greet(signal)).toBe(`Hello, ${signal}!`);
      }
      process.kill(pid, 'SIGTERM');
      expect(await host.client.exit).toMatchObject({ code: 0, signal: null, by: 'plugin' });
    });

    test('if it is killed, the host rejects the pending calls', async () => {
      await using host = await start();
      const sleeping = host.conformance.sleep(60_000);
      const rejected = expect(sleeping).rejects.toMatchObject({ cause: { code: 'PLUGIN_EXITED' } });
      await host.conformance.echo('the call is under way');
      process.kill(host.client.pid!, 'SIGKILL');
      await rejected;
    });

    test('is refused if the two sides have no version in common, and the error lists the versions of both', async () => {
      const client = new Client<Plugins>({ cmd: command, protocolVersions: [3, 7] });
      await expect(client.client()).rejects.toThrow(
        /^incompatible protocol version with plugin. Plugin version: 1, Host versions: \[3,? 7\]/,
      );
      await client.kill();
    });

    test('speaks over standard input and output if the launcher passes no other descriptors', async () => {
      const stdout = sink();
      await using host = await start({ launcher: overStdio(), syncStdout: stdout });
      expect(await host.greeter.greet('pipe')).toBe('Hello, pipe!');
      await host.conformance.print({ stream: 'stdout', text: 'printed' });
      expect(stdout.text()).toBe('printed');
      expect(await host.client.kill()).toMatchObject({ code: 0, by: 'quit' });
    });
  });
}
