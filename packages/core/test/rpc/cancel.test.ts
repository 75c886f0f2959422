import { describe, expect, test, vi } from 'vitest';
import { callContext, ref, withCallOptions, type CallContext } from '../support/internals.ts';
import { rawPlugin } from '../support/raw-peer.ts';
import { rpcPair } from '../support/rpc-pair.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A service whose method `sleep` settles only when its signal aborts. */
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

describe('an aborted call', () => {
  test('of a reference rejects immediately, and aborts the handler’s signal', async () => {
    const reasons: unknown[] = [];
    const wait = (signal: AbortSignal): Promise<never> =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          reasons.push(signal.reason);
          reject(signal.reason as Error);
        });
      });
    const pair = await rpcPair({
      make: () => [({ signal }: { signal: AbortSignal }) => wait(signal), ref({ wait })],
    });
    const [call, object] = (await pair.remote.make()) as unknown as [
      (options: { signal: AbortSignal }) => Promise<never>,
      { wait(signal: AbortSignal): Promise<never> },
    ];
    const controller = new AbortController();
    const calls = [call({ signal: controller.signal }), object.wait(controller.signal)];
    await expect.poll(() => pair.plugin.runningCalls).toBe(2);
    const why = new Error('no longer');
    controller.abort(why);
    expect(await Promise.allSettled(calls)).toEqual([
      { status: 'rejected', reason: why },
      { status: 'rejected', reason: why },
    ]);
    expect(pair.host.pendingCalls).toBe(0);
    await expect.poll(() => reasons.length).toBe(2);
    await expect(call({ signal: AbortSignal.abort(why) })).rejects.toBe(why);
    expect(pair.plugin.runningCalls).toBe(0);
  });

  test('rejects immediately with the caller’s own reason, and aborts the handler’s signal', async () => {
    const sleeper = new Sleeper();
    const { remote, host, hostShared, pluginShared } = await rpcPair(sleeper);
    const controller = new AbortController();
    const call = remote.sleep({ signal: controller.signal });
    await expect.poll(() => sleeper.signals).toHaveLength(1);
    const reason = { any: 'value' };
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
    await expect.poll(() => sleeper.signals.at(0)?.aborted).toBe(true);
    expect(sleeper.signals.at(0)?.reason).toMatchObject({ name: 'AbortError' });
    expect(await remote.ping()).toBe('pong');
    expect(host.pendingCalls + hostShared.counts.pendingCalls + pluginShared.counts.runningCalls).toBe(0);
  });

  test('is never sent if its signal had aborted before the call', async () => {
    const peer = await rawPlugin({ capabilities: ['cancel', 'refs', 'types', 'errors'] });
    const signal = AbortSignal.abort(new Error('too late'));
    await expect(peer.conversation.call('sleep', [{ signal }])).rejects.toThrow('too late');
    expect(await peer.received()).toHaveLength(0);
  });

  test('sends the peer a notification with the call’s id, and drops the late answer', async () => {
    const peer = await rawPlugin({ capabilities: ['cancel'] });
    const controller = new AbortController();
    const call = peer.conversation.call('x', [{ signal: controller.signal }]);
    await peer.expects('94 00 00 a8 506c7567696e2e78 90');
    controller.abort();
    await expect(call).rejects.toMatchObject({ name: 'AbortError' });
    await peer.expects('93 02 a8 242f63616e63656c 91 00');
    peer.sends('94 01 00 c0 01');
    const next = peer.conversation.call('x', []);
    await peer.expects('94 00 01 a8 506c7567696e2e78 90');
    peer.sends('94 01 01 c0 02');
    expect(await next).toBe(2);
  });

  test('removes its listener from the signal when the answer arrives', async () => {
    const { remote } = await rpcPair(new Sleeper());
    const { signal } = new AbortController();
    const remove = vi.spyOn(signal, 'removeEventListener');
    await withCallOptions(remote, { signal }).ping();
    expect(remove).toHaveBeenCalledTimes(1);
  });
});

