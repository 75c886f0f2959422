import { describe, expect, test } from 'vitest';
import { ownCapabilities } from '../support/internals.ts';
import { rawHost, rawPlugin } from '../support/raw-peer.ts';

// Tests the bytes that docs/protocol.md shows for each capability word. Other implementations rely on these
// bytes.
const all = { capabilities: [...ownCapabilities, 'tables' as const] };
const greet = '94 00 00 ac 506c7567696e2e6772656574';

describe('the protocol page shows the bytes of each value:', () => {
  const like = Array.from({ length: 8 }, (_, n) => ({ a: n, b: true }));
  const vectors: [string, unknown, string][] = [
    ['undefined', [undefined], '91 d4 00 00'],
    ['a bigint that fits into a number', 5n, '92 d4 50 62 05'],
    ['a bigint beyond 64 bits', 2n ** 64n, 'c9 0000000a 50 4e 01 0000000000000000'],
    ['a negative bigint beyond 64 bits', -(2n ** 63n) - 1n, 'c9 0000000a 50 4e ff 7fffffffffffffff'],
    ['an invalid Date', new Date(Number.NaN), '91 d4 50 44'],
    ['a Date', new Date(1000), 'd6 ff 00000001'],
    ['a Map', new Map([['a', 1]]), '93 d4 50 4d a1 61 01'],
    ['a Set', new Set([1]), '92 d4 50 53 01'],
    ['a RegExp', /a/g, '93 d4 50 52 a1 61 a1 67'],
    ['a URL', new URL('a:b'), '92 d4 50 55 a3 613a62'],
    [
      'a Float64Array',
      new Float64Array([1.5]),
      '93 d4 50 54 ac 466c6f61743634 4172726179 c4 08 000000000000f83f',
    ],
    ['a Buffer', Buffer.from([7]), '93 d4 50 54 a6 427566666572 c4 01 07'],
    ['a Uint8Array', new Uint8Array([7]), 'c4 01 07'],
    ['like objects', like, `dc 0012 d4 50 74 92 a1 61 a1 62 ${like.map((_, n) => `0${n} c3`).join(' ')}`],
  ];
  const many = Array.from({ length: 64 }, (_, n) => ({
    n: n * 300,
    f: n / 2,
    t: `n${n}`,
    b: n > 31,
    l: [n],
    r: { u: null },
    d: [[n]],
  }));
  const hex = (bytes: ArrayBufferView): string =>
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
  const bin = (bytes: ArrayBufferView): string =>
    bytes.byteLength < 256
      ? `c4 ${bytes.byteLength.toString(16)} ${hex(bytes)}`
      : `c5 ${bytes.byteLength.toString(16).padStart(4, '0')} ${hex(bytes)}`;
  const columns = `9a d4 50 43 40 97 a1 6e a1 66 a1 74 a1 62 a1 6c a1 72 a1 64
    92 01 ${bin(Int16Array.from(many, ({ n }) => n))}
    92 01 ${bin(Float64Array.from(many, ({ f }) => f))}
    93 02 ${bin(Uint8Array.from(many, ({ t }) => t.length))} ${bin(Buffer.from(many.map(({ t }) => t).join('')))}
    94 03 ${bin(Uint8Array.from(many, ({ b }) => Number(b)))} c2 c3
    93 04 ${bin(new Uint8Array(64).fill(1))} 92 01 ${bin(Int8Array.from(many, (_, n) => n))}
    93 05 91 a1 75 93 03 ${bin(new Uint8Array(64))} c0
    dc 0041 00 ${many.map((_, n) => `91 91 ${n.toString(16).padStart(2, '0')}`).join(' ')}`;
  vectors.push(['many like objects', many, columns]);
  test.each(vectors)('%s', async (_name, value, hex) => {
    const peer = await rawPlugin(all);
    void peer.conversation.call('greet', [value]).catch(() => {});
    await peer.expects(`${greet} 91 ${hex}`);
    peer.sends(`94 01 00 c0 c0`);
  });
});

test('columns with the bytes of the protocol page are read correctly', async () => {
  const peer = await rawHost({ echo: (rows: unknown) => JSON.stringify(rows) }, all);
  peer.sends(`94 00 01 ab 506c7567696e2e6563686f 91
    97 d4 50 43 02 94 a2 6964 a1 74 a2 6f6b a1 6c
      92 01 c4 04 e803 18fc
      93 02 c4 02 01 02 c4 03 61 c3bc
      94 03 c4 02 01 00 c3 c0
      93 04 c4 02 00 03 92 01 c4 03 01 02 ff`);
  const answer = (await peer.received()).toString();
  expect(answer).toContain(
    JSON.stringify([
      { id: 1000, t: 'a', ok: null, l: [] },
      { id: -1000, t: 'ü', ok: true, l: [1, 2, -1] },
    ]),
  );
});

