// runtimes.mjs: one whole session with the plugin under Bun and under Deno, which npx fetches. The host stays Node.
import { execFileSync } from 'node:child_process';
import { runSession, runtimes } from './lib/runtimes.mjs';

let failed = 0;
for (const name of Object.keys(runtimes)) {
  const file = execFileSync('npx', ['-y', '-p', name, 'which', name], { encoding: 'utf8' }).trim();
  const version = execFileSync(file, ['--version'], { encoding: 'utf8' }).split('\n')[0];
  const { status, stdout, stderr } = runSession(name, file);
  const ok = status === 0 && stdout === 'done\n';
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${name} ${version}`);
  if (!ok) {
    failed++;
    console.log(`status ${status}\n${stdout}${stderr}`);
  }
}
process.exitCode = failed === 0 ? 0 : 1;
