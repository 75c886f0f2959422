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

/**
 * The files that must compile. Those of one test are in one folder. The compiler runs once for all of them,
 * because each run would read the libraries again.
 */
const files: Record<string, string> = {};
let errors: string | undefined;

/** Returns the compiler's errors in the files of a folder. */
function errorsIn(folder: string): string[] {
  errors ??= compile(files);
  const isOfAnother = (line: string): boolean => line.includes('.compiled-') && !line.includes(`/${folder}/`);
  return errors.split('\n').filter((line) => line !== '' && !isOfAnother(line));
}

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
const withAlias = declarations({ a: { output: { $ref: '#/$defs/Either', $defs } } });
files['alias/kv.ts'] = withAlias;

test('no alias contains itself outside of an object or list', () => {
  expect(withAlias).toContain('export type KvEither = { inner?: KvNullable | undefined } | KvNullable;');
  expect(withAlias).toContain('export type KvNullable = unknown;');
  expect(errorsIn('alias')).toEqual([]);
});

const rest = (items: object): string =>
  declarations({ a: { output: { $ref: '#/$defs/T', $defs: { T: { prefixItems: [], items } } } } });
const withTuple = rest({ $ref: '#/$defs/T' });
files['tuple/kv.ts'] = withTuple;
files['tuple/nested.ts'] = rest({ type: 'array', items: { $ref: '#/$defs/T' } });

test('a tuple that contains itself in its rest compiles', () => {
  expect(withTuple).toContain('export type KvT = [...KvT[]];');
  expect(errorsIn('tuple')).toEqual([]);
});

files['random/kv.ts'] = declarations(
  Object.fromEntries(
    randomSchemas(500).map((schema, index) => [`m${index}`, { input: [schema], output: schema }]),
  ),
);

test('random schemas that refer to each other compile', () => {
  expect(errorsIn('random')).toEqual([]);
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

const doc = '@ts-expect-error';
files['directive/kv.ts'] = declarations(
  { a: { doc, output: { type: 'string' } } },
  { [doc]: { error: 'no' } },
);

test('a directive in a doc or a name changes nothing for the compiler', () => {
  expect(errorsIn('directive')).toEqual([]);
});

/** Adds a plugin whose methods have unusual names, and a host that calls them. */
function addNames(): void {
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
  files['names/kv.ts'] = written;
  files['names/host.ts'] = host;
}
addNames();

test('a method may have any name, even a word of TypeScript', () => {
  expect(errorsIn('names')).toEqual([]);
});
