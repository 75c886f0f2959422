/**
 * The sources that are mutated, and the tests that must notice the mutants. Tests that start processes from
 * dist, read docs or run for long are left out.
 */
export const targets = {
  mux: {
    folder: 'packages/mux',
    mutate: ['src/**/*.ts', '!src/**/*.test.ts', '!src/{index,lean}.ts'],
    include: ['src/**/*.test.ts', 'test/*.test.ts'],
    exclude: ['test/{memory,docs,debug,patience,property,reference}.test.ts'],
  },
  rpc: {
    folder: 'packages/core',
    mutate: ['src/rpc/**/*.ts', '!src/rpc/**/*.test.ts'],
    include: ['src/rpc/**/*.test.ts', 'test/rpc/**/*.test.ts'],
    exclude: [],
  },
};
