import { describe, expect, test, vi } from 'vitest';
import { callContext } from '../support/internals.ts';
import { rawPlugin } from '../support/raw-peer.ts';
import { rpcPair } from '../support/rpc-pair.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

class Sleeper {
  readonly signals: AbortSignal[] = [];
  sleep(options?: { signal?: AbortSignal }): Promise<never> {
    const { signal } = callContext();
    this.signals.push(signal);
    if (options?.signal !== undefined) expect(options.signal).toBe(signal);
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
  }
  ping(): string {
    return 'pong';
  }
}

describe('when the peer is gone', () => {
  test('pending calls reject with an error that has the method and the cause, and handlers’ signals abort', async () => {
    const sleeper = new Sleeper();
    const { remote, host, plugin, cut } = await rpcPair(sleeper);
    const calls = [remote.sleep(), remote.sleep()];
    await expect.poll(() => sleeper.signals).toHaveLength(2);
    cut();
    for (const call of calls)
      await expect(call).rejects.toMatchObject({
        code: 'RPC_CLOSED',
        message: expect.stringContaining('Plugin.sleep') as string,
      });
    await Promise.all([host.closed, plugin.closed]);
    expect(sleeper.signals.every((signal) => signal.aborted)).toBe(true);
    await expect(remote.ping()).rejects.toMatchObject({ code: 'RPC_CLOSED' });
  });

  test('each pending call has an error of its own, with the cause that explainLoss() gives', async () => {
    const exit = new Error('the plugin was killed by SIGSEGV');
    const { remote, cut } = await rpcPair(new Sleeper(), { host: { explainLoss: async () => exit } });
    const calls = [remote.sleep(), remote.sleep()];
    await turn();
    cut();
    const errors = await Promise.all(calls.map((call) => call.catch((error: unknown) => error as Error)));
    expect(errors[0]).not.toBe(errors[1]);
    for (const error of errors) {
      expect(error.cause).toBe(exit);
      expect(error.message).toContain('SIGSEGV');
    }
  });
});

test('streams that were not read yet all fail when the connection ends, and share one call of explainLoss()', async () => {
  const why = new Error('the plugin was killed by SIGSEGV');
  const asked = vi.fn(async () => why);
  // If the error were encoded for the peer, this getter would run.
  const read = vi.fn(() => '');
  Object.defineProperty(why, 'stack', { get: read });
  async function* one(): AsyncGenerator<number> {
    yield 1;
  }
  const { remote, cut } = await rpcPair(
    { open: () => Array.from({ length: 1_000 }, one) },
    { host: { explainLoss: asked } },
  );
  const streams = await remote.open();
  cut();
  await expect.poll(() => asked.mock.calls.length).toBeGreaterThan(0);
  await turn();
  const [error, other] = await Promise.all(
    streams.slice(-2).map((stream) => stream.next().catch((reason: unknown) => reason)),
  );
  expect(error).toMatchObject({ code: 'RPC_CLOSED', cause: why });
  expect(other).not.toBe(error);
  // The streams share one call of explainLoss(). The conversation of the call `open` may make a second one.
  expect(asked.mock.calls.length).toBeLessThanOrEqual(2);
  expect(read).not.toHaveBeenCalled();
});

test('if only the stream of a call is reset, the call fails without waiting for the end of the process', async () => {
  const explainLoss = vi.fn(async () => new Error('the process is gone'));
  const peer = await rawPlugin({ shared: { explainLoss } });
  const call = peer.conversation.call('x', []);
  await peer.received();
  peer.sends('c1');
  await expect(call).rejects.toMatchObject({ code: 'RPC_CLOSED', cause: { code: 'RPC_PROTOCOL' } });
  expect(explainLoss).not.toHaveBeenCalled();
});

test('if the peer resets a stream because too many streams wait at the peer, the stream’s error names the possible causes', async () => {
  const { remote } = await rpcPair({
    async *never(): AsyncGenerator<number> {
      await new Promise<never>(() => {});
      yield 0;
    },
  });
  const first = Array.from({ length: 4200 }, () => remote.never()[Symbol.asyncIterator]().next());
  const reasons: unknown[] = [];
  for (const item of first) item.catch((error: unknown) => reasons.push(error));
  await expect.poll(() => reasons.length).toBeGreaterThan(100);
  for (const reason of reasons) {
    expect(reason).toMatchObject({ code: 'RPC_CLOSED' });
    expect((reason as Error).message).toMatch(
      /the stream of Plugin\.never .* was reset by the peer .*4096 streams/s,
    );
  }
});
