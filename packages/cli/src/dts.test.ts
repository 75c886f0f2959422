import { expect, test } from 'vitest';
import { declarationsOf, signatureOf } from './dts.ts';
import { typeWriter } from './schema-types.ts';

const typeOf = (schema: unknown): string => typeWriter('T', new Map()).typeOf(schema);

test.each([
  [true, 'unknown'],
  [false, 'never'],
  [{}, 'unknown'],
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
  [{ type: 'array' }, 'unknown[]'],
  [
    { type: 'array', prefixItems: [{ type: 'string' }], items: { type: 'number' }, minItems: 1 },
    '[string, ...number[]]',
  ],
  [
    { prefixItems: [{ type: 'string' }, { type: ['string', 'null'] }], items: false, minItems: 1 },
    '[string, (string | null)?]',
  ],
  [{ prefixItems: [{ type: 'string' }, true], items: false }, '[string?, unknown?]'],
  [{ prefixItems: [{ type: 'string' }], minItems: 5, maxItems: 1 }, '[string]'],
  [{ prefixItems: [{ type: 'string' }], minItems: 1 }, '[string, ...unknown[]]'],
  [{ prefixItems: [] }, '[...unknown[]]'],
  [{ type: 'object' }, '{ [key: string]: unknown }'],
  [{ type: 'object', additionalProperties: { type: 'number' } }, '{ [key: string]: number }'],
  [{ type: 'object', properties: {}, additionalProperties: false }, '{ [key: string]: never }'],
  [
    { patternProperties: { '^a': { type: 'number' } }, additionalProperties: false },
    '{ [key: string]: number }',
  ],
  [
    { patternProperties: { '^a': { type: 'number' } }, additionalProperties: { type: 'string' } },
    '{ [key: string]: number | string }',
  ],
  [{ patternProperties: { '^a': { type: 'number' } } }, '{ [key: string]: unknown }'],
  [{ patternProperties: { '^a': false }, additionalProperties: false }, '{ [key: string]: never }'],
  [
    { properties: { b: {} }, patternProperties: { '^a': { type: 'number' } }, additionalProperties: false },
    '{ b?: unknown; [key: string]: unknown }',
  ],
  [{ properties: { 'a-b': { type: 'string' } } }, '{ "a-b"?: string | undefined }'],
  [{ type: 'colour' }, 'unknown'],
  [{ $ref: 'https://example.com/schema' }, 'unknown'],
  [{ $ref: '#/$defs/__proto__' }, 'unknown'],
])('the schema %j is the type %s', (schema, type) => {
  expect(typeOf(schema)).toBe(type);
});

test('names a schema that contains itself, and writes `unknown` for a union that contains itself', () => {
  const writer = typeWriter('Kv', new Map());
  const node = { type: 'object', properties: { next: { $ref: '#/$defs/node' } } };
  expect(writer.typeOf({ $ref: '#/$defs/node', $defs: { node } })).toBe('KvNode');
  const itself = { anyOf: [{ $ref: '#/$defs/loop' }, { type: 'string' }] };
  expect(writer.typeOf({ $ref: '#/$defs/loop', $defs: { loop: itself } })).toBe('KvLoop');
  expect(writer.declarations()).toEqual([
    'export type KvNode = { next?: KvNode | undefined };',
    'export type KvLoop = unknown;',
  ]);
});

test('writes the type `unknown` for a schema that only refers to itself', () => {
  const writer = typeWriter('Kv', new Map());
  expect(writer.typeOf({ $ref: '#' })).toBe('KvValue');
  expect(writer.declarations()).toEqual(['export type KvValue = unknown;']);
});

test('writes the type `unknown` at the end of a chain of 100 types', () => {
  const links = Array.from({ length: 3_000 }, (_, index) => [`d${index}`, { $ref: `#/$defs/d${index + 1}` }]);
  const chain = { $ref: '#/$defs/d0', $defs: Object.fromEntries(links) };
  const writer = typeWriter('Kv', new Map());
  expect(writer.typeOf(chain)).toBe('KvD0');
  const written = writer.declarations();
  expect(written[0]).toBe('export type KvD0 = KvD1;');
  expect(written.at(-1)).toBe('export type KvD100 = unknown;');
  expect(signatureOf('m', { output: chain })).toMatch(
    /^m\(\): Promise<TD0> where TD0 = TD1, .*TD100 = unknown$/,
  );
});

