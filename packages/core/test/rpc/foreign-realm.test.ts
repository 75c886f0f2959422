import vm from 'node:vm';
import { inspect, types } from 'node:util';
import { describe, expect, test } from 'vitest';
import { isPipeworkError } from '../support/internals.ts';
import { rpcPair } from '../support/rpc-pair.ts';

/** Evaluates code in a new realm, and returns the value. */
const foreign = <T>(code: string): T => vm.runInNewContext(code, { URL, AbortController }) as T;

const service = {
  echo: (value: unknown) => value,
  fail(error: unknown): never {
    throw error as Error;
  },
  throwForeign(code: string): never {
    throw foreign<Error>(code);
  },
  async *items(values: unknown[]) {
    yield* values;
  },
};

describe('an error of another realm', () => {
  const code = `Object.assign(new TypeError('far', { cause: new RangeError('inner') }), { code: 'E_VM', extra: { at: 1 } })`;

  test.each(['full', 'without types'] as const)('arrives with its class and fields: %s', async (kind) => {
    const { remote } = await rpcPair(service, kind === 'full' ? {} : { capabilities: ['errors'] });
    const error = (await remote.throwForeign(code).catch((thrown: unknown) => thrown)) as TypeError;
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ name: 'TypeError', message: 'far', code: 'E_VM', extra: { at: 1 } });
    expect(error.cause).toBeInstanceOf(RangeError);
    expect(error).toHaveProperty('remoteStack', expect.stringContaining('TypeError: far'));
  });

  test('is sent as a text to a peer of the base', async () => {
    const { remote } = await rpcPair(service, { capabilities: [] });
    await expect(remote.throwForeign(code)).rejects.toThrow('far');
  });

  test('can be sent as a value at any place in a message', async () => {
    const { remote } = await rpcPair(service);
    const error = foreign<Error>(code);
    const places: [unknown, (back: never) => unknown][] = [
      [error, (back) => back],
      [{ a: [error] }, (back: { a: Error[] }) => back.a[0]],
      [new Map([[1, error]]), (back: Map<number, Error>) => back.get(1)],
      [Array.from({ length: 100 }, (_, n) => ({ n, error })), (back: { error: Error }[]) => back[99]?.error],
    ];
    for (const [value, pick] of places) {
      const back = pick((await remote.echo(value)) as never);
      expect(back).toBeInstanceOf(TypeError);
      expect(back).toMatchObject({
        message: 'far',
        code: 'E_VM',
        extra: { at: 1 },
        cause: { message: 'inner' },
      });
    }
    for await (const item of remote.items([error]))
      expect(item).toMatchObject({ message: 'far', code: 'E_VM' });
  });

  test.each<[string, string, string]>([
    [
      'a subclass',
      `class Mine extends SyntaxError { constructor() { super('m'); this.name = 'Mine'; } }; new Mine()`,
      'Mine: m',
    ],
    ['an AggregateError', `new AggregateError([new Error('one')], 'm')`, 'AggregateError: m'],
    [
      'a reference to nothing',
      `try { nothing.at.all } catch (error) { error }`,
      'ReferenceError: nothing is not defined',
    ],
    [
      'an object that inherits from Error.prototype',
      `Object.create(Error.prototype, { message: { value: 'm' } })`,
      'Error: m',
    ],
  ])('%s keeps its name and message', async (_name, source, text) => {
    const { remote } = await rpcPair(service);
    const error: unknown = await remote.throwForeign(source).catch((thrown: unknown) => thrown);
    expect(String(error)).toBe(text);
    expect(inspect(error).match(/the handler threw/g)).toBeNull();
  });

  test('makes only its own call fail if a getter, a trap or a toStringTag of it throws', async () => {
    const { remote } = await rpcPair(service);
    const sources = [
      `Object.defineProperty(new Error('m'), 'message', { get() { throw 1 } })`,
      `Object.defineProperty(new Error('m'), Symbol.toStringTag, { get() { throw 1 } })`,
      `new Proxy(new Error('m'), { getPrototypeOf() { throw 1 } })`,
    ];
    for (const source of sources) await expect(remote.throwForeign(source)).rejects.toBeInstanceOf(Error);
    expect(await remote.echo(1)).toBe(1);
  });
});

test('an error of pipework is recognised from another realm by its brand', () => {
  const error = foreign<Error>(
    `Object.defineProperty(new Error('m'), Symbol.for('pipework.error'), { value: true })`,
  );
  expect(isPipeworkError(error)).toBe(true);
});

