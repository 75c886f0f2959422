// The short form of the cost program, with three kinds of values. In earlier versions, the limits counted a
// costly value as one value. At that time, messages of these three kinds cost their receiver most: reading
// one took 16 s or more. Only the long form measures processor time, because a busy machine changes it. So
// instead of the time, this test limits the number of values in the largest accepted message. The program
// runs in a separate process. Otherwise the memory of other test files would count too.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const program = fileURLToPath(new URL('../run.mjs', import.meta.url));

test.each([
  ['references to objects', 65_536],
  ['AggregateErrors', 32_768],
  ['one regular expression of many character classes', 4_096],
])(
  'a message of %s costs at most as much as SECURITY.md says',
  async (only, atMost) => {
    const args = [program, 'cost', '--only', only, '--most', '2', '--ms', '1000000'];
    const { stdout } = await promisify(execFile)(process.execPath, args).catch((error) => error);
    expect(stdout).toContain('cost: 0 findings');
    const counts = [...stdout.matchAll(/^[^"]*: (\d+) in .* MiB hold/gm)].map(([, count]) => Number(count));
    expect(counts.length).toBeGreaterThan(0);
    expect(Math.max(...counts), stdout).toBeLessThanOrEqual(atMost);
  },
  300_000,
);
