/** Checks that the README lists every option, and that docs/yamux.md lists every error code. */

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { checkOptions, type MuxErrorCode, muxErrorCodes } from './support/internals.ts';

const page = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const rows = (text: string): string[][] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.split('|').map((cell) => cell.trim()));

describe('docs/yamux.md', () => {
  const table = rows(page('../../../docs/yamux.md')).filter(([, code]) => code?.startsWith('`MUX_'));

  test('lists every code once', () => {
    expect(table.map(([, code]) => code!.replaceAll('`', '')).toSorted()).toEqual(
      Object.keys(muxErrorCodes).toSorted(),
    );
  });

  test('names the go-away reasons that are sent', () => {
    for (const [, code, , , hears] of table) {
      const { goAway } = muxErrorCodes[code!.replaceAll('`', '') as MuxErrorCode];
      const said = /go-away (\d)/.exec(hears!)?.[1];
      // close() sends go-away 0, which stands for no fault.
      expect([code, said]).toEqual([
        code,
        goAway?.toString() ?? (code === '`MUX_SESSION_CLOSED`' ? '0' : undefined),
      ]);
    }
  });
});

test('the README lists every option', () => {
  const names = rows(page('../README.md')).map(([, name]) => name?.replaceAll('`', ''));
  const missing = Object.keys(checkOptions({ role: 'client' })).filter((name) => !names.includes(name));
  expect(missing).toEqual([]);
});
