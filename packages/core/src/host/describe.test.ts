import { expect, test } from 'vitest';
import type { Conversation } from '../rpc/calls/conversation.ts';
import { describePlugin, type Description } from './describe.ts';

/** Describes a fake plugin that answers with `identity` and `methods`. Each of its names can be dispensed. */
function described(
  identity: Record<string, unknown>,
  methods: unknown = {},
  dispenses = true,
): Promise<Description> {
  const conversation = {
    call: () => Promise.resolve(identity),
    describe: () => Promise.resolve(methods),
    finish: () => {},
  } as unknown as Conversation;
  return describePlugin(
    {
      control: conversation,
      protocolVersions: [1],
      canDescribe: true,
      callOptions: {},
      hasEnded: () => false,
      dispense: () => Promise.resolve(conversation),
    },
    dispenses,
  );
}

test('the description leaves out values of wrong types, and lists the protocol versions as ascending integers', async () => {
  const identity = { name: 5, version: null, runtime: {}, plugins: ['a', 7, 'a'] };
  const protocolVersions = [2, NaN, 1.5, Infinity, '3', 1, null];
  expect(await described({ ...identity, protocolVersions }, null, false)).toEqual({
    runtime: 'unknown',
    protocolVersions: [1, 2],
    plugins: { a: {} },
  });
});

test('a schema value that JSON lacks becomes null, and a key such as __proto__ is kept like any other key', async () => {
  const schema = JSON.parse('{ "__proto__": { "x": 1 } }') as Record<string, unknown>;
  const output = {
    ...schema,
    a: NaN,
    b: -Infinity,
    c: 1n,
    d: () => {},
    e: new Date(0),
    f: undefined,
    g: [0],
  };
  const { plugins } = await described(
    { plugins: ['__proto__'] },
    JSON.parse('{ "__proto__": {}, "then": {} }'),
  );
  expect(Object.keys(plugins)).toEqual(['__proto__']);
  expect(Object.keys(Object.entries(plugins)[0]?.[1].methods ?? {})).toEqual(['__proto__', 'then']);
  const told = (await described({ plugins: ['p'] }, { m: { output } })).plugins['p']?.methods?.['m']?.output;
  expect(told).toEqual({ a: null, b: null, c: null, d: null, e: null, f: null, g: [0], ...schema });
  expect(Object.getPrototypeOf(told)).toBe(Object.prototype);
});

test('a description of 1,000 names is accepted, and one of 1,001 names is refused', async () => {
  const names = Array.from({ length: 1_001 }, (_, index) => `p${index}`);
  expect(Object.keys((await described({ plugins: names.slice(1) })).plugins)).toHaveLength(1_000);
  await expect(described({ plugins: names })).rejects.toMatchObject({ code: 'RPC_PROTOCOL' });
});

test.each([
  ['names', { plugins: ['x'.repeat(2 ** 23), 'y'.repeat(2 ** 23)] }, {}],
  ['a version', { version: 'x'.repeat(2 ** 24) }, {}],
  ['docs', { plugins: ['p', 'q'] }, { m: { doc: 'x'.repeat(2 ** 23) } }],
])('a description with %s of more than 16 Mi characters is refused', async (_, identity, methods) => {
  await expect(described(identity, methods)).rejects.toMatchObject({ code: 'RPC_PROTOCOL' });
});
