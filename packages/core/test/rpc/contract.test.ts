import { describe, expect, test } from 'vitest';
import {
  callContext,
  checked,
  DeclaredError,
  declaredError,
  defineContract,
  dispose,
  implement,
  isDeclaredError,
  withCallOptions,
  type StandardSchema,
} from '../support/internals.ts';
import { rpcPair } from '../support/rpc-pair.ts';

/** The smallest validator that Standard Schema allows. */
function schema<T, U = T>(make: (value: unknown) => U | undefined, expected: string): StandardSchema<T, U> {
  return {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate(value) {
        const made = make(value);
        return made === undefined
          ? { issues: [{ message: `expected ${expected}`, path: ['at', 0] }] }
          : { value: made };
      },
    },
  };
}
const text = schema<string>((value) => (typeof value === 'string' ? value : undefined), 'a string');
const count = schema<string, number>(
  (value) => (Number.isNaN(Number(value)) ? undefined : Number(value)),
  'a number',
);
const key = schema<{ key: string }>(
  (value) => (typeof value === 'object' ? (value as { key: string }) : undefined),
  'a key',
);

const contract = defineContract({
  repeat: { input: [text, count], output: text },
  items: { input: [count], items: text },
  get: { input: [text], output: text, errors: { NOT_FOUND: key } },
  free: {},
});

function handlers(overrides: object = {}) {
  return {
    repeat: (word: string, times: number) => word.repeat(times),
    async *items(times: number) {
      for (let n = 0; n < times; n++) yield `${n}`;
    },
    get(name: string): string {
      throw declaredError(contract, 'NOT_FOUND', { key: name });
    },
    free: (...args: unknown[]) => args.length,
    ...overrides,
  };
}

