import { describe, expect, test } from 'vitest';
import { RemoteError } from '../support/internals.ts';
import { rawPlugin } from '../support/raw-peer.ts';
import { rpcPair } from '../support/rpc-pair.ts';

type Fields = Error & Record<string, unknown>;

/**
 * Sends an error in each possible way: thrown, in a result, as an argument of a callback, thrown by a stream,
 * as an item, and as an argument. Returns the errors that arrived. If `capabilities` are given, the error is
 * only thrown.
 */
async function eachWay(make: () => unknown, capabilities?: readonly 'errors'[]): Promise<Fields[]> {
  const { remote } = await rpcPair(
    {
      fail(): never {
        throw make() as Error;
      },
      give: () => [make()],
      visit: async (callback: (error: unknown) => unknown) => void (await callback(make())),
      async *stream() {
        yield* [];
        throw make() as Error;
      },
      async *items() {
        yield make();
      },
      take: (error: unknown) => [error],
    },
    capabilities === undefined ? {} : { capabilities },
  );
  const thrown: unknown = await remote.fail().catch((error: unknown) => error);
  if (capabilities !== undefined) return [thrown as Fields];
  let visited: unknown;
  await remote.visit((error) => (visited = error));
  const drain = async (): Promise<unknown> => {
    for await (const item of remote.stream()) return item;
  };
  const streamed: unknown = await drain().catch((error: unknown) => error);
  let item: unknown;
  for await (const one of remote.items()) item = one;
  const [given] = await remote.give();
  const [taken] = await remote.take(make());
  return [thrown, given, visited, streamed, item, taken] as Fields[];
}

const invalid = (errors: unknown): Error =>
  Object.assign(new Error('invalid'), { name: 'ValidationError', errors });

