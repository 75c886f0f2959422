/** Tests `error.sent`, which says whether a failed call had been passed to its stream. */

import { expect, test } from 'vitest';
import { isPipeworkError, RemoteError, retain, withCallOptions } from '../support/internals.ts';
import { rpcPair } from '../support/rpc-pair.ts';

const hang = (): Promise<void> => new Promise(() => {});

async function failed(promise: Promise<unknown>): Promise<Error & { code?: string; sent?: boolean }> {
  return promise.then(
    () => expect.unreachable(),
    (error: unknown) => error as Error,
  );
}

test('a call that is pending when the connection ends was sent, and a later call was not', async () => {
  const pair = await rpcPair({ hang });
  const waiting = failed(pair.remote.hang());
  pair.cut();
  expect(await waiting).toMatchObject({ code: 'RPC_CLOSED', sent: true });
  expect(await failed(pair.remote.hang())).toMatchObject({ code: 'RPC_CLOSED', sent: false });
});

test('a call on a remote that was disposed of was not sent', async () => {
  const { remote } = await rpcPair({ hang });
  remote[Symbol.dispose]();
  expect(await failed(remote.hang())).toMatchObject({ code: 'RPC_CLOSED', sent: false });
});

test('a call whose bytes wait for the window counts as sent', async () => {
  const pair = await rpcPair({ hang: (_bytes: Uint8Array) => hang() });
  // The plugin's end reads nothing in this turn, so only the 256 KiB of the window can leave. The other bytes
  // wait.
  const waiting = failed(pair.remote.hang(new Uint8Array(8 * 1024 * 1024)));
  pair.cut();
  expect(await waiting).toMatchObject({ code: 'RPC_CLOSED', sent: true });
});

test('the error of a deadline says whether the call was sent', async () => {
  const pair = await rpcPair({ hang });
  const late = await failed(withCallOptions(pair.remote, { deadlineMs: 5 }).hang());
  expect(late).toMatchObject({ code: 'RPC_DEADLINE', sent: true });
  const never = await failed(pair.host.call('hang', [], { deadlineMs: 0 }));
  expect(never).toMatchObject({ code: 'RPC_DEADLINE', sent: false });
});

test('the reason of a signal says whether the call was sent, and `sent` stays true after a later call that was not sent', async () => {
  const pair = await rpcPair({ hang });
  const aborted = await failed(withCallOptions(pair.remote, { signal: AbortSignal.abort() }).hang());
  expect(aborted).toMatchObject({ name: 'AbortError', sent: false });
  const controller = new AbortController();
  const remote = withCallOptions(pair.remote, { signal: controller.signal });
  const waiting = failed(remote.hang());
  controller.abort();
  const reason = await waiting;
  expect(reason).toBe(controller.signal.reason);
  expect(reason.sent).toBe(true);
  expect(await failed(remote.hang())).toBe(reason);
  expect(reason.sent).toBe(true);
});

test.each(['text', undefined, Object.freeze(new Error('frozen'))])(
  'a call rejects with its signal’s reason, even if `sent` cannot be added to it: %s',
  async (reason) => {
    const pair = await rpcPair({ hang });
    const controller = new AbortController();
    const waiting = withCallOptions(pair.remote, { signal: controller.signal }).hang();
    controller.abort(reason);
    await expect(waiting).rejects.toBe(controller.signal.reason);
  },
);

test('the caller’s limits refuse a call before it is sent, and the peer’s limits refuse a call that was sent', async () => {
  const pair = await rpcPair(
    { hang, take: (_value: unknown) => {} },
    {
      hostLimits: { maxPendingCalls: 1, maxDepth: 8, maxReferences: 2, maxMessageBytes: 1000 },
      pluginLimits: { maxRunningCalls: 1, maxQueuedCalls: 1 },
    },
  );
  const take = (value: unknown) => failed(pair.remote.take(value));
  const deep = JSON.parse('['.repeat(20) + ']'.repeat(20)) as unknown;
  expect(await take(deep)).toMatchObject({ code: 'RPC_TOO_DEEP', sent: false });
  expect(await take(Array.from({ length: 5 }, () => () => 1))).toMatchObject({
    code: 'RPC_TOO_MANY_REFERENCES',
    sent: false,
  });
  expect(await take('x'.repeat(2000))).toMatchObject({ code: 'RPC_MESSAGE_TOO_LARGE', sent: false });
  expect(await take(Symbol('x'))).toMatchObject({ code: 'RPC_NOT_SERIALIZABLE', sent: false });
  const waiting = failed(pair.remote.hang());
  expect(await take(1)).toMatchObject({ code: 'RPC_OVERLOADED', sent: false });
  pair.cut();
  await waiting;

  const other = await rpcPair({ hang }, { pluginLimits: { maxRunningCalls: 1, maxQueuedCalls: 1 } });
  const calls = [1, 2, 3].map(() => failed(other.remote.hang()));
  expect(await calls[2]).toMatchObject({ code: 'RPC_OVERLOADED', sent: true });
  other.cut();
  await Promise.all(calls);
});

test('a call to a released reference fails with `sent: false`', async () => {
  const pair = await rpcPair({ make: () => () => 1 });
  const made = (await pair.remote.make()) as unknown as (() => Promise<number>) & Disposable;
  retain(made);
  made[Symbol.dispose]();
  made[Symbol.dispose]();
  expect(await failed(made())).toMatchObject({ code: 'RPC_REFERENCE_RELEASED', sent: false });
});

test('the property `sent` is never sent with an error, and no peer can set it', async () => {
  const pair = await rpcPair({
    fail: (sent: boolean) => {
      throw Object.assign(new Error('mine'), { sent, detail: 1 });
    },
    relay: async (call: () => Promise<void>) => call(),
  });
  for (const sent of [true, false]) {
    const error = await failed(pair.remote.fail(sent));
    expect(error).toMatchObject({ message: 'mine', detail: 1 });
    expect('sent' in error).toBe(false);
  }
  const relayed = await failed(
    pair.remote.relay(async () => {
      const gone = await rpcPair({ hang });
      gone.remote[Symbol.dispose]();
      await gone.remote.hang();
    }),
  );
  expect(relayed).toMatchObject({ code: 'RPC_CLOSED', sent: true });
  expect(isPipeworkError(relayed)).toBe(true);
  expect(relayed).not.toBeInstanceOf(RemoteError);
});
