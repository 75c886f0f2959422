// runtimes.mjs: one whole session with the plugin under Bun and under Deno, which npx fetches. The host stays Node.
import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const session = fileURLToPath(new URL('fixtures/session.mjs', import.meta.url));
const plugin = fileURLToPath(new URL('fixtures/plugin.mjs', import.meta.url));
// Deno reads the environment and its own files only where it is allowed to; it is given no network.
const runtimes = {
  bun: ['run', plugin],
  deno: ['run', '--allow-env', '--allow-read', '--allow-sys', plugin],
};
let failed = 0;

for (const [name, args] of Object.entries(runtimes)) {
  const which = execFileSync('npx', ['-y', '-p', name, 'which', name], { encoding: 'utf8' }).trim();
  const version = execFileSync(which, ['--version'], { encoding: 'utf8' }).split('\n')[0];
  const { status, stdout, stderr } = spawnSync(process.execPath, [session, which, ...args], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  const ok = status === 0 && stdout === 'done\n';
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${name} ${version}`);
  if (!ok) {
    failed++;
    console.log(`status ${status}\n${stdout}${stderr}`);
  }
}
process.exitCode = failed === 0 ? 0 : 1;
