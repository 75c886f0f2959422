// The short form of the cost program. It tries the three kinds of values that cost their receiver most before
// values had weights. Then they took 16 s and more. A core that is shared by hardware threads takes up to twice
// its usual processor time, so these tests allow three seconds; the program itself allows one.
import { expect, test } from 'vitest';
import { run } from '../programs/cost.mjs';

test.each(['references to objects', 'AggregateErrors', 'a regular expression of classes'])(
  'a message of %s costs at most what SECURITY.md says',
  async (only) => {
    const { findings, figures } = await run({ only, most: 2, ms: 3_000 });
    expect(findings).toEqual([]);
    expect(Object.keys(figures).length).toBeGreaterThan(0);
  },
  300_000,
);