describe('in whichever way an error is sent, it arrives with', () => {
  test.each<[string, () => object, Record<string, unknown>]>([
    ['a list of problems', () => invalid([{ path: 'a' }, 'b']), { errors: [{ path: 'a' }, 'b'] }],
    ['a map of problems', () => invalid({ email: { message: 'bad' } }), { errors: { email: { message: 'bad' } } }],
    ['no problems', () => invalid([]), { errors: [] }],
    ['a code that is a boolean', () => Object.assign(new Error('c'), { code: true }), { code: true }],
    ['a code that is an object', () => Object.assign(new Error('c'), { code: { a: [1] } }), { code: { a: [1] } }],
    ['a code that is a bigint', () => Object.assign(new Error('c'), { code: 12n }), { code: 12n }],
    ['a code that is null', () => Object.assign(new Error('c'), { code: null }), { code: null }],
    ['a code that is undefined', () => Object.assign(new Error('c'), { code: undefined }), { code: undefined }],
    ['a code that is a large number', () => Object.assign(new Error('c'), { code: 2 ** 40 }), { code: 2 ** 40 }],
    ['a field that is undefined', () => Object.assign(new Error('u'), { a: undefined, b: 1 }), { a: undefined, b: 1 }],
    ['all fields but one named __proto__', () => Object.defineProperty(new Error('p'), '__proto__', { value: { x: 1 }, enumerable: true }), {}],
    ['a cause that is a text', () => new Error('c', { cause: 'plain' }), { cause: 'plain' }],
    ['a cause that is plain data', () => new Error('c', { cause: { status: 404, body: [1n] } }), { cause: { status: 404, body: [1n] } }],
    ['a cause that is 0', () => new Error('c', { cause: 0 }), { cause: 0 }],
    ['a cause that is null', () => new Error('c', { cause: null }), { cause: null }],
    ['a cause that is undefined', () => new Error('c', { cause: undefined }), { cause: undefined }],
    ['a code that is bytes', () => Object.assign(new Error('c'), { code: new Uint8Array([1, 2]) }), { code: new Uint8Array([1, 2]) }],
    ['only the fields of its own, if it is a DOMException', () => Object.assign(new DOMException('q', 'DataCloneError'), { a: 1 }), { a: 1 }],
    ['a cause that is a Map', () => new Error('c', { cause: new Map([[1, 2]]) }), { cause: new Map([[1, 2]]) }],
  ])('%s', async (_name, make, fields) => {
    for (const error of await eachWay(make)) {
      expect(error).toBeInstanceOf(Error);
      expect(error.message).toBe((make() as Error).message);
      expect(Object.keys(error).toSorted()).toEqual(Object.keys(fields).filter((key) => key !== 'cause').toSorted());
      for (const [key, value] of Object.entries(fields)) {
        expect(Object.hasOwn(error, key)).toBe(true);
        expect(error[key]).toStrictEqual(value);
      }
      expect(Object.getPrototypeOf(Object.getPrototypeOf(error) as object)).not.toHaveProperty('x');
    }
  }); // prettier-ignore

  test('its message, if it has no prototype', async () => {
    const make = (): object => Object.setPrototypeOf(Object.assign(new Error('bare'), { a: 1 }), null);
    for (const error of await eachWay(make)) {
      expect(error).toBeInstanceOf(Error);
      expect(error).toMatchObject({ name: 'Error', message: 'bare', a: 1 });
    }
  });

  test.each([
    [5, '5'],
    [{ a: 1 }, '{"a":1}'],
    [['a', 'b'], '["a","b"]'],
    [null, 'null'],
    [undefined, ''],
  ])('its message %j as a text', async (message, text) => {
    for (const error of await eachWay(() => Object.assign(new Error('m'), { message, a: 1 })))
      expect(error).toMatchObject({ message: text, a: 1 });
  });

  test('its code, cause and errors, if getters of its class return them', async () => {
    class Lazy extends Error {
      get code(): string {
        return 'E_LAZY';
      }
      override get cause(): unknown {
        return new RangeError('inner', { cause: { status: 404 } });
      }
      get errors(): unknown {
        return [{ path: 'a' }];
      }
    }
    const fields = {
      code: 'E_LAZY',
      cause: { name: 'RangeError', message: 'inner', cause: { status: 404 } },
      errors: [{ path: 'a' }],
    };
    for (const error of await eachWay(() => new Lazy('c'))) expect(error).toMatchObject(fields);
  });

  test('no cause, if its class has a method named cause, or a getter of its class returns none', async () => {
    class WithMethod extends Error {}
    Object.defineProperty(WithMethod.prototype, 'cause', { value: () => new Error('inner') });
    class WithGetter extends Error {}
    Object.defineProperty(WithGetter.prototype, 'cause', { get: () => undefined });
    for (const Class of [WithMethod, WithGetter])
      for (const error of await eachWay(() => new Class('c'))) {
        expect(error.message).toBe('c');
        expect('cause' in error).toBe(false);
      }
  });

  test('no cause, if the getter of its cause throws', async () => {
    const get = (): never => {
      throw new Error('no cause');
    };
    for (const error of await eachWay(() => Object.defineProperty(new Error('c'), 'cause', { get }))) {
      expect(error.message).toBe('c');
      expect(Object.hasOwn(error, 'cause')).toBe(false);
    }
  });

  test('no members, if its list of members cannot be read', async () => {
    const { proxy, revoke } = Proxy.revocable([], {});
    revoke();
    for (const error of await eachWay(() =>
      Object.assign(new AggregateError([], 'm'), { errors: proxy, a: 1 }),
    ))
      expect(error).toMatchObject({ message: 'm', errors: [], a: 1 });
  });

  test('undefined in place of a hole among the members of an AggregateError', async () => {
    // oxlint-disable-next-line no-sparse-arrays -- the test needs a hole
    for (const error of await eachWay(() => Object.assign(new AggregateError([]), { errors: [1, , 3] })))
      expect(error['errors']).toStrictEqual([1, undefined, 3]);
  });

  test('a cause whose name is empty and that has a field named thrown', async () => {
    const cause = Object.assign(new Error('inner'), { name: '', thrown: 5 });
    for (const error of await eachWay(() => new Error('c', { cause })))
      expect(error['cause']).toMatchObject({ name: '', message: 'inner', thrown: 5 });
  });

  test('the fields of a SuppressedError, which are not enumerable', async () => {
    const make = (): Error =>
      Object.defineProperties(new Error('two'), {
        name: { value: 'SuppressedError' },
        error: { value: new TypeError('later') },
        suppressed: { value: new RangeError('first') },
      });
    for (const error of await eachWay(make)) {
      expect(error).toMatchObject({ name: 'SuppressedError', message: 'two' });
      expect(error['error']).toBeInstanceOf(TypeError);
      expect(error['suppressed']).toBeInstanceOf(RangeError);
    }
  });

  const Suppressed = (globalThis as { SuppressedError?: SuppressedErrorConstructor }).SuppressedError;
  const noClass = Suppressed ? '' : ' (SKIPPED: this version of Node has no SuppressedError)';
  test.runIf(Suppressed)(`the class SuppressedError${noClass}`, async () => {
    for (const error of await eachWay(() => new Suppressed!(new TypeError('later'), 'first', 'two'))) {
      expect(error).toBeInstanceOf(Suppressed);
      expect(error).toMatchObject({ name: 'SuppressedError', message: 'two', suppressed: 'first' });
      expect(error['error']).toBeInstanceOf(TypeError);
    }
  });

  test('a text in place of a cause that cannot travel', async () => {
    for (const error of await eachWay(() => new Error('c', { cause: Symbol('s') })))
      expect((error['cause'] as Error).message).toBe('a value that cannot travel: Symbol(s)');
  });

  test('members of an AggregateError that are not errors, and a member that occurs twice', async () => {
    const twice = new TypeError('one');
    const make = (): Error =>
      new AggregateError([twice, 'two', { three: 3 }, undefined, null, 5n, twice], 'many');
    for (const error of await eachWay(make)) {
      expect(error).toBeInstanceOf(AggregateError);
      const [one, two, three, four, five, six, seven] = (error as unknown as AggregateError)
        .errors as unknown[];
      expect(one).toBeInstanceOf(TypeError);
      expect([two, three, four, five, six]).toStrictEqual(['two', { three: 3 }, undefined, null, 5n]);
      expect(seven).toMatchObject({ name: 'TypeError', message: 'one' });
    }
  });

  test('the name of its class if neither the class nor the error sets a name', async () => {
    class NotFound extends Error {}
    class Deeper extends NotFound {}
    class BadType extends TypeError {}
    class Named extends NotFound {
      override name = 'Chosen';
    }
    const cases: [() => Error, string, string][] = [
      [() => new NotFound('m'), 'NotFound', 'Error'],
      [() => new Deeper('m'), 'Deeper', 'Error'],
      [() => new BadType('m'), 'BadType', 'TypeError'],
      [() => new Named('m'), 'Chosen', 'Error'],
      [() => Object.assign(new NotFound('m'), { name: 'Error' }), 'Error', 'Error'],
      [() => Object.assign(new NotFound('m'), { constructor: 'a field' }), 'NotFound', 'Error'],
      [() => new Error('m'), 'Error', 'Error'],
    ];
    for (const [make, name, type] of cases) {
      for (const error of await eachWay(make)) {
        expect(error.name).toBe(name);
        expect(error instanceof TypeError).toBe(type === 'TypeError');
        expect(error instanceof RemoteError).toBe(type === 'Error' && name !== 'Error');
      }
    }
  });

  test('everything but nested errors if the peer has the capability `errors`, but not `types`', async () => {
    const [error] = await eachWay(
      () => Object.assign(invalid([{ path: 'a' }]), { code: true, none: undefined, cause: { status: 404 } }),
      ['errors'],
    );
    expect(error).toMatchObject({ errors: [{ path: 'a' }], code: true, none: null, cause: { status: 404 } });
  });
});