describe('a deadline', () => {
  test('is sent as the remaining time, and when it passes, the call rejects and the handler’s signal aborts', async () => {
    let context: CallContext | undefined;
    const { remote } = await rpcPair({
      sleep() {
        context = callContext();
        return new Promise((_, reject) =>
          context!.signal.addEventListener('abort', () => reject(new Error('late'))),
        );
      },
    });
    await expect(withCallOptions(remote, { deadlineMs: 30 }).sleep()).rejects.toMatchObject({
      code: 'RPC_DEADLINE',
    });
    expect(context!.remainingMs).toBeLessThanOrEqual(30);
    await expect.poll(() => context!.signal.aborted).toBe(true);
  });

  test('that has already passed keeps the call from being sent', async () => {
    const peer = await rawPlugin();
    await expect(peer.conversation.call('x', [], { deadlineMs: 0 })).rejects.toMatchObject({
      code: 'RPC_DEADLINE',
    });
    expect(await peer.received()).toHaveLength(0);
  });
});

test('each of several signals cancels the call', async () => {
  const { remote } = await rpcPair({ wait: (..._signals: AbortSignal[]) => new Promise<never>(() => {}) });
  for (let index = 0; index < 3; index++) {
    const controllers = [0, 1, 2].map(() => new AbortController());
    const call = remote.wait(...controllers.map((controller) => controller.signal));
    controllers.at(index)?.abort(new Error(`signal ${index}`));
    await expect(call).rejects.toThrow(`signal ${index}`);
  }
});

describe('a conversation that finishes', () => {
  test('waits, on either side, only for the streams that are being read', async () => {
    const pair = await rpcPair({
      async *count(to: number, more: AsyncIterable<number>) {
        for (let n = 1; n <= to; n++) yield n;
        yield* more;
      },
      unread: async function* () {
        yield 0;
      },
    });
    const { remote, host, plugin } = pair;
    const more = async function* (): AsyncGenerator<number> {
      await turn();
      yield 10;
    };
    await remote.unread();
    const items = remote.count(3, more())[Symbol.asyncIterator]();
    expect(await items.next()).toEqual({ done: false, value: 1 });
    remote[Symbol.dispose]();
    await expect(remote.count(1, more())).rejects.toMatchObject({ code: 'RPC_CLOSED' });
    const rest: unknown[] = [];
    for (let step = await items.next(); step.done !== true; step = await items.next()) rest.push(step.value);
    expect(rest).toEqual([2, 3, 10]);
    await Promise.all([host.closed, plugin.closed]);
  });

  test('answers running calls, then ends both directions of the stream cleanly', async () => {
    let release = (): void => {};
    const { remote, host, plugin } = await rpcPair({
      wait: () => new Promise<string>((resolve) => (release = () => resolve('done'))),
    });
    const call = remote.wait();
    await turn();
    await turn();
    host.finish();
    await expect(host.call('more', [])).rejects.toMatchObject({ code: 'RPC_CLOSED' });
    release();
    expect(await call).toBe('done');
    await Promise.all([host.closed, plugin.closed]);
  });

  test('refuses new calls with the message of refuseCalls(), while running calls continue', async () => {
    let release = (): void => {};
    const { remote, plugin } = await rpcPair({
      wait: () => new Promise<string>((resolve) => (release = () => resolve('done'))),
      ping: () => 1,
    });
    const call = remote.wait();
    await expect.poll(() => plugin.runningCalls).toBe(1);
    plugin.refuseCalls('plugin is shutting down');
    await expect(remote.ping()).rejects.toMatchObject({
      message: 'plugin is shutting down',
      code: 'RPC_SHUTTING_DOWN',
    });
    let idle = false;
    const whenIdle = plugin.idle().then(() => (idle = true));
    await turn();
    expect(idle).toBe(false);
    release();
    expect(await call).toBe('done');
    await whenIdle;
  });
});
