// `pnpm check`: checks types, lint, format, layers and packaging. It prints the name of each step, and runs
// all steps even if one fails.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';

const bin = (name) => join('node_modules', '.bin', name);
const failed = [];

function step(name, command, args) {
  const started = performance.now();
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const ok = status === 0;
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`);
  if (ok) return;
  failed.push(name);
  console.log([error?.message, stdout, stderr].filter(Boolean).join('\n'));
}

step('build', 'pnpm', ['build']);
step('types of sources and tests', bin('tsc'), ['-p', 'tsconfig.check.json']);
step('types of the TypeScript template', bin('tsc'), ['-b', 'packages/cli/templates/typescript']);
step('types of the JavaScript template', bin('tsc'), [
  '-p',
  'packages/cli/templates/javascript/jsconfig.json',
]);
step('lint', bin('oxlint'), ['--type-aware', '--deny-warnings']);
step('format', bin('prettier'), ['--check', '--log-level=warn', '.']);
step('phrases', process.execPath, ['scripts/check-prose.mjs']);
step('links of package READMEs', process.execPath, ['scripts/check-readmes.mjs']);
step('layers', process.execPath, ['scripts/check-layers.mjs']);
step('public names and types', process.execPath, ['scripts/check-api.mjs']);
step('size of the entries', process.execPath, ['scripts/check-size.mjs']);

step('addresses', process.execPath, ['scripts/address.mjs']);

const tarballs = mkdtempSync(join(tmpdir(), 'pipework-pack-'));
try {
  step('pack', 'pnpm', ['-r', '--filter', './packages/*', 'pack', '--pack-destination', tarballs]);
  for (const file of readdirSync(tarballs)) {
    // The CLI's package contains the package.json files of a new workspace. publint would warn of the exports
    // in these files as if they were the CLI's own.
    const strict = file.startsWith('pipework-cli-') ? [] : ['--strict'];
    step(`publint ${file}`, bin('publint'), [join(tarballs, file), ...strict]);
    step(`attw ${file}`, bin('attw'), [join(tarballs, file), '--profile', 'esm-only']);
  }
  const packed = readdirSync(tarballs).map((file) => join(tarballs, file));
  step('a consumer of the packed packages', process.execPath, ['scripts/check-consumer.mjs', ...packed]);
  step('a workspace of npm create pipework', process.execPath, ['scripts/check-new.mjs', ...packed]);
  step('the first plugin, by its page', process.execPath, ['scripts/check-first-plugin.mjs', ...packed]);
} finally {
  rmSync(tarballs, { recursive: true, force: true });
}

console.log(failed.length === 0 ? 'all checks passed' : `${failed.length} failed: ${failed.join(', ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;
