/** Streams of functions and objects that the peer has retained, and that it uses while no call runs. */
import { describe, expect, test } from 'vitest';
import { ref, retain } from '../support/internals.ts';
import { type Pair, rpcPair } from '../support/rpc-pair.ts';
import { collect, source } from '../support/streams.ts';

type Made = AsyncGenerator<number, string>;
interface Kept {
  make(): Promise<Made>;
  take(stream: AsyncIterable<number>): Promise<unknown>;
}

/** How the peer ends a stream that a retained function returned. */
const readers: Record<string, (stream: Made) => Promise<unknown>> = {
  'reads it to its end': (stream) => collect(stream),
  'leaves it after the first item': async (stream) => {
    for await (const item of stream) return item;
    return undefined;
  },
  'returns it unread': (stream) => stream.return('left'),
};

/** What a retained function does with a stream in its arguments. */
const takers: Record<string, (stream: AsyncIterable<number>) => Promise<unknown>> = {
  ...readers,
  'never reads it': async () => {},
  'throws while it reads it': async (stream) => {
    for await (const item of stream) throw new Error(`no ${item}`);
  },
};

const many = 50;

async function keepers(kept: Kept): Promise<{ pair: Pair<object>; own: Kept & Disposable; functions: Kept }> {
  let own: (Kept & Disposable) | undefined;
  let functions: Kept | undefined;
  const pair = await rpcPair({
    keep(object: Kept, make: Kept['make'], take: Kept['take']): void {
      own = retain(object);
      functions = { make: retain(make), take: retain(take) };
    },
  });
  await pair.remote.keep(
    ref(kept) as never,
    (() => kept.make()) as never,
    ((stream: never) => kept.take(stream)) as never,
  );
  return { pair, own: own!, functions: functions! };
}

describe.each(['function', 'object'] as const)(
  'after many calls of a retained %s outside any call, no stream is left open if',
  (kind) => {
    test.each(Object.entries(readers))('the peer %s', async (_, read) => {
      const ended: unknown[] = [];
      const { pair, own, functions } = await keepers({
        make: async () => source(ended, 2),
        take: async () => {},
      });
      const held = [pair.host.references, pair.plugin.references];
      for (let n = 0; n < many; n++) await read(await (kind === 'object' ? own : functions).make());
      await expect.poll(() => [pair.host.references, pair.plugin.references]).toEqual(held);
      expect(pair.hostSession.streamCount).toBe(1);
    });

    test.each(Object.entries(takers))('it %s', async (_, take) => {
      const { pair, own, functions } = await keepers({
        make: async () => source([]),
        take: async (stream) => take(stream).catch(() => {}),
      });
      const held = [pair.host.references, pair.plugin.references];
      for (let n = 0; n < many; n++) await (kind === 'object' ? own : functions).take(source([], 2));
      await expect.poll(() => [pair.host.references, pair.plugin.references]).toEqual(held);
      expect(pair.hostSession.streamCount).toBe(1);
    });
  },
);

test('the streams of a retained function end with the connection', async () => {
  const ended: unknown[] = [];
  const { pair, functions } = await keepers({
    make: async () => source(ended),
    take: async (stream) => collect(stream),
  });
  const stream = await functions.make();
  const iterator = stream[Symbol.asyncIterator]();
  await iterator.next();
  const taking = functions.take(source(ended)).catch((error: { code: string }) => error.code);
  await expect.poll(() => pair.hostShared.counts.valueStreams).toBe(1);
  pair.cut();
  expect(await taking).toBe('RPC_CLOSED');
  await expect.poll(() => ended.filter((item) => item === 'closed').length).toBe(2);
  await expect.poll(() => [pair.host.references, pair.plugin.references]).toEqual([0, 0]);
});
