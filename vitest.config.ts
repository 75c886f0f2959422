import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { msgpackr } from './scripts/inlined/msgpackr.mjs';

const setup = fileURLToPath(new URL('./testing/setup.ts', import.meta.url));
const generalPath = fileURLToPath(new URL('./packages/core/test/support/general-path.ts', import.meta.url));
const packages = readdirSync(new URL('./packages', import.meta.url));
/** Core's tests run msgpackr as it is published in core: with the edits of the build. */
const editedMsgpackr = { plugins: [{ ...msgpackr('packages/core'), enforce: 'pre' as const }] };
const withSpeedParts = { server: { deps: { inline: [/msgpackr/] } }, provide: { hasSpeedParts: true } };

export default defineConfig({
  // Packages resolve to each other's sources; only the programs that tests start as processes need dist.
  ssr: { resolve: { conditions: ['@pipework/source'] } },
  test: {
    reporters: ['default', './testing/tally.ts'],
    setupFiles: [setup],
    // By default Vitest leaves one core idle. Half of the test files mostly wait for processes, so there are
    // more workers than cores.
    maxWorkers: availableParallelism() * 2,
    // A worker loads the sources once. Loading them for each file took a third of the suite's processor
    // time.
    isolate: false,
    // This limit serves only to end a test that hangs. A test that promises a duration uses
    // `toHappenWithin`.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // The end of a log repeats the messages of failures. A message shows values of up to 400 characters in
    // full.
    chaiConfig: { truncateThreshold: 400 },
    expect: { poll: { timeout: 30_000, interval: 10 } },
    projects: [
      ...packages.map((name) => ({
        extends: true as const,
        ...(name === 'core' ? editedMsgpackr : {}),
        test: {
          name,
          root: `packages/${name}`,
          include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
          ...(name === 'core' ? withSpeedParts : {}),
        },
      })),
      {
        extends: true,
        test: {
          // Runs the tests of calls and answers a second time, without the parts of the code that only gain
          // speed.
          name: 'core-general',
          root: 'packages/core',
          include: ['test/rpc/**/*.test.ts'],
          setupFiles: [generalPath],
          provide: { hasSpeedParts: false },
        },
      },
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
