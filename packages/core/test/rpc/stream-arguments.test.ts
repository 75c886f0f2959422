import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { rpcPair } from '../support/rpc-pair.ts';
import { atRest, collect, source } from '../support/streams.ts';

describe('a stream as an argument', () => {
  test('is read by the handler', async () => {
    const pair = await rpcPair({
      async sum(numbers: AsyncIterable<number>) {
        let sum = 0;
        for await (const n of numbers) sum += n;
        return sum;
      },
    });
    expect(await pair.remote.sum(source([], 101))).toBe(5050);
    await atRest(pair);
  });

  test('keeps all its items if the handler does not read it', async () => {
    const pair = await rpcPair({ ignore: (_numbers: AsyncIterable<number>) => 'ignored' });
    const log: unknown[] = [];
    const numbers = source(log, 2);
    expect(await pair.remote.ignore(numbers)).toBe('ignored');
    await atRest(pair);
    expect(await collect(numbers)).toEqual([0, 1]);
  });

  test('arrives as a web stream or as a Node stream, like the original', async () => {
    const pair = await rpcPair({
      async web(bytes: ReadableStream<Uint8Array>) {
        const reader = bytes.getReader();
        let length = 0;
        for (let step = await reader.read(); !step.done; step = await reader.read())
          length += step.value.length;
        return length;
      },
      async node(bytes: Readable) {
        let length = 0;
        for await (const chunk of bytes) length += (chunk as Uint8Array).length;
        return [bytes instanceof Readable, length];
      },
    });
    const chunks = [new Uint8Array(3), new Uint8Array(100_000)];
    expect(await pair.remote.web(ReadableStream.from(chunks) as ReadableStream<Uint8Array>)).toBe(100_003);
    expect(await pair.remote.node(Readable.from(chunks, { objectMode: false }))).toEqual([true, 100_003]);
    await atRest(pair);
  });
});