describe('a contract with schemas', () => {
  test('gives the handler the arguments as the schemas return them', async () => {
    const { remote } = await rpcPair(implement(contract, handlers()));
    const kv = checked(contract, remote);
    expect(await kv.repeat('ab', '3')).toBe('ababab');
    expect(await kv.repeat('ab', '1', { signal: new AbortController().signal })).toBe('ab');
    expect(await kv.free()).toBe(0);
  });

  test('refuses arguments that do not fit, with their path, before the handler runs', async () => {
    const { host } = await rpcPair(implement(contract, handlers({ repeat: () => expect.unreachable() })));
    await expect(host.call('repeat', ['a', 'many'])).rejects.toMatchObject({
      code: 'RPC_INVALID_INPUT',
      message: 'repeat: args[1].at[0]: expected a number',
    });
    await expect(host.call('repeat', ['a', '1', {}, 'more'])).rejects.toMatchObject({
      code: 'RPC_INVALID_INPUT',
    });
  });

  test('refuses results and items that do not fit, on both sides', async () => {
    const { host } = await rpcPair(implement(contract, handlers({ repeat: () => 5 })));
    await expect(host.call('repeat', ['a', '1'])).rejects.toMatchObject({ code: 'RPC_INVALID_OUTPUT' });
    const loose = await rpcPair({
      repeat: () => 5,
      async *items() {
        yield 5;
      },
    });
    const kv = checked(contract, loose.remote);
    await expect(kv.repeat('a', '1')).rejects.toMatchObject({ code: 'RPC_INVALID_OUTPUT' });
    await expect(kv.items('1')[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: 'RPC_INVALID_OUTPUT',
    });
  });

  test('accepts call options for a checked remote, and then checks its results too', async () => {
    const metadata = { tenant: 'blue' };
    const got: (string | undefined)[] = [];
    const { remote } = await rpcPair({
      repeat: () => 5,
      free: () => {
        got.push(callContext()?.metadata?.['tenant']);
        return 'done';
      },
      async *items() {
        got.push(callContext()?.metadata?.['tenant']);
        yield 5;
      },
    });
    const kv = withCallOptions(checked(contract, remote), { metadata });
    expect(await kv.free()).toBe('done');
    expect(await withCallOptions(kv, { deadlineMs: 60_000 }).free()).toBe('done');
    await expect(kv.repeat('a', '1')).rejects.toMatchObject({ code: 'RPC_INVALID_OUTPUT' });
    await expect(kv.items('1')[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: 'RPC_INVALID_OUTPUT',
    });
    expect(got).toEqual(['blue', 'blue', 'blue']);
    expect(() => withCallOptions(kv, { deadlineMs: -1 })).toThrow('options.deadlineMs must be a number');
    expect(() => withCallOptions(checked(contract, {}), {})).toThrow('withCallOptions() takes a remote');
  });

  test('disposes of the inner remote together with the checked remote', async () => {
    const { remote } = await rpcPair(implement(contract, handlers()));
    {
      using kv = withCallOptions(checked(contract, remote), { deadlineMs: 60_000 });
      expect(await kv.free()).toBe(0);
    }
    await expect(remote.free()).rejects.toMatchObject({ code: 'RPC_CLOSED' });
    checked(contract, {})[Symbol.dispose]();
  });

  test('lets callers leave out trailing arguments that may be undefined', async () => {
    const lenient: StandardSchema<string | undefined> = {
      '~standard': {
        ...text['~standard'],
        validate: (value) => ({ value: value as string | undefined }),
        types: undefined,
      },
    };
    const greets = defineContract({ greet: { input: [text, lenient, lenient], output: text } });
    const greet = (name: string, by: string | undefined, end: string | undefined): string =>
      `${name} ${by ?? '-'} ${end ?? '-'}`;
    const { remote } = await rpcPair(implement(greets, { greet }));
    const greeter = checked(greets, remote);
    expect(await greeter.greet('a')).toBe('a - -');
    expect(await greeter.greet('a', 'b')).toBe('a b -');
    expect(await greeter.greet('a', undefined, 'c', {})).toBe('a - c');
    // @ts-expect-error -- the first argument is required
    await expect(greeter.greet()).rejects.toMatchObject({ code: 'RPC_INVALID_INPUT' });
  });

  test('streams items', async () => {
    const { remote } = await rpcPair(implement(contract, handlers()));
    const seen: string[] = [];
    for await (const item of checked(contract, remote).items('3')) seen.push(item);
    expect(seen).toEqual(['0', '1', '2']);
  });

  test('can declare errors, and these arrive with their data', async () => {
    const { remote } = await rpcPair(implement(contract, handlers()));
    const error: unknown = await checked(contract, remote)
      .get('x')
      .catch((thrown: unknown) => thrown);
    expect(isDeclaredError(contract, error, 'NOT_FOUND') && error.data.key).toBe('x');
    expect(isDeclaredError(contract, new Error('x'), 'NOT_FOUND')).toBe(false);
  });

  test('runs the schema of a declared error on both sides', async () => {
    const counted = defineContract({ take: { errors: { FULL: count } } });
    const take = (): never => {
      throw declaredError(counted, 'FULL', '3');
    };
    const { host, remote } = await rpcPair(implement(counted, { take }));
    await expect(host.call('take', [])).rejects.toMatchObject({ code: 'FULL', data: 3 });
    await expect(checked(counted, remote).take()).rejects.toMatchObject({ code: 'FULL', data: 3 });
    const untrue = await rpcPair({
      take() {
        throw new DeclaredError('FULL', 'many', 'untrue');
      },
    });
    await expect(checked(counted, untrue.remote).take()).rejects.toMatchObject({
      code: 'RPC_INVALID_OUTPUT',
      message: expect.stringContaining('the data of FULL.at[0]: expected a number'),
    });
  });

  test('recognises an unchecked error as its own only if the data fits', async () => {
    const counted = defineContract({ take: { errors: { FULL: count } } });
    const { host } = await rpcPair({
      take(data: unknown) {
        throw new DeclaredError('FULL', data, 'unchecked');
      },
    });
    const thrown = (data: unknown): Promise<unknown> =>
      host.call('take', [data]).catch((error: unknown) => error);
    const fitting = await thrown('3');
    expect(isDeclaredError(counted, fitting, 'FULL') && fitting.data).toBe(3);
    expect(isDeclaredError(counted, fitting, 'FULL') && fitting.data).toBe(3);
    expect(isDeclaredError(counted, await thrown('many'), 'FULL')).toBe(false);
    expect(isDeclaredError(contract, fitting, 'FULL' as never)).toBe(false);
  });

  test('recognises another contract’s error with the same code only if the data fits', () => {
    const other = defineContract({ find: { errors: { NOT_FOUND: text } } });
    const error = declaredError(other, 'NOT_FOUND', 'x');
    expect(isDeclaredError(other, error, 'NOT_FOUND')).toBe(true);
    expect(isDeclaredError(contract, error, 'NOT_FOUND')).toBe(false);
  });

  test('does not change an error that it cannot check', async () => {
    const slow: StandardSchema<string> = {
      '~standard': { version: 1, vendor: 'test', validate: async (value) => ({ value: String(value) }) },
    };
    const broken: StandardSchema<string> = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate() {
          throw new Error('validator broke');
        },
      },
    };
    const odd = defineContract({ run: { errors: { SLOW: slow, BROKEN: broken } } });
    expect(isDeclaredError(odd, declaredError(odd, 'SLOW', 'x'), 'SLOW')).toBe(false);
    expect(isDeclaredError(odd, declaredError(odd, 'BROKEN', 'x'), 'BROKEN')).toBe(false);
    const run = (): never => {
      throw declaredError(odd, 'SLOW', 'x');
    };
    const { remote } = await rpcPair(implement(odd, { run }));
    const error: unknown = await checked(odd, remote)
      .run()
      .catch((thrown: unknown) => thrown);
    expect(isDeclaredError(odd, error, 'SLOW') && error.data).toBe('x');
  });

  test('gives a stream to a caller in the same process, without a connection', async () => {
    const served = implement(contract, handlers());
    const seen: string[] = [];
    for await (const item of served.items('2')) seen.push(item);
    expect(seen).toEqual(['0', '1']);
    await expect(served.items('many')[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: 'RPC_INVALID_INPUT',
    });
  });

  test("ends the handler's stream although next() is pending, without a connection", async () => {
    const left: unknown[] = [];
    const next = (): Promise<never> => new Promise<never>(() => {});
    const idle = {
      next,
      return: (value: unknown) => {
        left.push(value);
        return Promise.resolve({ done: true, value });
      },
    };
    const items = (): object => ({ [Symbol.asyncIterator]: () => idle });
    const served = implement(contract, handlers({ items }));
    const stream = served.items('2')[Symbol.asyncIterator]();
    const pending = stream.next();
    void pending.catch(() => {});
    await served.free();
    await stream.return?.('bye');
    await expect.poll(() => left).toEqual(['bye']);
  });

  test('makes a call fail if its handler does not return the declared stream', async () => {
    const { host } = await rpcPair(implement(contract, handlers({ items: () => 5 })));
    await expect(host.call('items', ['1'])).rejects.toMatchObject({
      code: 'RPC_INVALID_OUTPUT',
      message: 'items: result: the contract says a stream, so an async iterable was expected; got a number',
    });
  });

  test('disposes of the handlers together with the implementation', async () => {
    const ended: string[] = [];
    class Counter {
      free(): number {
        return 1;
      }
      [Symbol.dispose](): void {
        ended.push(`${this.free()}`);
      }
    }
    const free = defineContract({ free: {} });
    const served: object[] = [
      implement(free, new Counter()),
      implement(free, { free: () => 2, [Symbol.asyncDispose]: async () => void ended.push('2') }),
      implement(free, { free: () => 3 }),
    ];
    for (const one of served) await dispose(one);
    expect(ended).toEqual(['1', '2']);
  });

  test('serves only the methods that it declares', async () => {
    const { host } = await rpcPair(implement(contract, handlers({ hidden: () => 1 })));
    await expect(host.call('hidden', [])).rejects.toThrow("can't find method");
  });
});

