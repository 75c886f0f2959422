// The short form of the transcript program. This test shows only that the program runs, with a plugin in
// memory and with one in a process. Only the long form measures processor time.
import { expect, test } from 'vitest';
import { run } from '../programs/transcript.mjs';

test(
  'the program reports the cost of a transcript for a plugin in memory and for one in a process',
  { timeout: 120_000 },
  async () => {
    const { figures } = await run({ times: 1, scale: 0.01, only: '5,000 calls' });
    expect(Object.keys(figures)).toEqual([
      'connect, 5,000 calls, one after another',
      'launch, 5,000 calls, one after another',
    ]);
    for (const line of Object.values(figures))
      expect(line).toMatch(/^\d+ ms, with a transcript \d+ ms: \d+\.\d\d$/);
  },
);
