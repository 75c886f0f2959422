import { describe, expect, onTestFinished, test } from 'vitest';
import { Client, type ClientConfig, type ServiceContext } from '../../src/index.ts';
import { fixture, until } from '../support/life.ts';

interface Files {
  read(name: string): string;
  fail(): never;
  count(to: number): AsyncGenerator<number>;
  each(words: string[], visit: (word: string) => Promise<void>): Promise<void>;
  hang(): Promise<never>;
}

interface Services {
  files: Files;
  slow: object;
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
  notAMethod(): Promise<void>;
  undialled(count: number): Promise<string[]>;
}

/** What the host's service saw. */
class Seen {
  readonly reads: string[] = [];
  readonly contexts: ServiceContext[] = [];
  disposed = 0;
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
          [Symbol.dispose]: () => {
            seen.disposed += 1;
          },
        };
      },
      slow: () => new Promise<object>(() => {}),
    },
    ...config,
  });
  onTestFinished(async () => {
    await client.kill();
  });
  return { client, seen };
}

describe('a service of the host', () => {
  test("is there in the plugin's factory, in its calls, and when no call is under way", async () => {
    const { client, seen } = start();
    const asker = await (await client.client()).dispense('asker');
    expect(await asker.inFactory()).toBe('contents of in the factory');
    expect(await asker.read('in a call')).toBe('contents of in a call');
    await asker.readLater('later');
    await until(() => seen.reads.includes('later'));
  });

  test('is told which client asks', async () => {
    const { client, seen } = start();
    await (await client.client()).dispense('asker');
    expect(seen.contexts.map((context) => context.client)).toEqual([client]);
    expect(seen.contexts[0]?.broker).toBe((await client.client()).broker);
  });

  test('streams, calls back, and fails with its own errors', async () => {
    const { client } = start();
    const asker = await (await client.client()).dispense('asker');
    expect(await asker.count(3)).toEqual([1, 2, 3]);
    expect(await asker.callback()).toEqual(['a', 'b']);
    await expect(asker.fail()).rejects.toMatchObject({ message: 'no such file', code: 'ENOENT' });
    await expect(asker.notAMethod()).rejects.toMatchObject({ code: 'RPC_UNKNOWN_METHOD' });
  });

  test('fails with a code if the host does not offer it, or offers none', async () => {
    const { client } = start();
    const asker = await (await client.client()).dispense('asker');
    await expect(asker.unknown('constructor')).rejects.toMatchObject({
      code: 'RPC_UNKNOWN_SERVICE',
      message: 'unknown service: constructor: this host offers files, slow',
    });
    const { client: other } = start({ provide: undefined as never });
    const alone = await (await other.client()).dispense('asker');
    expect(await alone.inFactory()).toMatch(/^RPC_UNKNOWN_SERVICE: unknown service: files/);
  });

  test('is disposed of when the plugin lets go of it, and with the session', async () => {
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
  });

  test('is seen by interceptors and by redactError on the side of the host', async () => {
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

  test('asked for without end is refused, and the host goes on', async () => {
    const { client } = start({ limits: { maxWaitingStreams: 8 } });
    const asker = await (await client.client()).dispense('asker');
    const outcomes = asker.undialled(1_000);
    outcomes.catch(() => {});
    await expect(asker.read('one more')).rejects.toMatchObject({ code: 'RPC_OVERLOADED' });
    expect(await asker.inFactory()).toBe('contents of in the factory');
  });

  test('leaves nothing behind when the plugin dies', async () => {
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
