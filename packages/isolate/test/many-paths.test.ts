import { mkdirSync, symlinkSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import path from 'node:path';
import { expect, test } from 'vitest';
import { isolated } from '../src/index.ts';
import { directory, noBubblewrap } from './support/cells.ts';

/** Returns how many pairs of paths `action` compares. Each comparison calls `path.relative()`. */
function comparisons(action: () => void): number {
  const { relative } = path;
  let calls = 0;
  path.relative = (from, to) => {
    calls += 1;
    return relative(from, to);
  };
  syncBuiltinESMExports();
  try {
    action();
  } finally {
    path.relative = relative;
    syncBuiltinESMExports();
  }
  return calls;
}

test.skipIf(noBubblewrap !== '')(
  `twice as many listed paths and links need at most twice as many comparisons of paths${noBubblewrap}`,
  () => {
    const folder = directory();
    const listed = Array.from({ length: 200 }, (_, index) => {
      const at = path.join(folder, String(index));
      mkdirSync(at);
      symlinkSync(at, `${at}-link`);
      return [at, `${at}-link`];
    });
    const cost = (count: number): number => {
      const read = listed.slice(0, count / 2).flat();
      const write = listed.slice(count / 2, count).flat();
      const launcher = isolated({ read, write });
      return comparisons(() => launcher.describe(['/bin/true']));
    };
    cost(2);
    expect(cost(200)).toBeLessThanOrEqual(2 * cost(100));
  },
);
