import { inspect, format } from 'node:util';
import { describe, expect, expectTypeOf, test, vi } from 'vitest';
import { namesOfTools, isProbedName, ref, type Remote, servedObjectOf } from '../support/internals.ts';
import { rawHost, rawPlugin } from '../support/raw-peer.ts';
import { rpcPair } from '../support/rpc-pair.ts';

const names = [
  ...[...namesOfTools, 'then', 'toString', 'valueOf', 'toLocaleString', 'constructor'],
  ...['@@iterator', 'fantasy-land/map'],
];
const fn = (): never => {
  throw new Error('called');
};
const rowsWith = (count: number, name: string): object[] =>
  Array.from({ length: count }, (_, n) => ({ n, [name]: n === count - 1 ? fn : 1 }));

/** The places where a function can be sent under a name. */
const places: Record<string, (name: string) => unknown> = {
  'an object': (name) => ({ [name]: fn }),
  'a nested object': (name) => [{ a: [{ [name]: fn }] }],
  'an entry of a Map': (name) => new Map([[name, fn]]),
  'an object in a Map': (name) => new Map([[1, { [name]: fn }]]),
  'an object in a Set': (name) => new Set([{ [name]: fn }]),
  'a row of a table': (name) => rowsWith(10, name),
  'a row of columns': (name) => rowsWith(100, name),
  'a record in columns': (name) => rowsWith(100, name).map((row) => ({ row })),
  'a list in columns': (name) => Array.from({ length: 100 }, () => ({ list: [{ [name]: fn }] })),
};
const each = names
  .flatMap((name) => Object.keys(places).map((place) => ({ name, place })))
  // The runtime awaits the result of a handler, so an object with a method `then` is never sent.
  .filter(({ name, place }) => name !== 'then' || place !== 'an object');

describe('a sender refuses a function under a name that tools call unasked', () => {
  test.each(each)('$name in $place', async ({ name, place }) => {
    const value = places[place]!(name);
    const { host, remote, plugin } = await rpcPair({
      take: () => 1,
      give: () => value,
      async *items() {
        yield value;
      },
      visit: async (callback: (value: unknown) => unknown) => callback(value),
    });
    const refused = { code: 'RPC_NOT_SERIALIZABLE', message: expect.stringContaining(name) as unknown };
    await expect(host.call('take', [value])).rejects.toMatchObject(refused);
    await expect(remote.give()).rejects.toMatchObject(refused);
    await expect(remote.visit(() => 1)).rejects.toMatchObject(refused);
    const drain = async (): Promise<void> => {
      for await (const item of remote.items()) expect(item).toBeUndefined();
    };
    await expect(drain()).rejects.toMatchObject(refused);
    await expect.poll(() => [host.references, plugin.references]).toEqual([0, 0]);
  });

  test.each(names)('a thrown error loses only its field %s', async (name) => {
    const { remote } = await rpcPair({
      fail() {
        throw Object.defineProperty(Object.assign(new Error('odd'), { kept: 1 }), name, {
          value: fn,
          enumerable: true,
        });
      },
    });
    const error: unknown = await remote.fail().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ message: 'odd', kept: 1 });
    expect(Object.keys(error as object)).not.toContain(name);
    expect(`${String(error)} ${JSON.stringify(error)} ${inspect(error)}`).toContain('odd');
  });
});

test('a value that is not a function is ordinary data, even under a name that tools call unasked', async () => {
  const { remote } = await rpcPair({ echo: (value: unknown) => value });
  const data = {
    toJSON: 1,
    toString: 'x',
    inspect: [null],
    then: true,
    '@@iterator': { a: 1 },
    valueOf: null,
  };
  expect(await remote.echo(data)).toStrictEqual(data);
  const rows = Array.from({ length: 100 }, () => data);
  expect(await remote.echo(rows)).toStrictEqual(rows);
  expect(await remote.echo(rows.slice(0, 10))).toStrictEqual(rows.slice(0, 10));
  const map = new Map(Object.entries(data));
  expect(await remote.echo(map)).toStrictEqual(map);
});

