// docs/protocol.md names a check of the conformance suite for each rule. Two other pages list the methods that
// the suite calls. These tests compare the pages with the suite.
import { conformance, conformancePlugin } from '@pipework/testkit';
import { PassThrough } from 'node:stream';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const page = readFileSync(new URL('../../../docs/protocol.md', import.meta.url), 'utf8');
const [, table = ''] = page.split('## 16. What the conformance suite checks');
const named = table
  .split('\n')
  .filter((line) => /^\| \d/.test(line))
  .map((line) => line.split(' | ').at(-1)?.replace(/ *\|$/, '').trim() ?? '');
const checks = conformance({ cmd: ['never started'] }).checks.map(({ name }) => name);

const isMeant = (name: string, check: string): boolean =>
  name.endsWith('…') ? check.startsWith(name.slice(0, -1)) : check === name;

test('docs/protocol.md names every check of the suite', () => {
  expect(named.length).toBeGreaterThan(80);
  expect(checks.filter((check) => !named.some((name) => isMeant(name, check)))).toEqual([]);
});

test('every check that docs/protocol.md names is in the suite', () => {
  expect(named.filter((name) => !checks.some((check) => isMeant(name, check)))).toEqual([]);
});

test('no two checks have the same name', () => {
  expect(new Set(checks).size).toBe(checks.length);
});

test.each(['other-languages', 'testing-plugins'])('%s.md lists every method that the suite calls', (name) => {
  const text = readFileSync(new URL(`../../../docs/${name}.md`, import.meta.url), 'utf8');
  const listed = [...text.matchAll(/^\| `(\w+)[(`]/gm)].map(([, method]) => method);
  const output = new PassThrough();
  const methods = Object.keys(conformancePlugin({ stdout: output, stderr: output }));
  expect(methods).toContain('echo');
  // The messages of the suite refer to this heading.
  if (name === 'other-languages') expect(text).toContain('\n## Prove it\n');
  expect(methods.filter((method) => !listed.includes(method))).toEqual([]);
});
