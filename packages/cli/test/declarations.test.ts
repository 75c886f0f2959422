// The declarations that `describe --dts` writes compile, whatever a plugin says about itself.
import { expect, test } from 'vitest';
import { compile } from './support/compile.ts';
import { declarationsOf } from './support/internals.ts';
import { randomSchemas } from './support/random-schemas.ts';

type Methods = Parameters<typeof declarationsOf>[0]['plugins'][string]['methods'];

/** Returns the declarations of a plugin that serves one name, `kv`. */
const declarations = (methods: Methods): string =>
  declarationsOf({ runtime: 'node', protocolVersions: [1], plugins: { kv: { methods: methods ?? {} } } });

test('no alias contains itself outside of an object or list', () => {
  // An alias that is first made inside an object, and then used directly by another alias.
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

test('a tuple contains itself in its rest', () => {
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
