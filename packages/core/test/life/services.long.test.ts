import { Writable } from 'node:stream';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Client, type ClientConfig, type ServiceContext } from '../../src/index.ts';
import { enoughMs, fixture, until } from '../support/life.ts';

interface Files {
  read(name: string): string;
  fail(): never;
  count(to: number): AsyncGenerator<number>;
  each(words: string[], visit: (word: string) => Promise<void>): Promise<void>;
  hang(): Promise<never>;
  untilTold(): AsyncGenerator<number>;
}

interface Services {
  files: Files;
  slow: object;
  patient: object;
}

interface Asker {
  inFactory(): Promise<string>;
  read(name: string): Promise<string>;
  readLater(name: string): Promise<void>;
  fail(): Promise<void>;
  unknown(name: string): Promise<void>;
  count(to: number): Promise<number[]>;
  callback(): Promise<string[]>;
  release(): Promise<void>;
  hang(calls: number): Promise<(string | undefined)[]>;
  readInBackground(): Promise<number>;
  notAMethod(): Promise<void>;
  readOf(service: string): Promise<string>;
  readAtTheEnd(name: string): Promise<void>;
  undialled(count: number): Promise<string[]>;
  dispenseAtTheEnd(name: string): Promise<void>;
  slowly(): Promise<void>;
  dispenseBriefly(name: string, ms: number): Promise<void>;
}

/** Records the calls and contexts that the host's services received. */
class Seen {
  readonly reads: string[] = [];
  readonly contexts: ServiceContext[] = [];
  disposed = 0;
  /** The signal that the factory `patient` got. The factory settles only when this signal aborts. */
  patientSignal: AbortSignal | undefined;
  /** Ends the stream of `untilTold()`. */
  tell = (): void => {};
  streamsEnded = 0;
}

function start(config: Partial<ClientConfig<Services>> = {}): {
  client: Client<{ asker: Asker }, Services>;
  seen: Seen;
} {
  const seen = new Seen();
  const client = new Client<{ asker: Asker }, Services>({
    cmd: [process.execPath, fixture('asks-host')],
    stdin: 'ignore',
    provide: {
      files: (context) => {
        seen.contexts.push(context);
        return {
          read: (name) => {
            seen.reads.push(name);
            return `contents of ${name}`;
          },
          fail: () => {
            throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
          },
          async *count(to) {
            for (let n = 1; n <= to; n += 1) yield n;
          },
          each: async (words, visit) => {
            for (const word of words) await visit(word);
          },
          hang: () => new Promise<never>(() => {}),
          async *untilTold() {
            try {
              yield 1;
              await new Promise<void>((resolve) => (seen.tell = resolve));
              yield 2;
            } finally {
              seen.streamsEnded += 1;
            }
          },
          [Symbol.dispose]: () => {
            seen.disposed += 1;
          },
        };
      },
      slow: () => new Promise<object>(() => {}),
      patient: ({ signal }) => {
        seen.patientSignal = signal;
        return new Promise<object>((_, reject) =>
          signal.addEventListener('abort', () => reject(new Error('gone'))),
        );
      },
    },
    ...config,
  });
  onTestFinished(async () => {
    await client.kill();
  });
  return { client, seen };
}

