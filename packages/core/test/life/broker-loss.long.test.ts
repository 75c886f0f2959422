import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { PluginExitError, RPCClient } from '../../src/index.ts';
import { failure, type Fixtures, plugin } from '../support/life.ts';

async function start() {
  const rpc = await plugin('dials').client();
  return { rpc, dialler: await rpc.dispense('dialler') };
}

/** Returns a stream that the plugin has dialled and has written to. */
async function dialled(rpc: RPCClient<Fixtures>): Promise<Duplex> {
  const id = rpc.broker.nextId();
  const accepted = rpc.broker.accept(id);
  await (await rpc.dispense('dialler')).begin(id);
  return accepted;
}

const readAll = async (stream: Duplex): Promise<string> => {
  let all = '';
  for await (const chunk of stream) all += String(chunk);
  return all;
};

const exited = (exitCode: number) => ({
  name: 'PluginExitError',
  code: 'PLUGIN_EXITED',
  message: expect.stringContaining(`exited with exit code ${exitCode}`) as string,
});

/** Returns a list that collects unhandled rejections until the test ends. */
function watchRejections(): unknown[] {
  const seen: unknown[] = [];
  const note = (error: unknown): void => void seen.push(error);
  process.on('unhandledRejection', note);
  onTestFinished(() => void process.off('unhandledRejection', note));
  return seen;
}

describe('when the plugin exits, errors of the broker have that exit as the cause', () => {
  test('a reader gets the data that arrived before the exit, and then the error', async () => {
    const { rpc, dialler } = await start();
    const stream = await dialled(rpc);
    const heard: string[] = [];
    stream.on('data', (chunk: Buffer) => heard.push(String(chunk)));
    await once(stream, 'data');
    const [[error]] = await Promise.all([once(stream, 'error'), failure(dialler.exit(7))]);
    expect(error).toMatchObject({ code: 'RPC_CLOSED', cause: exited(7) });
    expect((error as Error).message).toMatch(/^a stream of the broker of plugin .* was lost: .*exit code 7/);
    expect(heard.join('')).toBe('half a word');
  });

  test('a writer gets the error', async () => {
    const { rpc, dialler } = await start();
    const id = await dialler.nextId();
    const accepted = dialler.accept(id);
    const stream = await rpc.broker.dial(id);
    await accepted;
    const flooded = new Promise<unknown>((resolve) => {
      const write = (error?: Error | null): void => {
        if (error) resolve(error);
        else stream.write(Buffer.alloc(65_536), write);
      };
      write();
    });
    await failure(dialler.exit(8));
    expect(await flooded).toMatchObject({ code: 'RPC_CLOSED', cause: exited(8) });
  });

  test('each stream gets an error of its own', async () => {
    const { rpc, dialler } = await start();
    const streams = [await dialled(rpc), await dialled(rpc)];
    const errors = Promise.all(streams.map((stream) => failure(readAll(stream))));
    await failure(dialler.exit(1));
    const [one, other] = await errors;
    expect(one).not.toBe(other);
    for (const error of [one, other]) expect(error).toMatchObject({ code: 'RPC_CLOSED', cause: exited(1) });
  });

  test('a waiting accept() fails, and so does each later accept() or dial()', async () => {
    const { rpc, dialler } = await start();
    const { broker } = rpc;
    const waiting = failure<PluginExitError>(broker.accept(broker.nextId()));
    await failure(dialler.exit(9));
    const errors = [
      await waiting,
      await failure(broker.accept(broker.nextId())),
      await failure(broker.dial(1)),
    ];
    for (const error of errors) expect(error).toMatchObject({ code: 'BROKER_CLOSED', cause: exited(9) });
  });
});

describe('one try and catch around accept() and the call that sends its id is enough', () => {
  test('if the call fails, the waiting accept() causes no unhandled rejection', async () => {
    const unhandled = watchRejections();
    const { rpc, dialler } = await start();
    const accepted = rpc.broker.accept(rpc.broker.nextId());
    let caught: unknown;
    try {
      await dialler.exit(3);
      await accepted;
    } catch (error) {
      caught = error;
    }
    expect(caught).toMatchObject({ code: 'RPC_CLOSED', cause: exited(3) });
    await expect(accepted).rejects.toMatchObject({ code: 'BROKER_CLOSED', cause: exited(3) });
    expect(unhandled).toEqual([]);
  });

  test('if the plugin exits while the stream is read, there is no unhandled rejection', async () => {
    const unhandled = watchRejections();
    const { rpc, dialler } = await start();
    let caught: unknown;
    try {
      const stream = await dialled(rpc);
      const read = readAll(stream);
      dialler.exit(4).catch(() => {});
      await read;
    } catch (error) {
      caught = error;
    }
    expect(caught).toMatchObject({ code: 'RPC_CLOSED', cause: exited(4) });
    expect(unhandled).toEqual([]);
  });
});
