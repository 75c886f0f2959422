/**
 * For each target, the sources that are mutated, the exceptions (`kept`), and the tests that must notice the
 * mutants. These tests start no processes from dist, read no docs, and make no long explorations.
 */
export const targets = {
  mux: {
    folder: 'packages/mux',
    sources: 'src',
    kept: ['src/index.ts', 'src/lean.ts'],
    include: ['src/**/*.test.ts', 'test/*.test.ts'],
    exclude: ['test/*.long.test.ts', 'test/{docs,debug,patience,property}.test.ts'],
  },
  rpc: {
    folder: 'packages/core',
    sources: 'src/rpc',
    kept: [],
    include: ['src/rpc/**/*.test.ts', 'test/rpc/**/*.test.ts'],
    exclude: [],
  },
};