test('misuse of a contract throws an error that says what is wrong', () => {
  expect(() => defineContract({ a: { output: {} as StandardSchema } })).toThrow('Standard Schema');
  // @ts-expect-error -- the name of the part is misspelt
  expect(() => defineContract({ a: { inputs: [text], output: text } })).toThrow('not inputs');
  expect(() => defineContract({ a: 5 } as never)).toThrow(
    'the method a must be an object of doc, input, output',
  );
  expect(() => defineContract({ a: { input: text } } as never)).toThrow('a must be a list of schemas');
  expect(() => defineContract(null as never)).toThrow(
    'defineContract() must be an object of methods; got null',
  );
  expect(() => defineContract({ a: { output: text, items: text } })).toThrow('both output and items');
  expect(() => implement(contract, handlers({ free: undefined }) as never)).toThrow(
    "the handler of the contract's method free must be a function; got undefined",
  );
  expect(() => implement(contract, undefined as never)).toThrow('handlers must be an object; got undefined');
  expect(() => checked(contract, 5 as never)).toThrow('remote must be an object; got a number');
  expect(() => checked({} as typeof contract, {})).toThrow('must be a contract from defineContract()');
  expect(() => declaredError(contract, 'NOPE' as never, {} as never)).toThrow('declares no error NOPE');
});

