import { describe, expect, test } from 'vitest';
import { FenceChecker } from '../plugins/src/fences/check.ts';
import { findingsOf, placesOf, reportsOn } from './support/checking.ts';

const fence = (language: string, code: string): string => `# A\n\n\`\`\`${language}\n${code}\n\`\`\`\n`;
const check = (language: string, code: string): Promise<string[]> =>
  placesOf(FenceChecker, fence(language, code));

describe('JavaScript', () => {
  test.each([
    ['a module', "import a from 'a';\nexport default await a();"],
    ['a script', "const a = require('a');\nwith (a) b;"],
    ['JSX', 'const a = <A b={1}>text</A>;'],
    ['an expression', "{ a: 1, 'b': 2 }"],
    ['members of an object', 'a() { return 1; },\nb: 2,'],
    ['members of a class', '#a = 1;\nstatic b() { return this.#a; }'],
    ['a return outside of a function', 'if (a) return;'],
    ['a line for the shell', '#!/usr/bin/env node\na();'],
    ['imports and require together', "import a from 'a';\nconst b = require('b');"],
  ])('takes %s', async (_what, code) => {
    expect(await check('js', code)).toEqual([]);
  });

  test('reports code that does not parse, at the line and column in the page', async () => {
    expect(await check('js', 'const a = 1;\nconst = 2;')).toEqual(['5:7 javascript']);
    expect(await check('javascript', 'foo(1, 2')).toEqual(['4:9 javascript']);
  });

  test('reports the line and column in the page if the fence is inside a list', async () => {
    expect(await placesOf(FenceChecker, '- a\n\n  ```js\n  a = = 1\n  ```\n')).toEqual(['4:7 javascript']);
  });

  test('only warns if a name is declared twice, because a README may show alternatives', async () => {
    const findings = await findingsOf(FenceChecker, fence('js', "import a from 'a';\nconst a = 1;"));
    expect(findings).toMatchObject([{ severity: 'warning', rule: 'declared-twice' }]);
  });

  test.each([
    ['an ellipsis', 'const a = {\n  ...\n};\nfoo(...);'],
    ['a prompt', "> require('a')\n[Function: a]"],
  ])('lets %s pass', async (_what, code) => {
    expect(await check('js', code)).toEqual([]);
  });

  test('distinguishes a spread from an ellipsis', async () => {
    expect(await check('js', 'foo(...a')).toEqual(['4:9 javascript']);
  });
});

describe('JSON', () => {
  test.each([
    ['json', '{"a": [1, 2]}'],
    ['json', '"a": 1,\n"b": {}'],
    ['json', '{"a": 1}\n{"b": 2}'],
    ['jsonc', '// said\n{"a": 1,}'],
    ['json5', "{a: 'b', c: +1}"],
    ['jsonl', '{"a":1}\n\n{"b":2}'],
    ['json', '{\n  "a": 1,\n  ...\n}'],
    ['', '{"a": '],
    ['toml', '{"a": '],
  ])('takes %s: %s', async (language, code) => {
    expect(await check(language, code)).toEqual([]);
  });

  test.each([
    ['json', '{\n  "a": 1\n  "b": 2\n}', '6:3 json'],
    ['json', '{"a": }', '4:7 json'],
    ['json', '{"a": [1, 2}', '4:12 json'],
    ['jsonc', '{"a" 1}', '4:6 jsonc'],
    ['json5', '{a: }', '4:5 json5'],
    ['jsonl', '{"a":1}\n{"b":}', '5:6 json'],
  ])('reports %s: %s', async (language, code, place) => {
    expect(await check(language, code)).toEqual([place]);
  });

  test('warns of comments and trailing commas in a fence that is marked as JSON', async () => {
    const findings = await findingsOf(FenceChecker, fence('json', '{"a": 1, // one\n}'));
    expect(findings).toMatchObject([
      { severity: 'warning', rule: 'not-json', message: 'json: is no JSON but JSONC: mark the fence jsonc' },
    ]);
  });
});

describe('fences', () => {
  test.each(['js {1,3}', 'js{1,3}', '{.js}', 'JS title="a.js"', 'js:a.js'])(
    'reads the language of ```%s',
    async (info) => {
      expect(await check(info, 'const = 2;')).toEqual(['4:7 javascript']);
    },
  );

  test('reports a fence that is never closed', async () => {
    expect(await placesOf(FenceChecker, '# A\n\n```sh\nls\n')).toEqual(['3:1 unclosed-fence']);
    expect(await placesOf(FenceChecker, '# A\n\n````md\n```js\n```\n````\n\n> ~~~\n> x\n> ~~~\n')).toEqual(
      [],
    );
  });

  test('reports how many fences it found and parsed', async () => {
    const text = `${fence('js', 'a')}\n${fence('sh', 'ls')}\n    indented = code\n`;
    expect(await reportsOn(FenceChecker, text)).toEqual([
      { type: 'tally', counts: { fences: 2, parsed: 1 } },
    ]);
  });
});
