import { expect, test } from 'vitest';
import { rpcPair } from '../support/rpc-pair.ts';

class Greeter {
  greet(name: string): string {
    return `Hello, ${name}!`;
  }
  async later(value: unknown): Promise<unknown> {
    await Promise.resolve();
    return value;
  }
  fail(): never {
    throw new TypeError('no');
  }
  async *count(to: number): AsyncGenerator<number> {
    for (let n = 1; n <= to; n++) yield n;
  }
  async each(words: string[], visit: (word: string, index: number) => void | Promise<void>): Promise<number> {
    let index = 0;
    for (const word of words) await visit(word, index++);
    return index;
  }
}

for (const capabilities of [undefined, []] as const) {
  test(`calls a method and answers with its result, ${capabilities ? 'in the base' : 'with all capabilities'}`, async () => {
    const { remote } = await rpcPair(new Greeter(), capabilities && { capabilities });
    expect(await remote.greet('world')).toBe('Hello, world!');
    expect(await remote.later({ a: [1, 2, { b: null }] })).toEqual({ a: [1, 2, { b: null }] });
    await expect(remote.fail()).rejects.toThrow('no');
  });
}

test('iterates a stream without awaiting its call', async () => {
  const { remote } = await rpcPair(new Greeter());
  const seen: number[] = [];
  for await (const n of remote.count(3)) seen.push(n);
  expect(seen).toEqual([1, 2, 3]);
});

test('calls a function that came as an argument', async () => {
  const { remote, host, plugin } = await rpcPair(new Greeter());
  const seen: string[] = [];
  expect(await remote.each(['a', 'b'], (word, index) => void seen.push(`${word}${index}`))).toBe(2);
  expect(seen).toEqual(['a0', 'b1']);
  expect([host.references, plugin.references]).toEqual([0, 0]);
});

test('large and small messages that are under way in both directions at the same time do not mix', async () => {
  const { remote } = await rpcPair({
    echo: (value: unknown) => value,
    back: async (bytes: Uint8Array, visit: (bytes: Uint8Array) => Promise<Uint8Array>) => visit(bytes),
  });
  const calls = Array.from({ length: 60 }, async (_, index) => {
    const bytes = Buffer.alloc(index % 3 === 0 ? 150_000 + index : index, index);
    const echoed = (await remote.echo({ index, list: [bytes, index, bytes] })) as {
      index: number;
      list: Buffer[];
    };
    expect(echoed.index).toBe(index);
    expect([echoed.list[0]?.equals(bytes), echoed.list[1], echoed.list[2]?.equals(bytes)]).toEqual([
      true,
      index,
      true,
    ]);
    const back = await remote.back(bytes, async (came) => came);
    expect(bytes.equals(back)).toBe(true);
  });
  await Promise.all(calls);
});

test('each of a thousand calls in flight gets its own answer', async () => {
  const { remote } = await rpcPair({
    echo: async (value: number) => {
      if (value % 2 === 0) await new Promise((resolve) => setImmediate(resolve));
      return value;
    },
  });
  const numbers = Array.from({ length: 1000 }, (_, index) => index);
  expect(await Promise.all(numbers.map(async (n) => remote.echo(n)))).toEqual(numbers);
});
