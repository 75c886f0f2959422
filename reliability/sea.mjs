// sea.mjs: builds a host and its plugin as one single executable application, from this Node, and runs the
// application. npx fetches the tools that bundle the code and inject it into Node. At the end, sea.mjs runs
// the application with FORGETS_TO_SERVE set. The plugin's process then runs the host's code, and pipework
// must refuse to start a further copy.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('./fixtures/single-executable.mjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'pipework-sea-'));
const run = (file, args) => execFileSync(file, args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
const app = join(folder, 'app');

try {
  const main = join(folder, 'app.cjs');
  run('npx', ['-y', 'esbuild', source, '--bundle', '--platform=node', '--format=cjs', `--outfile=${main}`]);
  const config = { main, output: join(folder, 'app.blob'), disableExperimentalSEAWarning: true };
  writeFileSync(join(folder, 'sea.json'), JSON.stringify(config));
  run(process.execPath, ['--experimental-sea-config', 'sea.json']);
  copyFileSync(process.execPath, app);
  const fuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';
  run('npx', ['-y', 'postject', app, 'NODE_SEA_BLOB', 'app.blob', '--sentinel-fuse', fuse]);

  const served = spawnSync(app, { encoding: 'utf8' });
  assert.deepEqual([served.status, served.stdout], [0, 'Hello, executable!\n'], served.stderr);
  const forgot = spawnSync(app, { encoding: 'utf8', env: { ...process.env, FORGETS_TO_SERVE: '1' } });
  assert.equal(forgot.status, 1);
  assert.match(forgot.stderr, /this process was started by the same command, as a plugin/);
  assert.equal(forgot.stderr.match(/a host/g)?.length, 2, forgot.stderr);
  console.log(
    `ok     a single executable of node ${process.version} is its own plugin, and is refused if it forgets to serve`,
  );
} finally {
  rmSync(folder, { recursive: true });
}
