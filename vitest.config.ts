import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const setup = fileURLToPath(new URL('./testing/setup.ts', import.meta.url));
const packages = readdirSync(new URL('./packages', import.meta.url));

export default defineConfig({
  // Packages resolve to each other's sources; only the programs that tests start as processes need dist.
  ssr: { resolve: { conditions: ['@pipework/source'] } },
  test: {
    reporters: ['default', './testing/tally.ts'],
    setupFiles: [setup],
    // Vitest leaves one core idle. Half of our files mostly wait for processes, so that there are more of them than cores.
    maxWorkers: Math.ceil(availableParallelism() * 1.5),
    // For what hangs, on any machine. A promise about time is `toHappenWithin`, which knows how busy this one is.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 30_000, interval: 10 } },
    projects: [
      ...packages.map((name) => ({
        extends: true as const,
        test: { name, root: `packages/${name}`, include: ['src/**/*.test.ts', 'test/**/*.test.ts'] },
      })),
      { extends: true, test: { name: 'examples', root: 'examples', include: ['*/test/**/*.test.ts'] } },
      { extends: true, test: { name: 'docs', root: 'docs', include: ['test/**/*.test.ts'] } },
      { extends: true, test: { name: 'reliability', root: 'reliability', include: ['test/**/*.test.mjs'] } },
      {
        test: {
          name: 'types',
          include: [],
          typecheck: {
            enabled: true,
            only: true,
            include: ['packages/*/test/**/*.test-d.ts'],
            tsconfig: './tsconfig.check.json',
          },
        },
      },
    ],
  },
});
