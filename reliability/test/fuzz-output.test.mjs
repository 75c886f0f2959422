// The short form of `node reliability/run.mjs fuzz-output`: floods of short lines, and the first of the lines
// that are made to be slow to read.
import { expect, test } from 'vitest';
import { run } from '../programs/fuzz-output.mjs';

test('no output blocks its host for longer than docs/reliability.md says', async () => {
  const { findings, figures } = await run({ cases: 2 });
  expect(findings).toEqual([]);
  expect(figures.cases).toBe(2);
}, 120_000);
