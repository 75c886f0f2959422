/** Tests `createRemote()`, which makes a remote from a function of the user. */

import { describe, expect, test } from 'vitest';
import { createRemote, type CallOptions, type RemoteCall, withCallOptions } from '../support/internals.ts';
import { rpcPair } from '../support/rpc-pair.ts';

interface Greeter {
  greet(name: string): string;
  count(to: number): AsyncIterable<number>;
}

function recorded(): { calls: unknown[][]; remote: ReturnType<typeof createRemote<Greeter>> } {
  const calls: unknown[][] = [];
  const remote = createRemote<Greeter>(async (...call) => {
    calls.push(call);
    return 'answer';
  });
  return { calls, remote };
}

test('a remote keeps the methods of 1,024 names, and makes a new function at each use of a further name', async () => {
  const methods = createRemote<Record<string, () => unknown>>(async (method) => method);
  const first = methods['name 0'];
  for (let index = 1; index < 1_024; index++) void methods[`name ${index}`];
  expect(methods['name 0']).toBe(first);
  expect(methods['name 1023']).toBe(methods['name 1023']);
  expect(methods['one more']).not.toBe(methods['one more']);
  expect(await methods['one more']?.()).toBe('one more');
});

describe('a remote that createRemote() made from a function', () => {
  test('calls the function with the method, the arguments, and all options, known or unknown', async () => {
    const { calls, remote } = recorded();
    expect(await remote.greet('you')).toBe('answer');
    const pinned = withCallOptions(remote, { affinity: 'a', deadlineMs: 5 });
    await withCallOptions(pinned, { priority: 2, deadlineMs: 7 }).greet('them');
    expect(calls).toEqual([
      ['greet', ['you'], undefined],
      ['greet', ['them'], { affinity: 'a', deadlineMs: 7, priority: 2 }],
    ]);
  });

  test('refuses an invalid value of a known option, while a dispensed remote refuses unknown options too', async () => {
    const { remote } = recorded();
    const pair = await rpcPair({ greet: (name: string) => name });
    const wrong = { deadlineMs: -1, affinity: 'a' };
    const invalid = expect.objectContaining({ code: 'CONFIG_INVALID' }) as Error;
    expect(() => withCallOptions(remote, wrong)).toThrow(invalid);
    expect(() => withCallOptions(remote, null as unknown as CallOptions)).toThrow(invalid);
    expect(() => withCallOptions(pair.remote, { affinity: 'a' })).toThrow(invalid);
    expect(() => createRemote(5 as unknown as RemoteCall)).toThrow(invalid);
  });

  test('lets a caller iterate a result that is a stream, without awaiting the call', async () => {
    const pair = await rpcPair({
      async *count(to: number) {
        for (let n = 1; n <= to; n++) yield n;
      },
    });
    const inner = pair.remote as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
    const remote = createRemote<Greeter>((method, args) => inner[method]!(...args));
    const got: number[] = [];
    for await (const n of remote.count(3)) got.push(n);
    expect(got).toEqual([1, 2, 3]);
    expect(await (remote.count(1) as unknown as Promise<unknown>)).toHaveProperty('next');
  });

  test('turns an error that the function throws into a rejection', async () => {
    const error = new Error('at once');
    const remote = createRemote<Greeter>(() => {
      throw error;
    });
    await expect(remote.greet('you')).rejects.toBe(error);
  });

  test('does not call the function after `await using` has released the remote', async () => {
    const { calls, remote } = recorded();
    {
      // oxlint-disable-next-line typescript/await-thenable -- the README does the same with every remote
      await using held = remote;
      await held.greet('you');
    }
    await expect(remote.greet('you')).rejects.toMatchObject({ code: 'RPC_CLOSED', sent: false });
    expect(calls).toHaveLength(1);
  });

  test('is sent by reference, like a dispensed remote', async () => {
    const { calls, remote } = recorded();
    const pair = await rpcPair({ pass: async (greeter: Greeter) => greeter.greet('from afar') });
    expect(await pair.remote.pass(remote as unknown as Greeter)).toBe('answer');
    expect(calls).toEqual([['greet', ['from afar'], undefined]]);
  });
});
