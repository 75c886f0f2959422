import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { connect, fakePlugin, faults, type ConnectOptions, type Plugins } from '@pipework/testkit';

interface Greeter {
  greet(name: string): Promise<string>;
  count(to: number): AsyncIterable<number>;
  fail(): Promise<void>;
  never(): Promise<void>;
}
interface Served {
  greeter: Greeter;
}

const plugins: Plugins<Served> = {
  greeter: ({ stdout, stderr }) => ({
    greet: async (name) => {
      stdout.write(`greeting ${name}\n`);
      return `Hello, ${name}!`;
    },
    async *count(to) {
      for (let n = 1; n <= to; n++) yield n;
    },
    fail: async () => {
      stderr.write('about to fail\n');
      throw new Error('as asked');
    },
    never: () => new Promise(() => {}),
  }),
};

describe('connect', () => {
  test('calls a plugin in this process through handshake, mux and codec', async () => {
    await using pair = await connect(plugins);
    const greeter = await pair.rpc.dispense('greeter');
    expect(await greeter.greet('world')).toBe('Hello, world!');
    await expect(greeter.fail()).rejects.toThrow('as asked');
    const numbers: number[] = [];
    for await (const n of greeter.count(3)) numbers.push(n);
    expect(numbers).toEqual([1, 2, 3]);
    expect(pair.stdout).toBe('greeting world\n');
    expect(pair.stderr).toBe('about to fail\n');
  });

  test('does not record the wire if the option `transcript` is false', async () => {
    await using pair = await connect(plugins, { transcript: false });
    const greeter = await pair.rpc.dispense('greeter');
    expect(await greeter.greet('world')).toBe('Hello, world!');
    expect(pair.transcript()).toBe('');
    expect(pair.stdout).toBe('greeting world\n');
  });

  test('records the handshake, frames and messages', async () => {
    await using pair = await connect(plugins);
    const greeter = await pair.rpc.dispense('greeter');
    await greeter.greet('world');
    const transcript = pair.transcript();
    expect(transcript).toMatch(/plugin → host .* handshake 1\|pipe\|3,4\|msgpack-rpc\|1/);
    expect(transcript).toContain(`Dispenser.Dispense('greeter')`);
    expect(transcript).toContain(`Plugin.greet('world')`);
    expect(transcript).toContain(`'Hello, world!'`);
    expect(transcript).toContain('"greeting world\\n"');
  });

  test('can make a stable transcript, which is the same in each run', async () => {
    const said = async (options: ConnectOptions<Served>) => {
      await using pair = await connect(plugins, options);
      const greeter = await pair.rpc.dispense('greeter');
      await Promise.all([greeter.greet('a'), greeter.greet('b')]);
      for await (const n of greeter.count(40)) if (n === 20) await pair.rpc.ping();
      await greeter.fail().catch(() => undefined);
      return pair.transcript({ stable: true });
    };
    const first = await said({});
    expect(first).toMatchInlineSnapshot(`
      "control
        host → plugin  request 0 Dispenser.Dispense('greeter')
        plugin → host  response 0 1
        host → plugin  request 1 Control.Ping(true)
        plugin → host  response 1 true
      stream 1
        host → plugin  broker id 1
        host → plugin  request 0 Plugin.greet('a')
        host → plugin  request 1 Plugin.greet('b')
        plugin → host  response 0 'Hello, a!'
        plugin → host  response 1 'Hello, b!'
        host → plugin  request 2 Plugin.count(40)
        plugin → host  response 2 <iterable 2>
        host → plugin  request 3 Plugin.fail()
        plugin → host  response 3 failed: { name: 'Error', message: 'as asked' }
      stream 2
        host → plugin  broker id 2
        plugin → host  items 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, … 28 more
        plugin → host  done undefined"
    `);
    expect(await said({ chunking: 'random', delayMs: { min: 0, max: 1 }, pipeBytes: 100 })).toBe(first);
    expect(await said({ window: 100 })).toBe(first);
  });

  test('ends both sides when the pair is closed', async () => {
    const pair = await connect(plugins);
    const exit = await pair.close();
    expect(exit).toMatchObject({ code: 0, signal: null, by: 'quit' });
    expect(pair.client.exited).toBe(true);
  });

  test('connects, calls and ends even though fake timers do not advance', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    const pair = await connect(plugins);
    expect(await (await pair.rpc.dispense('greeter')).greet('world')).toBe('Hello, world!');
    expect(await pair.close()).toMatchObject({ code: 0, by: 'quit' });
  });

  test.each([
    ['every byte by itself', { faults: { toPlugin: [faults.everyByte()], toHost: [faults.everyByte()] } }],
    ['random chunks', { chunking: 'random', seed: 42 }],
    ['a delay', { delayMs: { min: 0, max: 2 }, seed: 7 }],
    ['narrow windows', { window: 100 }],
    ['narrow pipes', { pipeBytes: 1 }],
  ] as const)('works the same with %s', async (_name, options) => {
    await using pair = await connect(plugins, options);
    const greeter = await pair.rpc.dispense('greeter');
    const name = 'x'.repeat(3000);
    expect(await greeter.greet(name)).toBe(`Hello, ${name}!`);
    expect(pair.stdout).toBe(`greeting ${name}\n`);
  });

  test('repeats its random chunks with the same seed', async () => {
    const lines = async (seed: number) => {
      await using pair = await connect(plugins, {
        seed,
        chunking: 5,
        faults: { toHost: [faults.stall({ after: 200 })] },
      });
      expect(pair.seed).toBe(seed);
      return pair.transcript().replaceAll(/^ *[\d.]+ ms/gm, '');
    };
    expect(await lines(3)).toBe(await lines(3));
  });

  test('rejects with the error of a failed start if the plugin does not serve an offered version', async () => {
    const failing = connect(plugins, { client: { protocolVersions: [7] } });
    await expect(failing).rejects.toMatchObject({ code: 'HANDSHAKE_VERSION' });
  });
});

