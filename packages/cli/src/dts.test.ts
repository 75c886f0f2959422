import { expect, test } from 'vitest';
import { declarationsOf } from './dts.ts';
import { typeWriter } from './schema-types.ts';

const typeOf = (schema: unknown): string => typeWriter('T', new Set()).typeOf(schema);

test.each([
  [true, 'any'],
  [false, 'never'],
  [{}, 'any'],
  [{ type: 'integer' }, 'number'],
  [{ type: ['string', 'null'] }, 'string | null'],
  [{ const: 'a' }, '"a"'],
  [{ enum: ['a', 1, null] }, '"a" | 1 | null'],
  [{ anyOf: [{ type: 'string' }, { type: 'number' }] }, 'string | number'],
  [
    { allOf: [{ type: 'object', properties: { a: { type: 'string' } }, required: ['a'] }, {}] },
    '({ a: string })',
  ],
  [{ type: 'array', items: { anyOf: [{ type: 'string' }, { type: 'number' }] } }, '(string | number)[]'],
  [{ type: 'array' }, 'any[]'],
  [{ type: 'array', prefixItems: [{ type: 'string' }], items: { type: 'number' } }, '[string, ...number[]]'],
  [{ type: 'object' }, '{ [key: string]: any }'],
  [{ type: 'object', additionalProperties: { type: 'number' } }, '{ [key: string]: number }'],
  [{ type: 'object', properties: {}, additionalProperties: false }, '{ [key: string]: never }'],
  [{ properties: { 'a-b': { type: 'string' } } }, '{ "a-b"?: string | undefined }'],
  [{ type: 'colour' }, 'any'],
  [{ $ref: 'https://example.com/schema' }, 'any'],
  [{ $ref: '#/$defs/__proto__' }, 'any'],
])('the schema %j is the type %s', (schema, type) => {
  expect(typeOf(schema)).toBe(type);
});

test('names a schema that contains itself, and writes any for a union that contains itself', () => {
  const writer = typeWriter('Kv', new Set());
  const node = { type: 'object', properties: { next: { $ref: '#/$defs/node' } } };
  expect(writer.typeOf({ $ref: '#/$defs/node', $defs: { node } })).toBe('KvNode');
  const itself = { anyOf: [{ $ref: '#/$defs/loop' }, { type: 'string' }] };
  expect(writer.typeOf({ $ref: '#/$defs/loop', $defs: { loop: itself } })).toBe('KvLoop');
  expect(writer.declarations()).toEqual([
    'export type KvNode = { next?: KvNode | undefined };',
    'export type KvLoop = any;',
  ]);
});

test('writes any for a schema that is nothing but a reference to itself', () => {
  const writer = typeWriter('Kv', new Set());
  expect(writer.typeOf({ $ref: '#' })).toBe('KvValue');
  expect(writer.declarations()).toEqual(['export type KvValue = any;']);
});

test('keeps names and texts of a plugin within their places', () => {
  const written = declarationsOf({
    name: 'x\nexport const evil = 1;',
    runtime: 'node',
    protocolVersions: [1],
    plugins: {
      'a b': { methods: { 'x(): void; evil': { doc: 'ends */ here\nand goes on' } } },
      'a-b': { methods: {} },
      plugins: { methods: {} },
      'no\nway': { error: 'a\nb' },
    },
  });
  expect(written).toBe(`// What x export const evil = 1; offers, written by pipework describe --dts.
// \`any\` stands where the plugin has no schema, or one that TypeScript cannot say.

export interface AB {
  /**
   * ends *\\/ here
   * and goes on
   */
  "x(): void; evil"<R = any>(...args: any[]): Promise<R> & AsyncIterable<any>;
}

export interface AB2 {}

export interface Plugins2 {}

export interface Plugins {
  "a b": AB;
  "a-b": AB2;
  plugins: Plugins2;
  // no way cannot be dispensed: a b
}
`);
});

test('escapes characters that control a terminal or change the order of shown text', () => {
  const output = { const: 'a\u202eb' };
  const doc = 'one *\u001b[31m/ export const evil = 1; /*';
  const written = declarationsOf({
    name: '\u001b]0;title\u0007\u202e',
    runtime: 'node',
    protocolVersions: [1],
    plugins: { p: { methods: { 'm\u202e': { doc, output } } }, q: { error: '\u001b[2J' } },
  });
  for (const sign of ['\u001b', '\u0007', '\u202e']) expect(written).not.toContain(sign);
  expect(written).toContain('// What \\x1b]0;title\\x07\\u202e offers');
  expect(written).toContain('/** one *\\/ export const evil = 1; /* */');
  expect(written).toContain(
    '"m\\u202e"(options?: { signal?: AbortSignal | undefined }): Promise<"a\\u202eb">;',
  );
  expect(written).toContain('// q cannot be dispensed: \\x1b[2J');
});
