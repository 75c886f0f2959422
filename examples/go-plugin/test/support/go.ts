import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = mkdtempSync(join(tmpdir(), 'pipework-go-plugin-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

/** The command line of the plugin. */
export const command: [file: string, ...args: string[]] = [join(folder, 'go-plugin')];

const build = spawnSync('go', ['build', '-o', command[0], '.'], {
  cwd: fileURLToPath(new URL('../..', import.meta.url)),
  encoding: 'utf8',
  // GOPATH is the place where Debian's packages put the sources of libraries.
  env: {
    ...process.env,
    GOPATH: '/usr/share/gocode',
    GO111MODULE: 'off',
    GOCACHE: join(folder, 'cache'),
    GOFLAGS: '',
  },
});

/**
 * The reason why the plugin cannot run here, or undefined if it was built. The names of skipped tests show
 * this reason.
 */
export const missing: string | undefined = whyMissing();

function whyMissing(): string | undefined {
  if (build.status === 0) return undefined;
  if (build.error !== undefined) return 'needs a Go compiler (golang-go)';
  // If a library is missing, the tests are skipped. Any other error is a fault of the plugin, and the tests
  // fail.
  if (!/cannot find package/.test(build.stderr))
    throw new Error(`the Go plugin does not build: ${build.stderr}`);
  return 'needs golang-github-hashicorp-yamux-dev and golang-github-ugorji-go-codec-dev';
}
