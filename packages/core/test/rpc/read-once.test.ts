import { describe, expect, test } from 'vitest';
import { type Capability, ref } from '../support/internals.ts';
import { rpcPair } from '../support/rpc-pair.ts';

type Beside = [name: string, make: () => unknown];

/**
 * Values that are sent beside the object whose reads are counted. Some of these values exclude the message
 * from the fast path. Others go through the code for tables and columns before the general path reads them.
 */
const beside: Beside[] = [
  ['nothing else', () => 1],
  ['a date', () => new Date(5)],
  ['a Map', () => new Map([['a', { b: 1 }]])],
  ['a Set', () => new Set([1])],
  ['an error', () => new RangeError('no')],
  ['a function', () => () => 1],
  ['a stream', () => (async function* () {})()],
  ['a signal', () => new AbortController().signal],
  ['bytes', () => new Uint8Array(4)],
  ['large bytes', () => new Uint8Array(100_000)],
  ['a typed array', () => new Float64Array(3)],
  ['a bigint', () => 5n],
  ['a bigint beyond 64 bits', () => 2n ** 70n],
  ['negative zero', () => -0],
  ['a long text', () => 'x'.repeat(300)],
  ['half a surrogate pair', () => '\ud83d'],
  ['U+FFFD', () => ['\ufffd', new Date(5)]],
  ['a key that is half a surrogate pair', () => ({ '\ud83d': 1 })],
  ['a key __proto__', () => JSON.parse('{"__proto__":{"a":1},"at":1}') as unknown],
  ['many items', () => Array.from({ length: 20 }, (_, at) => at)],
  ['many keys', () => Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`key${at}`, at]))],
  ['a deep list', () => [[[[[[[[[[1]]]]]]]]]]],
  ['a table', () => Array.from({ length: 8 }, (_, id) => ({ id }))],
  ['columns', () => Array.from({ length: 64 }, (_, id) => ({ id, at: { x: id }, tags: ['a'] }))],
  ['an object without a prototype', () => Object.assign(Object.create(null) as object, { a: 1 })],
  ['a marked object', () => ref({ run: () => 1 })],
];

/**
 * Makes values with a field, and counts how often the field is read. The first read returns 1. Later reads
 * return values that must not be sent unchecked.
 */
class Counted {
  runs = 0;

  /** Returns an object whose field is a getter. */
  object(rest: object = {}): object {
    const read = (): unknown => this.#read();
    return Object.defineProperty({ before: 'b', ...rest }, 'field', { get: read, enumerable: true });
  }