describe('a service of the host', () => {
  test("can be called in the plugin's factory, in its calls, and when no call is under way", async () => {
    const { client, seen } = start();
    const asker = await (await client.client()).dispense('asker');
    expect(await asker.inFactory()).toBe('contents of in the factory');
    expect(await asker.read('in a call')).toBe('contents of in a call');
    await asker.readLater('later');
    await until(() => seen.reads.includes('later'));
  });

  test('receives the client and broker of the plugin that dispenses it', async () => {
    const { client, seen } = start();
    await (await client.client()).dispense('asker');
    expect(seen.contexts.map((context) => context.client)).toEqual([client]);
    expect(seen.contexts[0]?.broker).toBe((await client.client()).broker);
  });

  test('can return streams, call callbacks of the plugin, and throw its own errors', async () => {
    const { client } = start();
    const asker = await (await client.client()).dispense('asker');
    expect(await asker.count(3)).toEqual([1, 2, 3]);
    expect(await asker.callback()).toEqual(['a', 'b']);
    await expect(asker.fail()).rejects.toMatchObject({ message: 'no such file', code: 'ENOENT' });
    await expect(asker.notAMethod()).rejects.toMatchObject({ code: 'RPC_UNKNOWN_METHOD' });
  });

  test('makes its dispense fail with RPC_UNKNOWN_SERVICE if the host does not offer it, or offers no services', async () => {
    const { client } = start();
    const asker = await (await client.client()).dispense('asker');
    await expect(asker.unknown('constructor')).rejects.toMatchObject({
      code: 'RPC_UNKNOWN_SERVICE',
      message: 'unknown service: constructor: this host offers files, slow, patient',
    });
    expect(() => start({ provide: { store: class Store {} } as never })).toThrow(
      'provide.store must be a function that makes the service, such as () => new Store()',
    );
    const { client: other } = start({ provide: undefined as never });
    const alone = await (await other.client()).dispense('asker');
    expect(await alone.inFactory()).toMatch(/^RPC_UNKNOWN_SERVICE: unknown service: files/);
  });

  test('is disposed of when the plugin disposes of its remote, or when the session ends', async () => {
    const { client, seen } = start();
    const asker = await (await client.client()).dispense('asker');
    expect(seen.contexts[0]?.signal.aborted).toBe(false);
    await asker.release();
    await until(() => seen.disposed === 1);
    await client.kill();
    await until(() => seen.disposed === 2);
    expect(seen.contexts[0]?.signal.aborted).toBe(true);
  });

  test('never runs more calls than maxRunningCallbacks', async () => {
    const { client } = start({ limits: { maxRunningCallbacks: 3 } });
    const rpc = await client.client();
    const asker = await rpc.dispense('asker');
    const hung = asker.hang(5);
    hung.catch(() => {});
    await until(() => rpc.diagnostics().runningCalls === 3);
    await expect(asker.read('one more')).rejects.toMatchObject({ code: 'RPC_OVERLOADED' });
    expect(rpc.diagnostics().runningCalls).toBe(3);
  });

  test("is called through the host's handlerInterceptors, and its errors pass redactError", async () => {
    const methods: string[] = [];
    const { client } = start({
      handlerInterceptors: [
        ({ method }, next) => {
          methods.push(method);
          return next();
        },
      ],
      redactError: () => new Error('redacted'),
    });
    const asker = await (await client.client()).dispense('asker');
    await expect(asker.fail()).rejects.toThrow('redacted');
    expect(methods).toEqual(['Plugin.read', 'Plugin.fail']);
  });

  test('rejects a dispense with RPC_OVERLOADED while maxWaitingStreams other dispenses are under way, and the session continues', async () => {
    const { client } = start({ limits: { maxWaitingStreams: 8 } });
    const asker = await (await client.client()).dispense('asker');
    const outcomes = asker.undialled(1_000);
    outcomes.catch(() => {});
    await expect(asker.read('one more')).rejects.toMatchObject({ code: 'RPC_OVERLOADED' });
    expect(await asker.inFactory()).toBe('contents of in the factory');
  });

  test("aborts its factory's signal if the plugin dies while the factory runs", async () => {
    const { client, seen } = start();
    const asker = await (await client.client()).dispense('asker');
    void asker.unknown('patient').catch(() => {});
    await until(() => seen.patientSignal !== undefined);
    expect(seen.patientSignal?.aborted).toBe(false);
    process.kill(client.pid!, 'SIGKILL');
    await until(() => seen.patientSignal?.aborted === true);
  });

  test("rejects its dispense and aborts its factory's signal if the signal of the dispense aborts", async () => {
    const { client, seen } = start();
    const asker = await (await client.client()).dispense('asker');
    await expect(asker.dispenseBriefly('patient', 50)).rejects.toMatchObject({ name: 'TimeoutError' });
    await until(() => seen.patientSignal?.aborted === true);
  });

  test('keeps drain() pending while the plugin reads a stream of the service', async () => {
    const { client, seen } = start();
    const asker = await (await client.client()).dispense('asker');
    expect(await asker.readInBackground()).toBe(1);
    const drained = client.drain();
    expect(await client.drain({ timeoutMs: 1 })).toBe(false);
    seen.tell();
    expect(await drained).toBe(true);
    expect(seen.streamsEnded).toBe(1);
  });

  test('ends the generator of its stream if the plugin dies while the plugin reads the stream', async () => {
    const { client, seen } = start();
    const asker = await (await client.client()).dispense('asker');
    expect(await asker.readInBackground()).toBe(1);
    process.kill(client.pid!, 'SIGKILL');
    await client.exit;
    seen.tell();
    await until(() => seen.streamsEnded === 1);
  });

  test('may have any name, such as __proto__ or then, while names that are only on Object.prototype are unknown', async () => {
    const named = (name: string) => () => ({ read: () => `from ${name}` });
    const names = ['__proto__', 'then', 'constructor', ''];
    const provide = Object.fromEntries(names.map((name) => [name, named(name)]));
    const { client } = start({ provide: provide as never });
    const asker = await (await client.client()).dispense('asker');
    for (const name of names) expect(await asker.readOf(name)).toBe(`from ${name}`);
    for (const name of ['toString', 'hasOwnProperty'])
      await expect(asker.readOf(name)).rejects.toMatchObject({ code: 'RPC_UNKNOWN_SERVICE' });
  });

  test('makes only its own dispense fail if its factory throws, with the code of the thrown error', async () => {
    const { client } = start({
      provide: {
        files: () => {
          throw Object.assign(new Error('no disk'), { code: 'ENODEV' });
        },
      } as never,
    });
    const asker = await (await client.client()).dispense('asker');
    expect(await asker.inFactory()).toBe('ENODEV: the factory of files failed: no disk');
    await expect(asker.read('again')).rejects.toMatchObject({ code: 'ENODEV' });
  });

  test('can be dispensed and called in onShutdown, and is separate for each client', async () => {
    const first = start();
    const second = start();
    for (const { client } of [first, second])
      await (await (await client.client()).dispense('asker')).readAtTheEnd(`by ${client.pid}`);
    const pids = [first, second].map(({ client }) => client.pid);
    await Promise.all([first.client.kill(), second.client.kill()]);
    for (const [index, { seen }] of [first, second].entries())
      expect(seen.reads.filter((name) => name.startsWith('by'))).toEqual([`by ${pids[index]}`]);
  });

  test('rejects a pending dispense with RPC_SHUTTING_DOWN when the plugin leaves, and a dispense after the session with RPC_CLOSED', async () => {
    let printed = '';
    const syncStderr = new Writable({
      write(chunk, _encoding, done) {
        printed += String(chunk);
        done();
      },
    });
    const { client, seen } = start({ syncStderr, gracePeriod: await enoughMs(1_000) });
    const asker = await (await client.client()).dispense('asker');
    const ended = asker.dispenseAtTheEnd('patient').catch(() => {});
    await until(() => seen.patientSignal !== undefined);
    expect(await client.kill()).toMatchObject({ by: 'quit', code: 41 });
    await ended;
    expect(printed).toBe('pending: RPC_SHUTTING_DOWN\n');
  });

  test('makes a call that misses its deadline fail with a message that names the host', async () => {
    const { client } = start();
    const asker = await (await client.client()).dispense('asker');
    await expect(asker.slowly()).rejects.toMatchObject({
      code: 'RPC_DEADLINE',
      message: 'Plugin.hang was not answered by the host within its deadline of 10 ms',
    });
  });

  test('is disposed of when the plugin dies, even if calls of the service still run', async () => {
    const { client, seen } = start();
    const rpc = await client.client();
    const asker = await rpc.dispense('asker');
    void asker.hang(10).catch(() => {});
    await until(() => rpc.diagnostics().runningCalls === 10);
    process.kill(client.pid!, 'SIGKILL');
    await client.exit;
    await until(() => seen.disposed === 2);
  });
});
