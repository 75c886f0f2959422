import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { msgpackr } from '../../scripts/inlined/msgpackr.mjs';
import { targets } from './targets.mjs';

const { include, exclude } = targets[process.env.MUTATION_TARGET];

export default defineConfig({
  // The current directory is Stryker's copy of the package, with the mutated sources.
  root: process.cwd(),
  // Core's tests run msgpackr with the changes that the build makes to it.
  plugins: [{ ...msgpackr(process.cwd()), enforce: 'pre' }],
  ssr: { resolve: { conditions: ['@pipework/source'] } },
  test: {
    include: process.env.MUTATION_TESTS === 'unit' ? include.slice(0, 1) : include,
    exclude,
    setupFiles: [fileURLToPath(new URL('../../testing/setup.ts', import.meta.url))],
    server: { deps: { inline: [/msgpackr/] } },
    provide: { hasSpeedParts: true },
    testTimeout: 10_000,
  },
});
