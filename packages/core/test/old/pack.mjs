// Makes the packages in this folder: core and mux of an earlier version, built from its commit, without
// sources, types and source maps.
//
//   node packages/core/test/old/pack.mjs ad9a43e     (makes pipework-*-0.1.0.tgz)
//
// This program checks the commit out into a temporary folder, installs with the commit's lockfile, builds,
// packs, and removes the checkout.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const commit = process.argv[2];
if (commit === undefined) throw new Error('usage: node pack.mjs COMMIT');
const place = mkdtempSync(join(tmpdir(), 'pipework-old-'));
const checkout = join(place, 'checkout');
const run = (cwd, file, ...args) => execFileSync(file, args, { cwd, stdio: 'inherit' });
try {
  run(here, 'git', 'worktree', 'add', '--detach', checkout, commit);
  run(checkout, 'npx', '-y', 'pnpm@12', 'install', '--frozen-lockfile');
  run(checkout, 'npx', '-y', 'pnpm@12', 'build');
  for (const name of ['core', 'mux']) {
    run(join(checkout, 'packages', name), 'npx', '-y', 'pnpm@12', 'pack', '--pack-destination', place);
    const { version } = JSON.parse(readFileSync(join(checkout, 'packages', name, 'package.json'), 'utf8'));
    const file = `pipework-${name}-${version}.tgz`;
    run(place, 'tar', '-xzf', file, '--exclude=*.map', '--exclude=*.d.ts', '--exclude=package/src');
    run(place, 'tar', '-czf', join(here, file), 'package');
    rmSync(join(place, 'package'), { recursive: true });
  }
} finally {
  run(here, 'git', 'worktree', 'remove', '--force', checkout);
  rmSync(place, { recursive: true, force: true });
}