describe('a host that provides services', () => {
  interface Files {
    read(path: string): Promise<string>;
  }
  const checker: Plugins<{ checker: { count(path: string): Promise<number> } }, { files: Files }> = {
    checker: async ({ host }) => {
      const files = await host.dispense('files');
      return { count: async (path) => (await files.read(path)).length };
    },
  };

  test('answers a plugin in this process, with a fake or a real service', async () => {
    const files = fakePlugin<Files>({ read: async (path) => `text of ${path}` });
    await using pair = await connect(checker, { client: { provide: { files: () => files } } });
    const remote = await pair.rpc.dispense('checker');
    expect(await remote.count('a')).toBe(9);
    expect(files.callsTo('read')).toEqual([['a']]);
    expect(pair.transcript()).toContain("Host.Dispense('files')");
  });

  test('cannot dispense a plugin that needs another service', async () => {
    await using pair = await connect<{ checker: object }>(checker);
    await expect(pair.rpc.dispense('checker')).rejects.toThrow('unknown service: files');
  });

  test('receives the description of the plugin', async () => {
    await using pair = await connect(checker, {
      serve: { name: 'counter', version: '1.0.0' },
      client: { provide: { files: () => fakePlugin<Files>() } },
    });
    expect(await pair.rpc.describe()).toMatchObject({
      name: 'counter',
      version: '1.0.0',
      plugins: { checker: { methods: { count: {} } } },
    });
  });
});

describe('a pair with a fault', () => {
  test.each(['eof', 'error'] as const)('rejects pending calls immediately if severed by %s', async (how) => {
    await using pair = await connect(plugins);
    const greeter = await pair.rpc.dispense('greeter');
    const pending = greeter.never();
    pair.sever(how);
    await expect(pending).rejects.toThrow(/never/);
  });

  test('reports a crash with its code and its final output', async () => {
    await using pair = await connect(plugins);
    const greeter = await pair.rpc.dispense('greeter');
    const pending = greeter.never();
    pair.crash({ code: 9, stderr: 'fatal: out of cheese' });
    await expect(pending).rejects.toMatchObject({ cause: { code: 'PLUGIN_EXITED' } });
    await expect(pending).rejects.toThrow('out of cheese');
    expect(await pair.client.exit).toMatchObject({ code: 9, by: 'plugin' });
  });

  test('delivers no bytes while it is stalled, and all bytes once it is resumed', async () => {
    const asked = vi.fn((name: string) => `Hello, ${name}!`);
    await using pair = await connect({ greeter: () => ({ greet: asked }) });
    const greeter = await pair.rpc.dispense('greeter');
    const resume = pair.stall('toHost');
    let isAnswered = false;
    const answer = greeter.greet('patience').finally(() => (isAnswered = true));
    await expect.poll(() => asked).toHaveBeenCalled();
    // In memory, an answer takes only a few turns of the event loop.
    for (let turns = 0; turns < 100; turns++) await new Promise((resolve) => setImmediate(resolve));
    expect(isAnswered).toBe(false);
    resume();
    expect(await answer).toBe('Hello, patience!');
  });

  test('rejects a call whose answer is cut off', async () => {
    await using pair = await connect(plugins, { faults: { toHost: [faults.cut({ after: 150 })] } });
    const calls = (async () => {
      const greeter = await pair.rpc.dispense('greeter');
      for (;;) await greeter.greet('world');
    })();
    await expect(calls).rejects.toMatchObject({ code: expect.stringMatching(/^(PLUGIN|RPC)_/) as string });
  });
});

test.each([
  [[undefined], 'connect(plugins): expected an object of factories'],
  [
    [{ greeter: {} }],
    'connect({ greeter }): expected a factory, { name: (context) => implementation }; got {}',
  ],
  [
    [plugins, { chunkin: 'random' }],
    'connect(plugins, { chunkin }): no such option; there are seed, chunking',
  ],
  [
    [{}, { serve: { protocolVersions: { 2: plugins } } }],
    "expected a list of versions; got { '2': [Object] }. Connect the set of one version",
  ],
  [
    [{ greeter: class EnglishGreeter {} }],
    'connect({ greeter }): expected a function that makes the implementation, such as () => new EnglishGreeter(); got [class EnglishGreeter]',
  ],
  [[plugins, { delayMs: 1, delay: 1 }], 'made of delayMs or delay (the old name of delayMs), but not both'],
  [[plugins, { chunking: 'some' }], "expected 'random' or the most bytes of a chunk; got 'some'"],
])('connect(...%o) says what is wrong', async (wrong, message) => {
  await expect(Reflect.apply(connect, undefined, wrong)).rejects.toThrow(message);
});

test('connect() takes delayMs under the name that it had before 0.2', async () => {
  // oxlint-disable-next-line typescript/no-deprecated -- this is the test of the old name
  await using pair = await connect(plugins, { delay: { min: 0, max: 1 } });
  expect(await (await pair.rpc.dispense('greeter')).greet('delay')).toBe('Hello, delay!');
});