describe('the handlers of a contract', () => {
  const text: StandardSchema<string> = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value) =>
        typeof value === 'string' ? { value } : { issues: [{ message: 'expected a string' }] },
    },
  };
  const contract = defineContract({
    get: { input: [text], output: text, errors: { MISSING: text } },
    put: { errors: { FULL: text } },
    watch: { items: text },
  });

  test('can read the context of their call', async () => {
    const served = implement(contract, {
      get: (key) => `${key} ${callContext().metadata['tag'] ?? ''}`,
      put: () => callContext().method,
      async *watch() {
        yield callContext().method;
      },
    });
    const { host } = await rpcPair(served);
    expect(await host.call('get', ['k'], { metadata: { tag: 'x' } })).toBe('k x');
    expect(await host.call('put', [])).toBe('Plugin.put');
    const stream = (await host.call('watch', [])) as AsyncIterable<string>;
    for await (const item of stream) expect(item).toBe('Plugin.watch');
  });

  test('can throw the errors that their method declares, with checked data, and no errors of other methods', async () => {
    const served = implement(contract, {
      get(key): string {
        throw key === 'bad'
          ? new DeclaredError('MISSING', 5, 'bad')
          : declaredError(contract, 'MISSING', key);
      },
      put() {
        throw declaredError(contract, 'MISSING', 'elsewhere');
      },
      async *watch() {},
    });
    const { remote, host } = await rpcPair(served);
    await expect(checked(contract, remote).get('k')).rejects.toMatchObject({ code: 'MISSING', data: 'k' });
    await expect(host.call('get', ['bad'])).rejects.toMatchObject({ code: 'RPC_INVALID_OUTPUT' });
    await expect(host.call('put', [])).rejects.toMatchObject({ code: 'RPC_INVALID_OUTPUT' });
    const loose = await rpcPair({
      get() {
        throw new DeclaredError('MISSING', 5, 'loose');
      },
    });
    await expect(checked(contract, loose.remote).get('k')).rejects.toMatchObject({
      code: 'RPC_INVALID_OUTPUT',
    });
  });
});

describe('a contract for an interface', () => {
  interface Settings {
    read(name: string): Promise<string>;
  }

  const text = schema((value) => (typeof value === 'string' ? value : undefined), 'a text');

  test('checks values by the schemas for the interface', async () => {
    const settings = defineContract<Settings>()({ read: { input: [text], output: text } });
    const { remote, host } = await rpcPair(implement(settings, { read: (name) => `${name}!` }));
    expect(await checked(settings, remote).read('a')).toBe('a!');
    await expect(host.call('read', [5])).rejects.toMatchObject({ code: 'RPC_INVALID_INPUT' });
  });

  test('refuses an argument that is not an object of methods', () => {
    expect(() => defineContract<Settings>()(undefined as never)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    );
    expect(() => defineContract(undefined as never)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    );
  });
});
