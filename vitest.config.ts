import { readdirSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

const packages = readdirSync(new URL('./packages', import.meta.url));

export default defineConfig({
  // Packages resolve to each other's sources; only the programs that tests start as processes need dist.
  ssr: { resolve: { conditions: ['@pipework/source'] } },
  test: {
    reporters: ['default', './scripts/tally.ts'],
    testTimeout: 20_000,
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
