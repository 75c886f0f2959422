import { inspect } from 'node:util';
import { describe, expect, test, vi } from 'vitest';
import { copyOfStandIn, ref, retain } from '../support/internals.ts';
import { rpcPair, type Pair } from '../support/rpc-pair.ts';

type Visit = (value: unknown) => unknown;
/** A retained function. The handler that retained the function gives it back by `[Symbol.dispose]()`. */
interface Kept {
  (value: unknown): unknown;
  [Symbol.dispose](): void;
}

/** Checks that neither side holds a reference. */
async function atRest(pair: Pair<object>): Promise<void> {
  for (let turn = 0; turn < 100; turn++) {
    if (pair.host.references + pair.plugin.references === 0) break;
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect([pair.host.references, pair.plugin.references]).toEqual([0, 0]);
  expect(pair.hostShared.counts).toEqual({
    pendingCalls: 0,
    runningCalls: 0,
    runningCallbacks: 0,
    references: 0,
    valueStreams: 0,
  });
  expect(pair.pluginShared.counts).toEqual({
    pendingCalls: 0,
    runningCalls: 0,
    runningCallbacks: 0,
    references: 0,
    valueStreams: 0,
  });
}

describe('a function as an argument', () => {
  test('can be called many times at the same time, even if it is deep inside an object', async () => {
    const pair = await rpcPair({
      async all(options: { deep: { visit: Visit }[] }, times: number) {
        const visit = options.deep.at(0)?.visit ?? (() => {});
        return Promise.all(Array.from({ length: times }, (_, index) => visit(index)));
      },
    });
    const result = await pair.remote.all({ deep: [{ visit: async (value) => (value as number) * 2 }] }, 100);
    expect(result).toEqual(Array.from({ length: 100 }, (_, index) => index * 2));
    await atRest(pair);
  });

  test('makes the handler that calls it fail with the error that the function threw', async () => {
    const pair = await rpcPair({ run: async (visit: Visit) => visit(1) });
    await expect(
      pair.remote.run(() => {
        throw new RangeError('not one');
      }),
    ).rejects.toThrow('not one');
    await atRest(pair);
  });

  test('is the same function if it is sent twice, and the caller’s own function if it is sent back', async () => {
    const pair = await rpcPair({ twice: (one: Visit, other: Visit) => ({ same: one === other, back: one }) });
    const visit = (): void => {};
    const result = await pair.remote.twice(visit, visit);
    expect(result.same).toBe(true);
    expect(result.back).toBe(visit);
    await atRest(pair);
  });

  test('is released when the call has settled', async () => {
    let kept: Visit | undefined;
    const pair = await rpcPair({
      keep(visit: Visit) {
        kept = visit;
      },
    });
    await pair.remote.keep(() => 1);
    await atRest(pair);
    await expect(kept!(1)).rejects.toMatchObject({ code: 'RPC_REFERENCE_RELEASED' });
  });

  test('that the handler has retained can be called until the handler disposes of it', async () => {
    let kept: Kept | undefined;
    const pair = await rpcPair({
      keep(visit: Visit) {
        kept = retain(visit);
      },
    });
    await pair.remote.keep(async (value) => `got ${String(value)}`);
    expect(await kept!(1)).toBe('got 1');
    expect(await kept!(2)).toBe('got 2');
    kept![Symbol.dispose]();
    await atRest(pair);
    await expect(kept!(3)).rejects.toMatchObject({ code: 'RPC_REFERENCE_RELEASED' });
  });

  test('can be passed on to a third side', async () => {
    const far = await rpcPair({ call: async (visit: Visit) => visit('far') });
    const near = await rpcPair({ pass: (visit: Visit) => far.remote.call(visit) });
    expect(await near.remote.pass(async (value) => `${String(value)} away`)).toBe('far away');
    await atRest(near);
    await atRest(far);
  });
});

test('the counts of references go back to zero after 10,000 calls with callbacks, without a garbage collection', async () => {
  const pair = await rpcPair({
    run: async (visit: Visit, other: { back: Visit }) => [await visit(1), await other.back(2)],
  });
  for (let batch = 0; batch < 100; batch++) {
    await Promise.all(
      Array.from({ length: 100 }, async () => {
        expect(await pair.remote.run(async (value) => value, { back: (value) => value })).toEqual([1, 2]);
      }),
    );
  }
  await atRest(pair);
});

describe('a function as a result', () => {
  test('belongs to the receiver until the receiver disposes of it', async () => {
    const pair = await rpcPair({
      counter() {
        let count = 0;
        return { next: () => ++count };
      },
    });
    const { next } = await pair.remote.counter();
    expect([await next(), await next()]).toEqual([1, 2]);
    expect(pair.plugin.references).toBe(1);
    next[Symbol.dispose]();
    await atRest(pair);
  });

  test('can itself take and return functions', async () => {
    const pair = await rpcPair({
      make: (prefix: string) => async (ask: (question: string) => unknown) =>
        `${prefix} ${String(await ask('who?'))}`,
    });
    const greet = await pair.remote.make('Hello');
    expect(await greet((question) => `${question} me`)).toBe('Hello who? me');
    greet[Symbol.dispose]();
    await atRest(pair);
  });
});

describe('an object marked with ref', () => {
  class Account {
    #balance = 0;
    get secret(): number {
      return this.#balance;
    }
    deposit(amount: number): number {
      this.#balance += amount;
      return this.#balance;
    }
  }

  test('keeps its state in its own process, and answers calls', async () => {
    const account = new Account();
    const pair = await rpcPair({ open: () => ref(account) });
    const remote = (await pair.remote.open()) as unknown as {
      deposit(amount: number): Promise<number>;
      secret(): Promise<unknown>;
      [Symbol.dispose](): void;
    };
    expect(await remote.deposit(5)).toBe(5);
    expect(await remote.deposit(5)).toBe(10);
    await expect(remote.secret()).rejects.toMatchObject({ code: 'RPC_UNKNOWN_METHOD' });
    remote[Symbol.dispose]();
    await atRest(pair);
  });

  test('is disposed of when the last holder disposes of it, or the conversation ends', async () => {
    const ends: string[] = [];
    const door = (name: string): object =>
      ref({ [Symbol.dispose]: () => void ends.push(name), open: () => name });
    const [first, second, third] = [door('first'), door('second'), door('third')];
    const pair = await rpcPair({
      first: () => first,
      second: () => ({ deep: [second] }),
      async *third() {
        yield third;
      },
    });
    type Door = Disposable & { open(): Promise<string> };
    const once = (await pair.remote.first()) as Door;
    const twice = (await pair.remote.first()) as Door;
    expect(twice).toBe(once);
    await pair.remote.second();
    for await (const one of pair.remote.third()) expect(await (one as Door).open()).toBe('third');
    expect(ends).toEqual([]);
    once[Symbol.dispose]();
    await expect.poll(() => ends).toEqual(['first']);
    pair.cut();
    await pair.plugin.closed;
    expect(ends).toEqual(['first', 'second', 'third']);
  });

  test('is disposed of if the caller had left before the answer came', async () => {
    const told = vi.fn();
    let answer = (): void => {};
    const pair = await rpcPair({
      open: (_options: { signal: AbortSignal }) =>
        new Promise<object>((resolve) => {
          answer = () => resolve(ref({ [Symbol.asyncDispose]: told }));
        }),
    });
    const controller = new AbortController();
    const opened = pair.remote.open({ signal: controller.signal });
    await expect.poll(() => pair.plugin.runningCalls).toBe(1);
    controller.abort();
    await expect(opened).rejects.toThrow('aborted');
    answer();
    await expect.poll(() => told.mock.calls.length).toBe(1);
    await atRest(pair);
  });

  test('is not disposed of if it was an argument, because it still belongs to its owner', async () => {
    const told = vi.fn();
    const lent = ref({ [Symbol.dispose]: told, name: async () => 'lent' });
    let kept: (Disposable & { name(): Promise<string> }) | undefined;
    const pair = await rpcPair({
      async use(one: { name(): Promise<string> }) {
        kept = retain(one);
        return one.name();
      },
    });
    expect(await pair.remote.use(lent)).toBe('lent');
    kept![Symbol.dispose]();
    await atRest(pair);
    expect(told).not.toHaveBeenCalled();
  });

  test('causes one warning if its dispose method fails', async () => {
    const warned = vi.spyOn(process, 'emitWarning').mockReturnValue();
    const pair = await rpcPair({
      open: () =>
        ref({
          [Symbol.dispose]() {
            throw new Error('stuck');
          },
        }),
    });
    ((await pair.remote.open()) as Disposable)[Symbol.dispose]();
    await atRest(pair);
    await expect.poll(() => warned.mock.calls.flat()).toContainEqual(expect.stringContaining('Error: stuck'));
    warned.mockRestore();
  });

  test('is the same object if it is sent back', async () => {
    const account = new Account();
    const pair = await rpcPair({ pass: (object: object) => object });
    expect(await pair.remote.pass(ref(account))).toBe(account);
    await atRest(pair);
  });
});

describe('an abort signal', () => {
  test('reaches the handler from any place in the arguments', async () => {
    const pair = await rpcPair({
      wait: (options: { inner: { stop: AbortSignal } }) =>
        new Promise((resolve) => options.inner.stop.addEventListener('abort', () => resolve('stopped'))),
    });
    const controller = new AbortController();
    const waiting = pair.remote.wait({ inner: { stop: controller.signal } });
    setImmediate(() => controller.abort());
    expect(await waiting).toBe('stopped');
    await atRest(pair);
  });

  test('arrives aborted if it was aborted before the call', async () => {
    const pair = await rpcPair({ state: (options: { stop: AbortSignal }) => options.stop.aborted });
    expect(await pair.remote.state({ stop: AbortSignal.abort() })).toBe(true);
    await atRest(pair);
  });
});

test('a dispensed object is passed on by reference, even beside plain data', async () => {
  const far = await rpcPair({ name: () => 'far' });
  const near = await rpcPair({
    ask: async (other: { plain: number; remote: { name(): Promise<string> } }) => [
      other.plain,
      await other.remote.name(),
    ],
  });
  expect(await near.remote.ask({ plain: 1, remote: far.remote })).toEqual([1, 'far']);
  await atRest(near);
});

test('a marked plain object is sent by reference, even in a list of unmarked objects', async () => {
  const pair = await rpcPair({
    sum: async (list: { value(): Promise<number> }[]) =>
      (await Promise.all(list.map((one) => one.value()))).length,
  });
  const list = Array.from({ length: 10 }, () => ref({ value: async () => 1 }));
  expect(await pair.remote.sum(list)).toBe(10);
  await atRest(pair);
});

test('the error of a call through a reference names the called method, or the argument that cannot be sent', async () => {
  const pair = await rpcPair({
    make: () => [async (value: unknown) => value, ref({ hang: () => new Promise(() => {}) })],
  });
  const [call, object] = (await pair.remote.make()) as unknown as [
    (value: unknown) => Promise<unknown>,
    { hang(): Promise<unknown> },
  ];
  await expect(call({ deep: [Symbol('x')] })).rejects.toThrow('args[0].deep[0] is a symbol');
  const hanging = object.hang();
  pair.cut();
  await expect(hanging).rejects.toThrow(/^\$\/call\.hang was not answered by plugin test: /);
});

test.each([undefined, null, 5, 'text'])('ref() and retain() refuse %j, and the error shows it', (value) => {
  const code = 'CONFIG_INVALID';
  const got = value === undefined ? 'nothing' : inspect(value);
  expect(() => ref(value as never)).toThrow(
    expect.objectContaining({
      code,
      message: `the argument of ref() must be an object with methods; got ${got}`,
    }),
  );
  expect(() => retain(value as never)).toThrow(
    expect.objectContaining({
      code,
      message: `the argument of retain() must be a function or object; got ${got}`,
    }),
  );
});

test.each([[[1]], [new Date(0)], [new Uint8Array(1)], [new ArrayBuffer(1)]])(
  'ref() refuses %o, which would be copied anyway',
  (value) => {
    expect(() => ref(value)).toThrow(/ref\(\) must be no array, Date or binary data.*; got /);
  },
);

test('retain() refuses a dispensed remote, and the error says that the remote needs no retain()', async () => {
  const { remote } = await rpcPair({});
  expect(() => retain(remote)).toThrow(
    expect.objectContaining({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('a dispensed remote, which lives until it is disposed of') as unknown,
    }),
  );
});

test('retain() refuses a frozen object of this process, and the error mentions that it is frozen', () => {
  expect(() => retain(Object.freeze({}))).toThrow('retain() must be remote, or not frozen');
});

test('if one copy of the package marked or received an object, another copy sends it by reference', async () => {
  const copy = await copyOfStandIn();
  expect(copy.ref).not.toBe(ref);
  class Counter {
    next(): number {
      return 1;
    }
  }
  const pair = await rpcPair({ made: () => [copy.ref(new Counter()), copy.ref({ next: () => 2 })] });
  const counters = (await pair.remote.made()) as unknown as { next(): Promise<number> }[];
  expect(await Promise.all(counters.map(async (counter) => counter.next()))).toEqual([1, 2]);
  expect(counters.every((counter) => copy.remoteTargetOf(counter) !== undefined)).toBe(true);
});

test('a call with more references than the limit fails, and its references are given back', async () => {
  const pair = await rpcPair(
    { take: (...visits: Visit[]) => visits.length },
    { hostLimits: { maxReferences: 3 } },
  );
  await expect(pair.remote.take(...Array.from({ length: 5 }, () => () => 1))).rejects.toMatchObject({
    code: 'RPC_TOO_MANY_REFERENCES',
  });
  expect(await pair.remote.take(() => 1)).toBe(1);
  await atRest(pair);
});

test('all references are released when the peer is gone', async () => {
  let kept: Visit | undefined;
  const pair = await rpcPair({
    keep(visit: Visit) {
      kept = retain(visit);
      return () => 1;
    },
  });
  const got = await pair.remote.keep(() => 1);
  pair.cut();
  await Promise.all([pair.host.closed, pair.plugin.closed]);
  await atRest(pair);
  await expect(kept!(1)).rejects.toMatchObject({ code: 'RPC_CLOSED' });
  await expect(got()).rejects.toMatchObject({ code: 'RPC_CLOSED' });
});
