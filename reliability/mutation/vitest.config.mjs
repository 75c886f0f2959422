import { defineConfig } from 'vitest/config';
import { targets } from './targets.mjs';

const { include, exclude } = targets[process.env.MUTATION_TARGET];

export default defineConfig({
  // The copy of the package whose sources are mutated.
  root: process.cwd(),
  ssr: { resolve: { conditions: ['@pipework/source'] } },
  test: {
    include: process.env.MUTATION_TESTS === 'unit' ? include.slice(0, 1) : include,
    exclude,
    testTimeout: 10_000,
  },
});
