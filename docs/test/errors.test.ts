import { readFileSync } from 'node:fs';
import { errorCodes } from '@pipework/core';
import { fleetErrorCodes } from '@pipework/fleet';
import { isolateErrorCodes } from '@pipework/isolate';
import { muxErrorCodes } from '@pipework/mux';
import { expect, test } from 'vitest';
import { root } from './pages.ts';

test('docs/errors.md has exactly one heading for each error code, and no heading for any other code', () => {
  const page = readFileSync(root + 'docs/errors.md', 'utf8');
  const headings = [...page.matchAll(/^### `([A-Z_]+)`$/gm)].map((match) => match[1]);
  expect(headings.map(String).toSorted()).toEqual(
    [errorCodes, muxErrorCodes, fleetErrorCodes, isolateErrorCodes]
      .flatMap((codes) => Object.keys(codes))
      .toSorted(),
  );
});
