// matrix.mjs [VERSION...]: the whole suite on each Node that is supported, each in a clean copy of the last commit, with that Node as
// the only one on the PATH. Needs npx; the copies are removed again.
//
//   node reliability/matrix.mjs            all of them
//   node reliability/matrix.mjs 24.x       one
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const supported = ['20.19.0', '22.12.0', '22.x', '24.x', '26.x'];
const pnpm = 'pnpm@12.21.0';
const root = fileURLToPath(new URL('..', import.meta.url));
const failed = [];

for (const version of process.argv.length > 2 ? process.argv.slice(2) : supported) {
  // Not in /tmp: the sandboxes that some tests make have a /tmp of their own.
  const cache = join(homedir(), '.cache');
  mkdirSync(cache, { recursive: true });
  const copy = mkdtempSync(join(cache, 'pipework-matrix-'));
  try {
    execFileSync('git', ['clone', '--quiet', '--depth', '1', `file://${root}`, copy]);
    const npx = (...command) =>
      spawnSync('npx', ['-y', '-p', `node@${version}`, '-p', pnpm, ...command], {
        cwd: copy,
        encoding: 'utf8',
        maxBuffer: 2 ** 26,
      });
    const exact = npx('node', '--version').stdout.trim();
    const started = performance.now();
    const { status, stdout, stderr } = npx('pnpm', 'test');
    const seconds = ((performance.now() - started) / 1_000).toFixed(0);
    const tally = /^\d+ passed, \d+ failed, \d+ skipped$/m.exec(stdout)?.[0] ?? 'no tally';
    console.log(
      `${status === 0 ? 'ok    ' : 'FAILED'} ${version.padEnd(8)} ${exact.padEnd(9)} ${tally} (${seconds} s)`,
    );
    if (status !== 0) {
      failed.push(version);
      console.log(`${stdout}\n${stderr}`.split('\n').slice(-150).join('\n'));
    }
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}
console.log(failed.length === 0 ? 'green on every version' : `red on ${failed.join(', ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;
