// Runs `pnpm check` on a copy of the packages. The check must pass on the copy, and must fail for each fault
// that is put into the copy.
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
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

const compile = (name) => run('node_modules/typescript/bin/tsc', '-b', `packages/${name}`);
const bundle = () => run('scripts/bundle.mjs', 'packages/mux');

/**
 * Puts `text` into `file` of the copy, in front of the text `before`. If `before` is not given, puts `text`
 * at the end. Makes the file if it does not exist.
 */
function plant({ file, text, before }) {
  const path = join(copy, file);
  mkdirSync(dirname(path), { recursive: true });
  const old = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const at = before === undefined ? old.length : old.indexOf(before);
  writeFileSync(path, old.slice(0, at) + text + old.slice(at));
}

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
  ...[
    "export type { Client } from '../../host/client.js';",
    'export type { Client } from "../../host/client.ts";',
    'export const later = () => import(`../../host/client.ts`);',
    "import client = require('../../host/client.ts');",
  ].map((text) => ({
    fault: `an import from a folder above, as ${text}`,
    file: 'packages/core/src/rpc/wire/tokens.ts',
    text: `${text}\n`,
    step: ['scripts/check-layers.mjs'],
    says: /tokens\.ts imports \S+client\.ts: \S+host\/ stands above/,
  })),
  {
    fault: 'a file that imports its own package by the public name',
    file: 'packages/core/src/rpc/wire/tokens.ts',
    text: "export type { Client } from '@pipework/core';\n",
    step: ['scripts/check-layers.mjs'],
    says: /tokens\.ts imports \S+core\/src\/index\.ts: an entry stands above every folder/,
  },
  {
    fault: 'a circle of imports of types, with a path that ends in .js',
    file: 'packages/core/src/rpc/wire/tokens.ts',
    text: "export type { Scanner } from './scanner.js';\n",
    step: ['scripts/check-layers.mjs'],
    says: /^a circle of imports: .*\/scanner\.ts, \S+\/tokens\.ts$/m,
  },
  {
    fault: 'a folder of core that the order of folders does not list',
    file: 'packages/core/src/rpc/planted/planted.ts',
    text: 'export const planted = 1;\n',
    step: ['scripts/check-layers.mjs'],
    says: /^packages\/core\/src\/rpc\/planted\/planted\.ts: its folder has no place in the order$/m,
  },
  {
    fault: 'two classes with one name',
    file: 'packages/testkit/src/leaks/resources.ts',
    text: 'class Scanner {}\n',
    step: ['scripts/check-layers.mjs'],
    says: /has a class Scanner, as \S+ has: rename one of them$/m,
  },
  {
    fault: 'an export of a new name',
    file: 'packages/mux/src/index.ts',
    text: '/** Planted. */\nexport const planted: number = 1;\n',
    built: [() => compile('mux')],
    step: ['scripts/check-api.mjs', 'mux'],
    says: /^\+ export const planted: number;$/m,
  },
  {
    fault: 'a new code in a table of errors',
    file: 'packages/fleet/src/errors.ts',
    before: '} as const;',
    text: "  FLEET_PLANTED: 'Planted.',\n",
    built: [() => compile('fleet')],
    step: ['scripts/check-api.mjs', 'fleet'],
    says: /^\+ .*FLEET_PLANTED/m,
  },
  {
    fault: 'an entry that grew by 5 kB',
    file: 'packages/mux/src/index.ts',
    text: `globalThis.planted = '${'x'.repeat(5_000)}';\n`,
    built: [bundle],
    step: ['scripts/check-size.mjs'],
    says: /^@pipework\/mux: \d+ bytes, budget \d+: make it smaller/m,
  },
];

describe('pnpm check', () => {
  test.each([...new Map(faults.map(({ step }) => [step.join(' '), step])).values()])(
    'passes without a fault: %s %s',
    (...step) => {
      const passes = run(...step);
      expect(passes.stderr).toBe('');
      expect(passes.status).toBe(0);
    },
  );

  test.each(faults)('fails for $fault', (fault) => {
    const { file, built = [], step, says } = fault;
    try {
      plant(fault);
      for (const build of built) expect(build().stderr).toBe('');
      const fails = run(...step);
      expect(fails.stderr).toMatch(says);
      expect(fails.status).toBe(1);
    } finally {
      rmSync(join(copy, file));
      if (existsSync(join(root, file))) cpSync(join(root, file), join(copy, file));
    }
  });

  test.each([...new Set(faults.map(({ step }) => step[0]))])('has the step %s', (script) => {
    expect(readFileSync(join(root, 'scripts/check.mjs'), 'utf8')).toContain(`['${script}']`);
  });
});