describe('an error that contains itself', () => {
  test.each<[string, () => Error]>([
    ['as its cause', () => Object.assign(new Error('m'), { kept: 1 })],
    ['in two fields', () => Object.assign(new Error('m'), { kept: 1 })],
  ])('%s, arrives once', async (how, make) => {
    const cyclic = (): Error => {
      const error = make() as Fields;
      if (how === 'as its cause') error.cause = error;
      else Object.assign(error, { left: error, right: { deep: [error] }, errors: [error] });
      return error;
    };
    for (const error of await eachWay(cyclic)) {
      expect(error).toMatchObject({ message: 'm', kept: 1 });
      expect(Object.keys(error)).toEqual(['kept']);
    }
  });

  test('an error whose members repeat at every level arrives without most of these members', async () => {
    let error = new AggregateError([], 'innermost');
    for (let level = 0; level < 12; level++)
      error = new AggregateError([error, error, error, error], `${level}`);
    for (const back of await eachWay(() => error)) expect(back.message).toBe('11');
  });
});

describe('an error whose message is a sentence of the protocol arrives unchanged', () => {
  test.each([
    "can't find method Plugin.css",
    'unknown plugin type: css',
    'unknown service: db',
    'the other plugin is shutting down',
  ])('%s', async (message) => {
    for (const back of await eachWay(() => new Error(message, { cause: new Error(message) }))) {
      expect(back).toMatchObject({ name: 'Error', message, cause: { message } });
      expect(back).not.toHaveProperty('code');
      expect(back.cause).not.toHaveProperty('code');
    }
    for (const code of [null, undefined, 'E_OWN'])
      for (const back of await eachWay(() => Object.assign(new Error(message), { code }))) {
        expect(back).toHaveProperty('code', code);
        expect(back.message).toBe(message);
      }
  });

  test('if a callback of the host throws it', async () => {
    const { remote } = await rpcPair({
      relay: async (callback: () => unknown) => {
        const error: unknown = await Promise.resolve(callback()).catch((thrown: unknown) => thrown);
        return [(error as Error).message, 'code' in (error as Error)];
      },
    });
    const message = 'unknown plugin type: css';
    const thrown = await remote.relay(() => {
      throw new Error(message);
    });
    expect(thrown).toEqual([message, false]);
  });
});

