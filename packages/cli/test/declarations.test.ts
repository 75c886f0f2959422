// Tests that the declarations of `describe --dts` compile, whatever a plugin says about itself.
import { expect, test } from 'vitest';
import { compile } from './support/compile.ts';
import { declarationsOf } from './support/internals.ts';
import { randomSchemas } from './support/random-schemas.ts';

type Methods = Parameters<typeof declarationsOf>[0]['plugins'][string]['methods'];

/** Returns the declarations of a plugin that serves one name, `kv`. */
const declarations = (methods: Methods, others = {}): string =>
  declarationsOf({
    runtime: 'node',
    protocolVersions: [1],
    plugins: { kv: { methods: methods ?? {} }, ...others },
  });

test('no alias contains itself outside of an object or list', () => {
  // The alias `Nullable` is first made inside an object. After that, another alias contains it directly.
  const $defs = {
    Either: {
      anyOf: [
        { type: 'object', properties: { inner: { $ref: '#/$defs/Nullable' } } },
        { $ref: '#/$defs/Nullable' },
      ],
    },
    Nullable: { anyOf: [{ $ref: '#/$defs/Either' }, { type: 'null' }] },
  };
  const written = declarations({ a: { output: { $ref: '#/$defs/Either', $defs } } });
  expect(written).toContain('export type KvEither = { inner?: KvNullable | undefined } | KvNullable;');
  expect(written).toContain('export type KvNullable = unknown;');
  expect(compile({ 'kv.ts': written })).toBe('');
});

test('a tuple that contains itself in its rest compiles', () => {
  const rest = (items: object): string =>
    declarations({ a: { output: { $ref: '#/$defs/T', $defs: { T: { prefixItems: [], items } } } } });
  const written = rest({ $ref: '#/$defs/T' });
  expect(written).toContain('export type KvT = [...KvT[]];');
  const nested = rest({ type: 'array', items: { $ref: '#/$defs/T' } });
  expect(compile({ 'kv.ts': written, 'nested.ts': nested })).toBe('');
});

test('random schemas that refer to each other compile', () => {
  const methods = Object.fromEntries(
    randomSchemas(500).map((schema, index) => [`m${index}`, { input: [schema], output: schema }]),
  );
  expect(compile({ 'kv.ts': declarations(methods) })).toBe('');
});

test.each([
  ['@ts-expect-error', '\\@ts-expect-error'],
  ['@ts-ignore', '\\@ts-ignore'],
  ['@ts-nocheck', '\\@ts-nocheck'],
  ['@internal', '\\@internal'],
  ['//# sourceMappingURL=x', '//\\# sourceMappingURL=x'],
  ['/// <reference path="x" />', '//\\/ <reference path="x" />'],
])('the directive %s in a doc, a name or the code of an error is only text', (directive, shown) => {
  const errors = { [`E\n${directive}`]: true };
  const method = { output: { type: 'string' } };
  const written = declarations(
    { a: { doc: directive, ...method }, b: { ...method, errors } },
    {
      [directive]: { error: 'no' },
    },
  );
  expect(written).toContain(`  /** ${shown} */\n`);
  expect(written).toContain(`  /** @throws E ${shown} with data unknown */\n`);
  expect(written).toContain(`  // ${shown} cannot be described: no\n`);
});

test('a directive in a doc or a name changes nothing for the compiler', () => {
  const doc = '@ts-expect-error';
  const written = declarations({ a: { doc, output: { type: 'string' } } }, { [doc]: { error: 'no' } });
  expect(compile({ 'kv.ts': written })).toBe('');
});

test('a method may have any name, even a word of TypeScript', () => {
  const names = [
    'new',
    'constructor',
    'get',
    'set',
    'readonly',
    'async',
    'static',
    'declare',
    'accessor',
    'in',
  ];
  const keys = ['', '()', '[key: string]', '__proto__', '1', 'a-b', ...names];
  const object = {
    type: 'object',
    properties: Object.fromEntries(keys.map((key) => [key, { type: 'string' }])),
  };
  // Object.fromEntries() makes an own property `__proto__`.
  const typed = Object.fromEntries(keys.map((key) => [key, { input: [], output: { type: 'string' } }]));
  const untyped = Object.fromEntries(keys.map((key) => [key, {}]));
  const calls = keys.map((key) => [
    `const typed: () => Promise<string> = kv[${JSON.stringify(key)}]; void typed;`,
    `const untyped: () => Promise<unknown> = other[${JSON.stringify(key)}]; void untyped;`,
    `const value: string | undefined = plain[${JSON.stringify(key)}]; void value;`,
  ]);
  const host = `
    import type { Plugins } from './kv.ts';
    declare const plugins: Plugins;
    const { kv, other, ...rest } = plugins;
    const plain = await kv.object();
    ${keys.map((key) => `void rest[${JSON.stringify(key)}];`).join('\n')}
    ${calls.map((lines) => `{ ${lines.join(' ')} }`).join('\n')}
  `;
  const others = Object.fromEntries(keys.map((key) => [key, { methods: {} }]));
  const methods = { ...typed, object: { output: { ...object, additionalProperties: false } } };
  const written = declarations(methods, { other: { methods: untyped }, ...others });
  expect(compile({ 'kv.ts': written, 'host.ts': host })).toBe('');
});