test('writes all of a chain of 3,000 objects', () => {
  const node = (index: number): object => ({ properties: { next: { $ref: `#/$defs/d${index}` } } });
  const links = Array.from({ length: 3_000 }, (_, index) => [`d${index}`, node(index + 1)]);
  const writer = typeWriter('Kv', new Map());
  writer.typeOf({ $ref: '#/$defs/d0', $defs: Object.fromEntries(links) });
  expect(writer.declarations().at(-1)).toBe('export type KvD2999 = { next?: unknown };');
});

test('keeps the names and texts of a plugin from becoming code', () => {
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
// \`unknown\` means that the plugin has no schema here, or one that TypeScript cannot express.

export interface AB {
  /**
   * ends *\\/ here
   * and goes on
   */
  "x(): void; evil"<R = unknown>(...args: unknown[]): Promise<R> & AsyncIterable<R>;
}

export interface AB2 {}

export interface Plugins2 {}

export interface Plugins {
  "a b": AB;
  "a-b": AB2;
  plugins: Plugins2;
  // no way cannot be described: a b
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
  expect(written).toContain('// q cannot be described: \\x1b[2J');
});

test('keeps the unprintable characters of names and literals in a long output, as escapes', () => {
  const long = `\u0081${'x'.repeat(70_000)}`;
  const output = { type: 'object', properties: { 'q\u0081': { const: long }, 'q\u0082': {} } };
  const method = { doc: 'x'.repeat(70_000), output };
  const written = declarationsOf({
    runtime: 'node',
    protocolVersions: [1],
    plugins: { 'p\u0081': { methods: { 'm\u0081': method, 'm\u2028': {} } } },
  });
  const signature = signatureOf('m\u0081', method);
  const shownLong = `"\\x81${'x'.repeat(70_000)}"`;
  const part = `{ "q\\x81"?: ${shownLong} | undefined; "q\\x82"?: unknown }`;
  for (const name of ['  "p\\x81": ', '  "m\\x81"(', '  "m\\u2028"<', part]) expect(written).toContain(name);
  expect(signature).toBe(`"m\\x81"(): Promise<${part}>`);
});

test('never writes the type `any`, and gives a method with an unknown result a type parameter', () => {
  const written = declarationsOf({
    runtime: 'node',
    protocolVersions: [1],
    plugins: {
      p: {
        methods: {
          plain: {},
          when: { output: true },
          items: { input: [true, { type: 'array' }], items: {} },
          part: {
            input: [{ type: 'object' }],
            output: { type: 'object', properties: { a: {} }, additionalProperties: true },
          },
          inputAlone: { input: [{ type: 'string' }] },
        },
      },
    },
  });
  const options = 'options?: { signal?: AbortSignal | undefined }';
  for (const line of [
    'plain<R = unknown>(...args: unknown[]): Promise<R> & AsyncIterable<R>;',
    `when<R = unknown>(${options}): Promise<R>;`,
    `items<R = unknown>(arg1: unknown, arg2: unknown[], ${options}): AsyncIterable<R>;`,
    `part(arg1: { [key: string]: unknown }, ${options}): Promise<{ a?: unknown; [key: string]: unknown }>;`,
    `inputAlone<R = unknown>(arg1: string, ${options}): Promise<R>;`,
  ])
    expect(written).toContain(`  ${line}\n`);
  expect(written).not.toMatch(/\bany\b/);
});

test('names a parameter by the title of its schema, unless the title is not a valid name', () => {
  const titled = (...titles: unknown[]): string => {
    const input = titles.map((title) => ({ type: 'string', title }));
    return signatureOf('m', { input, output: { type: 'null' } });
  };
  expect(titled('path', 'text')).toBe('m(path: string, text: string): Promise<null>');
  expect(titled('a', 'a', 'class', 'arg2', 'A text', 'options', 5)).toBe(
    'm(a: string, arg2: string, arg3: string, arg4: string, arg5: string, arg6: string, arg7: string): Promise<null>',
  );
});
