// Runs `pnpm check` on a copy of the packages. It must pass on the copy, and must fail for each fault that is
// put into the copy.
import { spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const copy = mkdtempSync(join(tmpdir(), 'pipework-check-'));
afterAll(() => rmSync(copy, { recursive: true, force: true }));

for (const folder of ['packages', 'scripts', 'api'])
  cpSync(join(root, folder), join(copy, folder), { recursive: true, verbatimSymlinks: true });
for (const folder of ['examples', 'bench', 'reliability']) mkdirSync(join(copy, folder));
for (const file of ['package.json', 'tsconfig.base.json']) cpSync(join(root, file), join(copy, file));
symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'junction');

const run = (...args) => spawnSync(process.execPath, args, { cwd: copy, encoding: 'utf8' });

const compile = () => run('node_modules/typescript/bin/tsc', '-b', 'packages/mux');
const bundle = () => run('scripts/bundle.mjs', 'packages/mux');

const faults = [
  {
    fault: 'a circle of imports',
    file: 'packages/core/src/rpc/wire/tokens.ts',
    text: "export { Scanner } from './scanner.ts';\n",
    step: ['scripts/check-layers.mjs'],
    says: /^a circle of imports: .*\/scanner\.ts, \S+\/tokens\.ts$/m,
  },
  {
    fault: 'an import of a type from a folder above',
    file: 'packages/core/src/rpc/wire/tokens.ts',
    text: "export type { Client } from '../../host/client.ts';\n",
    step: ['scripts/check-layers.mjs'],
    says: /tokens\.ts imports \S+client\.ts: \S+host\/ stands above/,
  },
  {
    fault: 'an export of a new name',
    file: 'packages/mux/src/index.ts',
    text: '/** Planted. */\nexport const planted: number = 1;\n',
    built: [compile],
    step: ['scripts/check-api.mjs', 'mux'],
    says: /^\+ export const planted: number;$/m,
  },
  {
    fault: '5 kB more in an entry',
    file: 'packages/mux/src/index.ts',
    text: `globalThis.planted = '${'x'.repeat(5_000)}';\n`,
    built: [bundle],
    step: ['scripts/check-size.mjs'],
    says: /^@pipework\/mux: \d+ bytes, budget \d+: make it smaller/m,
  },
];

describe('pnpm check', () => {
  test.each(faults)('fails for $fault, and passes without it', ({ file, text, built = [], step, says }) => {
    const before = readFileSync(join(root, file));
    const passes = run(...step);
    expect(passes.stderr).toBe('');
    expect(passes.status).toBe(0);
    try {
      appendFileSync(join(copy, file), text);
      for (const build of built) expect(build().stderr).toBe('');
      const fails = run(...step);
      expect(fails.stderr).toMatch(says);
      expect(fails.status).toBe(1);
    } finally {
      cpSync(join(root, file), join(copy, file));
      expect(readFileSync(join(copy, file))).toEqual(before);
    }
  });

  test.each([...new Set(faults.map(({ step }) => step[0]))])('has the step %s', (script) => {
    expect(readFileSync(join(root, 'scripts/check.mjs'), 'utf8')).toContain(`['${script}']`);
  });
});
