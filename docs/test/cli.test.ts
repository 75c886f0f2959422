import { readFileSync } from 'node:fs';
import { exitStatuses } from '@pipework/cli';
import { expect, test } from 'vitest';
import { root } from './pages.ts';

test("docs/cli.md has the command's exit statuses, and no others", () => {
  const page = readFileSync(root + 'docs/cli.md', 'utf8');
  const rows = [...page.matchAll(/^\| +(\d+) \| (.+?) +\|$/gm)].map(([, status, meaning]) => [
    Number(status),
    meaning,
  ]);
  expect(rows).toEqual(Object.values(exitStatuses));
});