describe('receiving a function under a name that tools call unasked fails the call and releases the references of the message', () => {
  const text = (name: string): string =>
    (0xa0 + name.length).toString(16) + Buffer.from(name).toString('hex');
  const reference = 'c7 05 50 66 00000001';
  const forms: [string, (name: string) => string][] = [
    ['an object', (name) => `81 ${text(name)} ${reference}`],
    ['a Map', (name) => `93 d4504d ${text(name)} ${reference}`],
    ['a table', (name) => `93 d45074 91 ${text(name)} ${reference}`],
    ['columns', (name) => `94 d45043 01 91 ${text(name)} 92 00 ${reference}`],
    ['an object with a key __proto__', (name) => `82 a9 ${Buffer.from('__proto__').toString('hex')} 01 ${text(name)} ${reference}`],
    ['an error’s field', (name) => `92 d45045 81 a4 64617461 81 ${text(name)} ${reference}`],
  ]; // prettier-ignore
  test.each(names.flatMap((name) => forms.map(([form, hex]) => ({ name, form, hex: hex(name) }))))(
    '$name in $form',
    async ({ hex }) => {
      const plugin = await rawPlugin({ capabilities: ['refs', 'types', 'tables', 'errors'] });
      const call = plugin.conversation.call('x', []);
      await plugin.received();
      plugin.sends(`94 01 00 c0 92 ${reference} ${hex}`);
      await expect(call).rejects.toMatchObject({ code: 'RPC_INVALID_VALUE' });
      expect(plugin.conversation.references).toBe(0);

      let taken = 0;
      const host = await rawHost({ take: () => taken++ }, { capabilities: ['refs', 'types', 'tables'] });
      host.sends(`94 00 01 ab 506c7567696e2e74616b65 91 ${hex}`);
      expect((await host.received()).toString('latin1')).toContain('a name that common tools call');
      expect([taken, host.conversation.references]).toEqual([0, 0]);
    },
  );
});

test('an error’s cause is left out if it is a thrown function, because loggers would call the function', async () => {
  const plugin = await rawPlugin({ capabilities: ['refs', 'types', 'errors'] });
  const call = plugin.conversation.call('x', []);
  await plugin.received();
  const thrown = '82 a4 6e616d65 a0 a4 64617461 81 a6 7468726f776e c7 05 50 66 00000001';
  plugin.sends(`94 01 00 c0 92 d45045 82 a7 6d657373616765 a1 6d a5 6361757365 ${thrown}`);
  const error = await call;
  expect(error).toMatchObject({ message: 'm' });
  expect(error).not.toHaveProperty('cause');
});

describe('a stand-in for an object of the peer', () => {
  const probes = ['asymmetricMatch', 'inspect', 'getMockName', '$$typeof', 'nodeType', 'then', 'catch'];
  // pino treats an object with these properties as a request or a response, and calls `id` and `getHeaders`.
  // bunyan calls `cause`.
  probes.push('socket', 'getHeaders', 'cause', 'isEqualNode');
  // Immutable.js calls the first two. Ramda and transducers call the others.
  probes.push('hashCode', 'equals', 'fantasy-land/empty', 'fantasy-land/map', '@@transducer/step');
  const immutable = ['ITERABLE', 'KEYED', 'ORDERED', 'LIST', 'MAP', 'RECORD'].map(
    (kind) => `@@__IMMUTABLE_${kind}__@@`,
  );

  test('can be inspected by tools without causing a call', async () => {
    const called = vi.fn(() => 1);
    const { remote, host } = await rpcPair({ open: () => ref({ next: called }) });
    const cursor = (await remote.open()) as object;
    const before = host.pendingCalls;
    for (const held of [remote, cursor]) {
      expect(() => expect(held).toEqual({ anything: 1 })).toThrow();
      expect(() => expect([held]).toMatchObject([{ x: 1 }])).toThrow();
      expect(() => expect(vi.fn(() => held)()).toStrictEqual({ completely: 'different' })).toThrow();
      const spy = vi.fn();
      spy(held);
      expect(() => expect(spy).toHaveBeenCalledWith({ completely: 'different' })).toThrow();
      expect(held).toEqual(held);
      expect(`${inspect(held)} ${format('%s %o %j', held, held, held)}`).toContain('[');
      // The stand-in itself has a toJSON().
      expect(JSON.stringify({ held })).toMatch(/^\{"held":"\[.*object.*\]"\}$/);
      for (const name of [...probes, ...immutable]) {
        expect((held as Record<string, unknown>)[name]).toBeUndefined();
        expect(name in held).toBe(false);
      }
    }
    expect([host.pendingCalls, called.mock.calls.length]).toEqual([before, 0]);
  });

  test('has a type without the methods whose names tools call unasked', () => {
    interface Odd {
      inspect(): void;
      toJSON(): string;
      asymmetricMatch(other: unknown): boolean;
      nodeType(): number;
      hashCode(): number;
      equals(other: unknown): boolean;
      '@@iterator'(): void;
      'fantasy-land/map'(): void;
      fine(): void;
    }
    expectTypeOf<Extract<keyof Remote<Odd>, string>>().toEqualTypeOf<'fine'>();
    type Tools = { [K in (typeof namesOfTools)[number]]: () => void };
    type Everywhere = { [K in '__proto__' | 'constructor' | '__lookupGetter__']: () => void };
    expectTypeOf<Extract<keyof Remote<Tools & Everywhere>, string>>().toEqualTypeOf<never>();
  });
});

