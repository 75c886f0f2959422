/**
 * Tests large messages on many streams at the same time, with a budget that holds only some of the messages.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { defaultLimits } from '@pipework/core';
import { withCallOptions } from '../support/internals.ts';
import { rpcPair } from '../support/rpc-pair.ts';
import { atRest } from '../support/streams.ts';

const limits = { maxUnfinishedBytes: 100_000 };

/** Returns a stream of byte arrays of these sizes. Each byte of an array is the array's index, modulo 256. */
function chunks(sizes: readonly number[]): ReadableStream<Uint8Array> {
  let index = 0;
  return new ReadableStream({
    pull(controller) {
      const size = sizes[index];
      if (size === undefined) return controller.close();
      controller.enqueue(new Uint8Array(size).fill(index++ % 256));
    },
  });
}

async function sizesOf(stream: AsyncIterable<Uint8Array>, pause: () => Promise<void>): Promise<number[]> {
  const sizes: number[] = [];
  for await (const chunk of stream) {
    expect(chunk.at(-1)).toBe(sizes.length % 256);
    sizes.push(chunk.length);
    await pause();
  }
  return sizes;
}

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
};

test('streams with chunks of any size arrive complete, beside calls and in both directions, whichever side is slow', async () => {
  const pair = await rpcPair(
    {
      down: (sizes: number[]) => chunks(sizes),
      up: (stream: AsyncIterable<Uint8Array>, pause: number) => sizesOf(stream, () => turns(pause)),
      echo: (bytes: Uint8Array) => bytes.length,
    },
    { hostLimits: limits, pluginLimits: limits },
  );
  const size = fc.oneof(fc.integer({ min: 1, max: 800_000 }), fc.integer({ min: 1, max: 20_000 }));
  const stream = fc.record({
    way: fc.constantFrom('down', 'up', 'call', 'left'),
    sizes: fc.array(size, { minLength: 1, maxLength: 3 }),
    pause: fc.integer({ min: 0, max: 5 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(stream, { minLength: 1, maxLength: 8 }), async (streams) => {
      const { remote } = pair;
      const read = streams.map(async ({ way, sizes, pause }) => {
        if (way === 'down') return sizesOf(await remote.down(sizes), () => turns(pause));
        if (way === 'up') return remote.up(chunks(sizes), pause);
        if (way === 'call') return Promise.all(sizes.map((bytes) => remote.echo(new Uint8Array(bytes))));
        // The test begins to read this stream below, and leaves it when the other streams are done.
        return sizes;
      });
      const idle = await Promise.all(
        streams
          .filter(({ way }) => way === 'left')
          .map(async ({ sizes }) => {
            const reader = (await remote.down([...sizes, 800_000, 800_000])).getReader();
            await reader.read();
            return reader;
          }),
      );
      expect(await Promise.all(read)).toEqual(streams.map(({ sizes }) => sizes));
      await Promise.all(idle.map((reader) => reader.cancel()));
      await atRest(pair);
      expect(pair.hostShared.budget.used + pair.pluginShared.budget.used).toBe(0);
    }),
    { numRuns: 20, verbose: 1 },
  );
}, 60_000);

test('beyond the budget, which is 256 MiB by default, a session lets only one unfinished message grow', async () => {
  expect(defaultLimits.maxUnfinishedBytes).toBe(256 * 2 ** 20);
  const pair = await rpcPair({ down: (sizes: number[]) => chunks(sizes) }, { hostLimits: limits });
  let [used, most] = [0, 0];
  Object.defineProperty(pair.hostShared.budget, 'used', {
    get: () => used,
    set: (bytes: number) => {
      used = bytes;
      most = Math.max(most, used);
    },
  });
  const [count, size, window] = [8, 5_000_000, 2 ** 20];
  const streams = await Promise.all(Array.from({ length: count }, () => pair.remote.down([size])));
  const sizes = await Promise.all(streams.map((stream) => sizesOf(stream, () => turns(0))));
  expect(sizes).toEqual(Array.from({ length: count }, () => [size]));
  expect(most).toBeGreaterThan(limits.maxUnfinishedBytes);
  expect(most).toBeLessThan(limits.maxUnfinishedBytes + size + count * window);
});

test('a message that is larger than the budget arrives', async () => {
  const pair = await rpcPair({ length: (bytes: Uint8Array) => bytes.length }, { pluginLimits: limits });
  expect(await pair.remote.length(new Uint8Array(3_000_000))).toBe(3_000_000);
  expect(pair.pluginShared.budget.used).toBe(0);
});

test('the source of a stream runs no further ahead than the window if the consumer stops reading', async () => {
  let given = 0;
  const pair = await rpcPair({
    async *items() {
      for (;;) {
        given++;
        yield new Uint8Array(1_000_000);
      }
    },
  });
  const items = (await pair.remote.items())[Symbol.asyncIterator]();
  await items.next();
  await turns(50);
  expect(given).toBeLessThan(4);
  await (items as AsyncIterator<unknown>).return?.();
  await atRest(pair);
});

test('if a call is cancelled in the middle of a stream’s message, the message no longer counts in the budget', async () => {
  const pair = await rpcPair({ down: (sizes: number[]) => chunks(sizes) }, { hostLimits: limits });
  const controller = new AbortController();
  const stream = await withCallOptions(pair.remote, { signal: controller.signal }).down([1, 5_000_000]);
  const reader = stream.getReader();
  await reader.read();
  await expect.poll(() => pair.hostShared.budget.used).toBeGreaterThan(0);
  controller.abort(new Error('enough'));
  await expect(reader.read()).rejects.toThrow('enough');
  await atRest(pair);
  expect(pair.hostShared.budget.used).toBe(0);
});
