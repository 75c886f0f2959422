import { describe, expect, test } from 'vitest';
import { defineContract } from '../../src/rpc/contract.ts';
import { checked, implement } from '../../src/rpc/contract-checks.ts';
import { declaredError, isDeclaredError } from '../../src/rpc/declared-error.ts';
import type { StandardSchema } from '../../src/rpc/standard-schema.ts';
import { rpcPair } from '../support/rpc-pair.ts';

/** A validator as small as Standard Schema allows. */
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
  test('gives the handler what the schemas make of the arguments', async () => {
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

  test('streams items', async () => {
    const { remote } = await rpcPair(implement(contract, handlers()));
    const seen: string[] = [];
    for await (const item of checked(contract, remote).items('3')) seen.push(item);
    expect(seen).toEqual(['0', '1', '2']);
  });

  test('declares errors that arrive with their data', async () => {
    const { remote } = await rpcPair(implement(contract, handlers()));
    const error: unknown = await checked(contract, remote)
      .get('x')
      .catch((thrown: unknown) => thrown);
    expect(isDeclaredError(contract, error, 'NOT_FOUND') && error.data.key).toBe('x');
    expect(isDeclaredError(contract, new Error('x'), 'NOT_FOUND')).toBe(false);
  });

  test('serves only what it declares', async () => {
    const { host } = await rpcPair(implement(contract, handlers({ hidden: () => 1 })));
    await expect(host.call('hidden', [])).rejects.toThrow("can't find method");
  });
});

test('misuse says what is wrong', () => {
  expect(() => defineContract({ a: { output: {} as StandardSchema } })).toThrow('Standard Schema');
  expect(() => defineContract({ a: { output: text, items: text } })).toThrow('both output and items');
  expect(() => implement(contract, handlers({ free: undefined }) as never)).toThrow('free has no handler');
  expect(() => declaredError(contract, 'NOPE' as never, {} as never)).toThrow('declares no error NOPE');
});