describe('serving', () => {
  test.each([...namesOfTools, '@@iterator', 'fantasy-land/map'])(
    'an object with a method %s fails, and the error names the method',
    (name) => {
      expect(() => servedObjectOf({ [name]: fn }, 'the implementation')).toThrow(
        `the implementation must be without a method named ${name}`,
      );
      class Odd {}
      Object.defineProperty(Odd.prototype, name, { value: fn });
      expect(() => servedObjectOf(new (class extends Odd {})())).toThrow(name);
    },
  );

  test('an object with its own toString() and valueOf() is accepted, and the other side cannot call these', async () => {
    const { remote, host } = await rpcPair({ toString: () => 'mine', valueOf: () => 1, fine: () => 2 });
    expect(await remote.fine()).toBe(2);
    await expect(host.call('toString', [])).rejects.toMatchObject({ code: 'RPC_UNKNOWN_METHOD' });
  });

  test('an object given by reference offers no method under a name that tools call unasked', async () => {
    const peer = await rawHost(
      {
        open: () =>
          ref({
            inspect: fn,
            toJSON: fn,
            equals: fn,
            '@@iterator': fn,
            'fantasy-land/map': fn,
            fine: () => 1,
          }),
      },
      { capabilities: ['refs'] },
    );
    peer.sends('94 00 01 ab 506c7567696e2e6f70656e 90');
    await peer.expects('94 01 01 c0 c7 05 50 6f 00000001');
    for (const name of ['inspect', 'toJSON', 'equals', '@@iterator', 'fantasy-land/map']) {
      expect(isProbedName(name)).toBe(true);
      const hex = (0xa0 + name.length).toString(16) + Buffer.from(name).toString('hex');
      peer.sends(`94 00 02 a6 242f63616c6c 93 01 90 ${hex}`);
      expect((await peer.received()).toString('latin1')).toContain(`can't find method ${name}`);
    }
    peer.sends('94 00 02 a6 242f63616c6c 93 01 90 a4 66696e65');
    await peer.expects('94 01 02 c0 01');
  });
});

test('an id that arrives as several kinds of reference is refused, with a code', async () => {
  const kinds: Record<string, string> = { function: '66', object: '6f', signal: '73' };
  for (const [first, one] of Object.entries(kinds)) {
    for (const [second, other] of Object.entries(kinds)) {
      const taken: unknown[] = [];
      const host = await rawHost(
        { take: (...values: unknown[]) => taken.push(values) },
        { capabilities: ['refs', 'types'] },
      );
      host.sends(`94 00 01 ab 506c7567696e2e74616b65 92 c7 05 50 ${one} 00000007 c7 05 50 ${other} 00000007`);
      const answer = (await host.received()).toString('latin1');
      if (first === second) expect(taken).toHaveLength(1);
      else expect(answer).toContain(`reference 7 came as a ${first} before, and now as a ${second}`);
      expect(taken).toHaveLength(first === second ? 1 : 0);
    }
  }
});