  /** Returns a proxy that counts the reads of its field. */
  proxy(): object {
    return new Proxy(
      { before: 'b', field: 0 },
      { get: (target, key) => (key === 'field' ? this.#read() : Reflect.get(target, key)) },
    );
  }

  /** Returns a list with an element that is a getter. */
  list(length: number): unknown[] {
    const list: unknown[] = Array.from({ length }, (_, at) => at);
    return Object.defineProperty(list, 0, { get: () => this.#read(), enumerable: true });
  }

  #read(): unknown {
    this.runs++;
    return this.runs === 1 ? 1 : this.runs === 2 ? () => 'not checked' : Symbol('not checked');
  }
}

/** The places in a sent value where the counted object can be. */
const places: [name: string, around: (object: unknown, other: unknown) => unknown][] = [
  ['before the other value', (object, other) => [object, other]],
  ['after the other value', (object, other) => [other, object]],
  ['in an object', (object, other) => ({ first: { object }, other })],
  ['in an object after the other value', (object, other) => ({ other, last: { object } })],
  ['in a list of lists', (object, other) => [[[object]], [[other]]]],
  ['in a Map', (object, other) => new Map([['object', object], ['other', other]])], // prettier-ignore
  ['in a list of like objects', (object, other) => Array.from({ length: 9 }, (_, at) => ({ at, object: at === 3 ? object : at, other: at === 8 ? other : 1 }))], // prettier-ignore
  ['in the columns of a long list', (object, other) => Array.from({ length: 70 }, (_, at) => ({ object: at === 5 ? object : { before: 'b', field: 1 }, other: at === 69 ? other : 1 }))], // prettier-ignore
];

/** Returns the property `field` of the first object in `value` that has one. */
function fieldIn(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  if (Object.hasOwn(value, 'field')) return (value as { field: unknown }).field;
  const parts: unknown[] = value instanceof Map ? [...value.values()] : Object.values(value);
  for (const part of parts) {
    const found = fieldIn(part);
    if (found !== undefined) return found;
  }
  return undefined;
}

const take = {
  take: (value: unknown) => fieldIn(value),
  first: (value: unknown[]) => value[0],
};

describe('each field of a sent value is read once, and the first value arrives: a getter', () => {
  describe.each(places)('%s', (_place, around) => {
    test.each(beside)('with %s', async (_name, make) => {
      const { remote } = await rpcPair(take);
      for (const kind of ['object', 'proxy'] as const) {
        const counted = new Counted();
        expect(await remote.take(around(counted[kind](), make()))).toBe(1);
        expect(counted.runs, kind).toBe(1);
      }
    });
  });

  describe('in one object', () => {
    test.each(beside)('with %s', async (_name, make) => {
      const { remote } = await rpcPair(take);
      const counted = new Counted();
      expect(await remote.take(counted.object({ other: make() }))).toBe(1);
      expect(counted.runs).toBe(1);
    });
  });

  test.each<[string, Capability[]]>([
    ['the base', []],
    ['types alone', ['types']],
    ['references alone', ['refs']],
    ['no tables', ['types', 'refs', 'errors']],
  ])('to a peer with %s', async (_name, capabilities) => {
    const { remote } = await rpcPair(take, { capabilities });
    for (const [, around] of places.filter(([name]) => name !== 'in a Map')) {
      const counted = new Counted();
      expect(await remote.take(around(counted.object(), 'x'.repeat(300)))).toBe(1);
      expect(counted.runs).toBe(1);
    }
  });

  test('in an options object, although pipework searches it for a signal', async () => {
    for (const capabilities of [undefined, []] as const) {
      const { remote } = await rpcPair(
        { take: (...options: object[]) => Object.keys(options[0] ?? {}) },
        capabilities === undefined ? {} : { capabilities },
      );
      let runs = 0;
      const controller = new AbortController();
      const options = {
        get signal() {
          runs++;
          return controller.signal;
        },
      };
      expect(await remote.take(options)).toEqual(capabilities === undefined ? ['signal'] : []);
      expect(runs).toBe(1);
    }
  });
});

describe('each element of a list is read once:', () => {
  test.each([1, 9, 20, 100])('of %i', async (length) => {
    const { remote } = await rpcPair(take);
    for (const other of [1, new Date(5)]) {
      const counted = new Counted();
      expect(await remote.first([...[counted.list(length)], other].flatMap((value) => [value]))).toEqual([
        1,
        ...Array.from({ length }, (_, at) => at).slice(1),
      ]);
      expect(counted.runs).toBe(1);
    }
  });

  test('in a column whose lists cannot be sent together', async () => {
    const { remote } = await rpcPair(take);
    const counted = new Counted();
    const rows = Array.from({ length: 70 }, (_, at) => ({
      list: at === 3 ? counted.list(4) : at === 60 ? [1, { odd: 1 }] : [1, 2],
    }));
    const echo = await rpcPair({ echo: (value: unknown) => value });
    expect(((await echo.remote.echo(rows)) as typeof rows)[3]).toEqual({ list: [1, 1, 2, 3] });
    expect(counted.runs).toBe(1);
    expect(await remote.take(1)).toBeUndefined();
  });
});

describe('each row of a long list is read once, if the rows', () => {
  const count = 70;
  test.each<[string, (row: number) => object]>([
    ['are alike', () => ({})],
    ['are alike up to the last', (row) => (row === count - 1 ? { odd: 1 } : {})],
    ['are alike up to the second', (row) => (row === 1 ? { odd: 1 } : {})],
    ['have records that are alike', (row) => ({ in: { row } })],
    ['have records that are not all alike', (row) => ({ in: row === 50 ? { odd: row } : { row } })],
    ['have functions', () => ({ run: () => 1 })],
    ['have lists of objects', (row) => ({ in: [{ row }] })],
    ['have a date in the last row only', (row) => (row === count - 1 ? { date: new Date(5) } : {})],
  ])('%s', async (_name, rest) => {
    const { remote } = await rpcPair({ sum: (rows: { field: number }[]) => rows.reduce((sum, row) => sum + row.field, 0) });
    const counters = Array.from({ length: count }, () => new Counted());
    const rows = counters.map((counted, row) => counted.object(rest(row)));
    expect(await remote.sum(rows as { field: number }[])).toBe(count);
    expect(counters.map(({ runs }) => runs)).toEqual(counters.map(() => 1));
    const nested = counters.map(() => new Counted());
    const outer = nested.map((counted, row) => ({ field: 1, in: counted.object(rest(row)) }));
    expect(await remote.sum(outer)).toBe(count);
    expect(nested.map(({ runs }) => runs)).toEqual(nested.map(() => 1));
  });
}); // prettier-ignore

describe('a value that cannot be sent is refused with its path, and each field has been read once:', () => {
  test.each<[string, (object: object) => unknown, string]>([
    ['beside', (object) => [object, Symbol('s')], 'args[0][1] is a symbol'],
    ['in a row', (object) => Array.from({ length: 9 }, (_, at) => ({ at, object, other: at === 8 ? Symbol('s') : 1 })).slice(0, 9).map((row, at) => (at === 2 ? row : { ...row, object: 1 })), 'args[0][8].other is a symbol'],
    ['in a column', (object) => Array.from({ length: 70 }, (_, at) => ({ object: at === 2 ? object : 1, other: at === 66 ? Symbol('s') : 1 })), 'args[0][66].other is a symbol'],
    ['in a column of records', (object) => Array.from({ length: 70 }, (_, at) => ({ object: at === 2 ? object : 1, in: { other: at === 66 ? Symbol('s') : 1 } })), 'args[0][66].in.other is a symbol'],
    ['in a column of lists', (object) => Array.from({ length: 70 }, (_, at) => ({ object: at === 2 ? object : 1, in: ['a', at === 66 ? Symbol('s') : 'b'] })), 'args[0][66].in[1] is a symbol'],
  ])('%s', async (_name, around, message) => {
    const { remote } = await rpcPair(take);
    const counted = new Counted();
    await expect(remote.take(around(counted.object()))).rejects.toThrow(message);
    expect(counted.runs).toBe(1);
  });

  test('a getter that throws', async () => {
    const { remote } = await rpcPair(take);
    for (const other of [1, new Date(5), 'x'.repeat(300)]) {
      let runs = 0;
      const throwing = {
        other,
        get field(): never {
          runs++;
          throw new Error('not now');
        },
      };
      await expect(remote.take([throwing])).rejects.toThrow('not now');
      expect(runs).toBe(1);
    }
  });
}); // prettier-ignore

describe('if a getter changes an object that is being sent, the change does not arrive:', () => {
  test.each(beside)('with %s', async (_name, make) => {
    const { remote } = await rpcPair({ echo: (value: unknown[]) => value.slice(1) });
    const list: unknown[] = [1, 2];
    const record: Record<string, unknown> = { a: 1 };
    const value = [
      make(),
      list,
      record,
      {
        get field() {
          list[1] = Symbol('not checked');
          record['a'] = Symbol('not checked');
          return 1;
        },
      },
    ];
    expect(await remote.echo(value)).toEqual([[1, 2], { a: 1 }, { field: 1 }]);
  });
});

describe('if a getter shortens a list, the list arrives with the length that it had when the sender reached it:', () => {
  test.each(beside)('with %s', async (_name, make) => {
    const { remote } = await rpcPair({ measure: (value: unknown[]) => value.length });
    const shortened = (before: unknown[], after: unknown[]): unknown[] => {
      const list = [
        ...before,
        {
          get field() {
            list.length = 1;
            return 1;
          },
        },
        ...after,
      ];
      return list;
    };
    expect(await remote.measure(shortened([make()], [2, 3]))).toBe(4);
    expect(await remote.measure(shortened([], [2, make(), 3]))).toBe(4);
  });
});

describe('a getter runs once', () => {
  test.each(beside)('in a result with %s', async (_name, make) => {
    const counted = new Counted();
    const { remote } = await rpcPair({ give: () => [counted.object(), make()] });
    expect(fieldIn(await remote.give())).toBe(1);
    expect(counted.runs).toBe(1);
  });

  test('in a result, even if it throws', async () => {
    let runs = 0;
    const { remote } = await rpcPair({
      give: () => ({
        get field(): never {
          runs++;
          throw new Error('not now');
        },
      }),
      later: async () => Promise.resolve([{ get field(): never { throw new Error('nor now'); } }]), // prettier-ignore
    });
    await expect(remote.give()).rejects.toThrow('not now');
    expect(runs).toBe(1);
    await expect(remote.later()).rejects.toThrow('nor now');
  });

  test.each(beside)('in items of a stream with %s', async (_name, make) => {
    const counters = Array.from({ length: 8 }, () => new Counted());
    const { remote } = await rpcPair({
      *items() {
        for (const [at, counted] of counters.entries())
          yield at === 6 ? counted.object({ other: make() }) : counted.object();
      },
    });
    const fields: unknown[] = [];
    for await (const item of remote.items()) fields.push(fieldIn(item));
    expect(fields).toEqual(counters.map(() => 1));
    expect(counters.map(({ runs }) => runs)).toEqual(counters.map(() => 1));
  });

  test.each(beside)('in arguments of a callback with %s', async (_name, make) => {
    const counted = new Counted();
    const { remote } = await rpcPair({
      call: async (callback: (...args: unknown[]) => unknown) => await callback(counted.object(), make()),
    });
    expect(await remote.call((value: unknown) => fieldIn(value))).toBe(1);
    expect(counted.runs).toBe(1);
  });

  test('in fields of an error, in its code, its cause and its list of errors', async () => {
    const counters = Array.from({ length: 5 }, () => new Counted());
    const runs = { errors: 0, code: 0, message: 0, name: 0 };
    const makers = {
      errors: () => [counters[4]!.object()],
      code: () => 'E_CODE',
      message: () => 'told once',
      name: () => 'OnceError',
    };
    const make = (): Error => {
      const error = Object.assign(new Error('no', { cause: counters[0]!.object() }), {
        info: counters[1]!.object(),
        deep: { list: [counters[2]!.object(), new Date(5)] },
        map: new Map([['a', counters[3]!.object()]]),
      });
      // Sets the stack. Otherwise V8 or a test runner would make the stack later, and would read the message
      // and the name to do so.
      error.stack = 'a stack';
      for (const key of ['errors', 'code', 'message', 'name'] as const) {
        const get = (): unknown => (runs[key]++ === 0 ? makers[key]() : 'not checked');
        Object.defineProperty(error, key, { get, enumerable: true });
      }
      return error;
    };
    const { remote } = await rpcPair({
      fail: () => {
        throw make();
      },
    });
    const error = (await remote.fail().then(
      () => undefined,
      (failure: unknown) => failure,
    )) as Error & Record<string, unknown>;
    expect([error.name, error['code']]).toEqual(['OnceError', 'E_CODE']);
    expect(error.message).toContain('told once');
    for (const key of ['info', 'deep', 'map', 'errors']) expect(fieldIn(error[key])).toBe(1);
    expect(counters.map((counted) => counted.runs)).toEqual([1, 1, 1, 1, 1]);
    expect(runs).toEqual({ errors: 1, code: 1, message: 1, name: 1 });
  });

  test('in a thrown value that is not an error', async () => {
    const counted = new Counted();
    const { remote } = await rpcPair({
      fail: () => {
        throw { nested: counted.object() } as unknown as Error;
      },
    });
    await expect(remote.fail()).rejects.toThrow('"field":1');
    expect(counted.runs).toBe(1);
  });

  test('and may make a call itself', async () => {
    const { remote } = await rpcPair({ echo: (value: unknown) => value });
    for (const [, make] of beside) {
      const inner: Promise<unknown>[] = [];
      const value = {
        other: make(),
        get field() {
          inner.push(remote.echo([{ inner: 1, other: make() }]));
          return inner.length;
        },
        after: [make()],
      };
      expect(fieldIn(await remote.echo(value))).toBe(1);
      expect(inner.length).toBe(1);
      expect(((await inner[0]) as object[])[0]).toMatchObject({ inner: 1 });
    }
  });
});
