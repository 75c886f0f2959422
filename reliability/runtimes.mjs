// runtimes.mjs: whole sessions with the plugin, and with the host, under Bun and under Deno, which npx fetches. The other side stays Node.
import { execFileSync } from 'node:child_process';
import { runHostEdges, runHostSession, runSession, runtimes } from './lib/runtimes.mjs';

let failed = 0;
for (const name of Object.keys(runtimes)) {
  const file = execFileSync('npx', ['-y', '-p', name, 'which', name], { encoding: 'utf8' }).trim();
  const version = execFileSync(file, ['--version'], { encoding: 'utf8' }).split('\n')[0];
  for (const [part, run] of Object.entries({
    'as plugin': runSession,
    'as host': runHostSession,
    'as host, at the edges': runHostEdges,
  })) {
    const { status, stdout, stderr } = run(name, file);
    const ok = status === 0 && stdout === 'done\n';
    console.log(`${ok ? 'ok    ' : 'FAILED'} ${name} ${version} ${part}`);
    if (ok) continue;
    failed++;
    console.log(`status ${status}\n${stdout}${stderr}`);
  }
}
process.exitCode = failed === 0 ? 0 : 1;
