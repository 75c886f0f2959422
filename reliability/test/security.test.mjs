// Checks that each row of the table of promises in SECURITY.md names a test that exists.
import { readFileSync, statSync } from 'node:fs';
import { expect, test } from 'vitest';

const root = new URL('../../', import.meta.url);
const section = readFileSync(new URL('SECURITY.md', root), 'utf8').split(/^## /m).find((text) => text.startsWith('What holds')); // prettier-ignore
const rows = section
  .split('\n')
  .filter((line) => line.startsWith('|'))
  .slice(2)
  .map((line) => line.split('|').map((cell) => cell.trim()));

test('SECURITY.md makes promises', () => {
  expect(rows.length).toBeGreaterThan(20);
});

test.each(rows.map(([, promise, shownBy]) => ({ promise, shownBy })))(
  'a file shows that: $promise',
  ({ shownBy }) => {
    const named = [...shownBy.matchAll(/`([^`]*\/[^`]*)`/g)].map(([, path]) => path);
    expect(named.length).toBeGreaterThan(0);
    for (const path of named) expect(statSync(new URL(path, root)).isFile(), path).toBe(true);
  },
);