describe('the protocol page shows the bytes of calls with references:', () => {
  test('a function in the arguments is called, and given back without a message', async () => {
    const peer = await rawPlugin(all);
    const seen: unknown[] = [];
    const result = peer.conversation.call('each', [
      ['x'],
      (word: string, index: number) => void seen.push([word, index]),
    ]);
    await peer.expects('94 00 00 ab 506c7567696e2e65616368 92 91 a1 78 c7 05 50 66 00000001');
    peer.sends('94 00 00 a6 242f63616c6c 92 01 92 a1 78 00');
    await peer.expects('94 01 00 c0 d4 00 00');
    expect(peer.conversation.references).toBe(1);
    peer.sends('94 01 00 c0 01');
    expect(await result).toBe(1);
    expect(seen).toEqual([['x', 0]]);
    expect(peer.conversation.references).toBe(0);
  });

  test('retain adds one to the count, and release subtracts the given number', async () => {
    const peer = await rawPlugin(all);
    const result = peer.conversation.call('keep', [() => 'called']);
    await peer.expects('94 00 00 ab 506c7567696e2e6b656570 91 c7 05 50 66 00000001');
    peer.sends('93 02 a8 242f72657461696e 91 01  94 01 00 c0 c0');
    await result;
    peer.sends('94 00 09 a6 242f63616c6c 92 01 90');
    await peer.expects('94 01 09 c0 a6 63616c6c6564');
    peer.sends('93 02 a9 242f72656c65617365 92 01 01');
    peer.sends('94 00 0a a6 242f63616c6c 92 01 90');
    expect((await peer.received()).toString('latin1')).toContain('RPC_REFERENCE_RELEASED');
    expect(peer.conversation.references).toBe(0);
  });

  test('a function in a result is released by the side that received it', async () => {
    const peer = await rawPlugin(all);
    const result = peer.conversation.call('make', []);
    await peer.received();
    peer.sends('94 01 00 c0 c7 05 50 66 00000007');
    const made = (await result) as { (): Promise<unknown>; [Symbol.dispose](): void };
    const answer = made();
    await peer.expects('94 00 01 a6 242f63616c6c 92 07 90');
    peer.sends('94 01 01 c0 2a');
    expect(await answer).toBe(42);
    made[Symbol.dispose]();
    await peer.expects('93 02 a9 242f72656c65617365 92 07 01');
  });

  test('a method of an object', async () => {
    const peer = await rawPlugin(all);
    const result = peer.conversation.call('make', []);
    await peer.received();
    peer.sends('94 01 00 c0 c7 05 50 6f 00000007');
    const made = (await result) as { next(): Promise<unknown> };
    void made.next().catch(() => {});
    await peer.expects('94 00 01 a6 242f63616c6c 93 07 90 a4 6e657874');
  });

  test('the signal of the call itself, and other signals', async () => {
    const peer = await rawPlugin(all);
    const own = new AbortController();
    const other = new AbortController();
    peer.conversation
      .call('wait', [{ signal: own.signal }, [other.signal, AbortSignal.abort()]])
      .catch(() => {});
    await peer.expects(
      `94 00 00 ab 506c7567696e2e77616974 92 81 a6 7369676e616c c7 05 50 63 00000000 92 c7 05 50 73 00000001 c7 05 50 61 00000000`,
    );
    other.abort();
    await peer.expects('93 02 a7 242f61626f7274 91 01');
    own.abort();
    await peer.expects('93 02 a8 242f63616e63656c 91 00');
  });
});

test('the number of a message on a stream of values may have any form of an integer', async () => {
  const peer = await rawPlugin(all);
  const result = peer.conversation.call('count', []);
  await peer.received();
  peer.sends('94 01 00 c0 c7 05 50 69 00000001');
  const items = ((await result) as AsyncIterable<unknown>)[Symbol.asyncIterator]();
  const first = items.next();
  await peer.expects('00000001');
  peer.sends('92 cc00 05 92 d30000000000000000 06 92 cf0000000000000001 07');
  expect(await first).toEqual({ done: false, value: 5 });
  expect(await items.next()).toEqual({ done: false, value: 6 });
  expect(await items.next()).toEqual({ done: true, value: 7 });
});

test('a deadline and metadata are a fifth element', async () => {
  const peer = await rawPlugin(all);
  const options = { deadlineMs: 500, metadata: { traceparent: 'x' } };
  peer.conversation.call('greet', [], options).catch(() => {});
  await peer.expects(
    `95 00 00 ac 506c7567696e2e6772656574 90 82 a8 646561646c696e65 cd 01f4 a8 6d65746164617461 81 ab 7472616365706172656e74 a1 78`,
  );
});

test('an error is a map', async () => {
  const peer = await rawHost(
    {
      fail() {
        const error = Object.assign(new TypeError('no'), { code: 'E', at: 1 });
        error.stack = 's';
        throw error;
      },
    },
    all,
  );
  peer.sends('94 00 01 ab 506c7567696e2e6661696c 90');
  await peer.expects(
    '94 01 01 85 a4 6e616d65 a9 547970654572726f72 a7 6d657373616765 a2 6e6f a4 636f6465 a1 45 a5 737461636b a1 73 a4 64617461 81 a2 6174 01 c0',
  );
});

test('a notification runs the handler, and gets no answer', async () => {
  const seen: unknown[] = [];
  const peer = await rawHost({
    note: (value: unknown) => {
      seen.push(value);
      throw new Error('nobody hears this');
    },
  });
  peer.sends('93 02 ab 506c7567696e2e6e6f7465 91 05  93 02 aa 506c7567696e2e6e6f70 90');
  expect(await peer.received()).toHaveLength(0);
  expect(seen).toEqual([5]);
});