test('half a surrogate pair in any text of an error arrives as U+FFFD', async () => {
  class Odd extends Error {
    override name = 'Odd\ud83d';
  }
  const make = (): Error => Object.assign(new Odd('m\ud83d'), { 'k\ud83d': 'v\ud83d', code: 'c\ud83d' });
  for (const error of await eachWay(make)) {
    expect([error.name, error.message, error['code'], error['k\ufffd']]).toEqual([
      'Odd\ufffd',
      'm\ufffd',
      'c\ufffd',
      'v\ufffd',
    ]);
    expect(error['remoteStack']).toContain('m\ufffd\n');
  }
});

describe('an error of a plugin in another language', () => {
  const text = (value: string): string =>
    (0xa0 + value.length).toString(16) + Buffer.from(value).toString('hex');
  const bin = (value: string): string =>
    `c4 ${value.length.toString(16).padStart(2, '0')} ${Buffer.from(value).toString('hex')}`;
  test.each<[string, string, Record<string, unknown>]>([
    ['as bin', bin('it broke'), { message: 'it broke' }],
    ['as bin with words that the protocol fixes', bin("can't find method x"), { message: "can't find method x", code: 'RPC_UNKNOWN_METHOD' }],
    ['as a map of bin', `83 ${text('name')} ${bin('ValueError')} ${text('message')} ${bin('it broke')} ${text('code')} ${bin('E1')}`, { name: 'ValueError', message: 'it broke', code: 'E1' }],
    ['as a map without a message', `82 ${text('code')} 05 ${text('reason')} ${text('disk full')}`, { message: 'the peer failed the call with {"code":5,"reason":"disk full"}', code: 5 }],
    ['as a map of bin without a message', `81 ${text('reason')} ${bin('disk full')}`, { message: 'the peer failed the call with {"reason":"disk full"}' }],
    ['as an empty map', '80', { message: 'the peer failed the call with {}' }],
    ['as a map of maps of bin', `81 ${text('a')} 81 ${text('reason')} ${bin('disk full')}`, { message: 'the peer failed the call with {"a":{"reason":"disk full"}}' }],
    ['as a list', `92 05 ${bin('disk full')}`, { message: 'the peer failed the call with [5,"disk full"]' }],
    ['as a number', '05', { message: 'the peer failed the call with 5' }],
    ['with a cause as bin', `82 ${text('message')} ${text('m')} ${text('cause')} ${bin('inner')}`, { message: 'm', cause: { message: 'inner' } }],
  ])('%s has a message', async (_name, hex, fields) => {
    for (const capabilities of [[], ['errors', 'types']] as const) {
      const peer = await rawPlugin({ capabilities });
      const call = peer.conversation.call('x', []);
      await peer.received();
      peer.sends(`94 01 00 ${hex} c0`);
      const error: unknown = await call.catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(Error);
      expect(error).toMatchObject(fields);
    }
  }); // prettier-ignore
});
