import { describe, expect, test } from 'vitest';
import { callContext, withCallOptions } from '../support/internals.ts';
import { rpcPair } from '../support/rpc-pair.ts';

test.each([
  [{ deadlineMs: Number.NaN }, 'options.deadlineMs must be a number'],
  [{ deadlineMs: '5' }, 'options.deadlineMs must be a number'],
  [{ signal: {} }, 'options.signal must be an AbortSignal'],
  [{ metadata: null }, 'options.metadata must be an object'],
  [{ metadata: { a: 1 } }, 'options.metadata must be an object'],
  [
    { deadline: 5 },
    'options.deadline is not a call option: the options are signal, deadlineMs and metadata; got 5',
  ],
])('call options %o are refused before any call', async (options, message) => {
  const { remote } = await rpcPair({ ping: () => 1 });
  expect(() => withCallOptions(remote, options as object)).toThrow(message);
});

test('metadata reaches the handler', async () => {
  const { remote } = await rpcPair({ meta: () => ({ ...callContext().metadata }) });
  expect(await withCallOptions(remote, { metadata: { traceparent: '00-x' } }).meta()).toEqual({
    traceparent: '00-x',
  });
  expect(await remote.meta()).toEqual({});
});

test.each([undefined, null, 5, [], new Map([['deadlineMs', 5]])])(
  '%o is refused as call options',
  async (options) => {
    const { remote } = await rpcPair({ ping: () => 1 });
    expect(() => withCallOptions(remote, options as object)).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining(
          'must be an object of signal, deadlineMs and metadata; got',
        ) as string,
      }),
    );
  },
);

test.each([[['a']], [new Map([['a', 'b']])], [new Headers({ a: 'b' })]])(
  '%o is refused as metadata, because its entries would be lost',
  async (metadata) => {
    const { remote } = await rpcPair({ ping: () => 1 });
    expect(() => withCallOptions(remote, { metadata } as object)).toThrow(
      'options.metadata must be an object',
    );
  },
);

test('callContext() outside of a handler throws an error that says where to call it', () => {
  expect(() => callContext()).toThrow('before its first await');
});

describe('the options are read once, and the checked values are sent:', () => {
  const meta = { meta: () => ({ ...callContext().metadata }) };

  test('metadata that is changed after the check', async () => {
    const { remote } = await rpcPair(meta);
    const metadata: Record<string, unknown> = { tenant: 'a' };
    const bound = withCallOptions(remote, { metadata } as object);
    metadata['tenant'] = Symbol('not checked');
    metadata['later'] = 5;
    expect(await bound.meta()).toEqual({ tenant: 'a' });
  });

  test('a getter in the metadata and a getter of the options', async () => {
    const { remote } = await rpcPair(meta);
    const runs = { metadata: 0, tenant: 0 };
    const bound = withCallOptions(remote, {
      get metadata() {
        runs.metadata++;
        return {
          get tenant() {
            return (runs.tenant++ === 0 ? 'a' : Symbol('not checked')) as string;
          },
        };
      },
    });
    expect(await bound.meta()).toEqual({ tenant: 'a' });
    expect(await bound.meta()).toEqual({ tenant: 'a' });
    expect(runs).toEqual({ metadata: 1, tenant: 1 });
  });
});