test.each<[string, string, unknown]>([
  ['an object', `({ a: 1, b: { c: [1] } })`, { a: 1, b: { c: [1] } }],
  ['an object without a prototype', `Object.assign(Object.create(null), { a: 1 })`, { a: 1 }],
  ['an array', `[1, [2], { a: 1 }]`, [1, [2], { a: 1 }]],
  ['a Map', `new Map([['a', { b: 1 }]])`, new Map([['a', { b: 1 }]])],
  ['a Set', `new Set([1, 'a'])`, new Set([1, 'a'])],
  ['a Date', `new Date(1234)`, new Date(1234)],
  ['an invalid Date', `new Date(NaN)`, new Date(Number.NaN)],
  ['a RegExp', `/a+/gi`, /a+/gi],
  ['a Uint8Array', `new Uint8Array([1, 2])`, new Uint8Array([1, 2])],
  ['a large Uint8Array', `new Uint8Array(50000).fill(7)`, new Uint8Array(50_000).fill(7)],
  ['a Float64Array', `new Float64Array([1.5])`, new Float64Array([1.5])],
  ['an ArrayBuffer', `new Uint8Array([1, 2]).buffer`, new Uint8Array([1, 2]).buffer],
  ['a URL', `new URL('http://a/b')`, new URL('http://a/b')],
  [
    '100 records',
    `Array.from({ length: 100 }, (_, n) => ({ n, name: 'n' + n }))`,
    Array.from({ length: 100 }, (_, n) => ({ n, name: `n${n}` })),
  ],
])('%s of another realm arrives as one of this realm', async (_name, source, expected) => {
  const { remote } = await rpcPair(service);
  const back = await remote.echo(foreign(source));
  expect(back).toStrictEqual(expected);
  expect(Object.getPrototypeOf(back)).toBe(Object.getPrototypeOf(expected));
  const errorBack = await remote
    .fail(foreign<object>(`Object.assign(new Error('m'), { field: ${source} })`))
    .catch((error: unknown) => error);
  expect((errorBack as { field: unknown }).field).toStrictEqual(expected);
});

test('a promise, a signal, a function and an async iterable of another realm are recognised', async () => {
  const { remote } = await rpcPair({
    ...service,
    later: () => foreign<Promise<number>>('Promise.resolve(5)'),
    call: async (callback: () => unknown) => await callback(),
    give: () => foreign<AsyncIterable<number>>('(async function* () { yield 1; yield 2; })()'),
    wait: ({ signal }: { signal: AbortSignal }) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted')))),
  });
  expect(await remote.later()).toBe(5);
  expect(await remote.call(foreign('() => 7'))).toBe(7);
  const items: number[] = [];
  for await (const item of remote.give()) items.push(item);
  expect(items).toEqual([1, 2]);
});

describe('if a test environment has replaced the globals by classes of another realm,', () => {
  test.each([10, 100, 1_000])('%i records come back', async (count) => {
    const names = [
      'Uint8Array',
      'ArrayBuffer',
      'Error',
      'Map',
      'Set',
      'Date',
      'URL',
      'Promise',
      'AbortSignal',
      'AbortController',
      'DOMException',
    ] as const;
    const { remote } = await rpcPair(service);
    const rows = Array.from({ length: count }, (_, id) => ({ id, name: `n${id}` }));
    const kept = names.map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)!] as const);
    let back: Promise<unknown>;
    try {
      for (const name of names) {
        const value: unknown =
          name.startsWith('Abort') || name === 'URL' || name === 'DOMException' ? class {} : foreign(name);
        Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
      }
      back = remote.echo(rows);
      // The globals must stay replaced until the answer has arrived. Over pipes in memory, that takes only a
      // few turns.
      await Promise.race([back.catch(() => {}), new Promise((resolve) => setTimeout(resolve, 200))]);
    } finally {
      for (const [name, descriptor] of kept) Object.defineProperty(globalThis, name, descriptor);
    }
    expect(await back).toEqual(rows);
  });

  test.each<[string, (dates: Date[]) => unknown, (back: never) => Date | undefined]>([
    ['in a record', ([at]) => ({ at }), (back: { at: Date }) => back.at],
    ['in a list', (dates) => dates, (back: Date[]) => back[1]],
    ['in a Map', (dates) => new Map([[1, dates[1]]]), (back: Map<number, Date>) => back.get(1)],
    [
      'in a table',
      (dates) => Array.from({ length: 100 }, (_, id) => ({ id, at: dates[id % 2] })),
      (back: { at: Date }[]) => back[99]?.at,
    ],
  ])('a date %s arrives as a date', async (_name, make, pick) => {
    for (const capabilities of [undefined, ['types']] as const) {
      const { remote } = await rpcPair(service, { ...(capabilities && { capabilities }) });
      const value = make([new Date(5), new Date(5)]);
      const kept = Date;
      let back: unknown;
      try {
        globalThis.Date = foreign<DateConstructor>('Date');
        back = await remote.echo(value);
      } finally {
        globalThis.Date = kept;
      }
      const date = pick(back as never);
      expect(types.isDate(date)).toBe(true);
      expect(date?.getTime()).toBe(5);
    }
  });
});
