import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { whyTooComplex, within } from './patterns.ts';

test.each([
  'packages/*',
  'packages/*/plugins/*/bin/*-plugin-*',
  '**/packages/**/*.plugin.mjs',
  '!**/test/**',
  '{packages,apps}/**/*.plugin.*',
  '{packages/*,apps/*,tools/*,libs/*}',
  '@(packages|apps)/*/!(private)',
  'c++/[a-z]*',
  '(app)/*/x',
])('the pattern %j can be searched for', (pattern) => {
  expect(whyTooComplex(pattern)).toBeUndefined();
});

test.each([
  [`packages/${'*a'.repeat(30)}b`, 'wildcards'],
  ['*a*a*a*ab', 'wildcards'],
  ['**/a/**/a/**/b', 'more than 2 **'],
  ['{a,aa}'.repeat(30), 'wildcards'],
  ['{*a,x/}'.repeat(10), 'wildcards'],
  ['{"}"*a,x/}'.repeat(10), 'wildcards'],
  ['{[}]*a,x/}'.repeat(10), 'wildcards'],
  ['(}*a|x/)'.repeat(10), 'wildcards'],
  ['[a]*a/*[a]*a*b', 'wildcards'],
  ['(a+)+b', 'repeats a group'],
  ['+(a*)b', 'repeats a group'],
  ['[a]+[a]+[a]+[a]+b', 'repeats a group'],
  [`{${'a,'.repeat(1_000)}a}`, 'characters'],
])('the pattern %j is too complex', (pattern, reason) => {
  expect(whyTooComplex(pattern)).toContain(reason);
});

test.each([
  ['../**', undefined],
  ['packages/../../**', undefined],
  ['/other/*', undefined],
  ['..x/*', undefined],
  [resolve('/ws/packages/*'), 'packages/*'],
  ['packages/*/', 'packages/*'],
  ['packages/../*', '*'],
  ['../ws/*', '*'],
  ['.', '.'],
  ['', '.'],
])('the pattern %j is %j within its directory', (pattern, inside) => {
  expect(within(resolve('/ws'), pattern)).toBe(inside);
});
