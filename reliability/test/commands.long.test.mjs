// Shows that no command of `pipework` needs a network. Each command runs under the seal, which ends a process
// that makes a network call.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { runSealed, whyNotSealed } from '../lib/seal.mjs';

const at = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const pipework = [process.execPath, at('packages/cli/dist/bin.js')];
const greeter = [process.execPath, at('examples/greeter/dist/plugin.js')];
const fixture = [process.execPath, at('packages/cli/test/fixtures/plugin.mjs')];
const obstacle = whyNotSealed();

/** Runs `pipework` with `args` under the seal, which also holds for every process that it starts. */
function sealed(args, options = {}) {
  const command = [...pipework, ...args];
  const { status, stdout, stderr } = runSealed(command, { stdio: 'pipe', encoding: 'utf8', ...options });
  return { status, stdout, stderr };
}

describe.skipIf(obstacle)(`under the seal${obstacle ? ` (SKIPPED: ${obstacle})` : ''}`, () => {
  test.each([
    ['--help', ['--help'], /^Usage: pipework/],
    ['describe', ['describe', '--', ...fixture], /^ {2}get\(arg1: string\)/m],
    ['describe --dts', ['describe', '--dts', '--', ...greeter], /^export interface Plugins/m],
    ['call', ['call', 'greeter.greet', '"world"', '--', ...greeter], /^"Hello, world!"$/m],
    ['call of a stream', ['call', 'greeter.count', '3', '--', ...greeter], /^1\n2\n3\n$/],
    ['call with standard input', ['call', 'greeter.hash', '-', '--', ...greeter], /^\{"\$bytes":"/],
    ['conformance', ['conformance', '--only', 'cookie', '--', ...greeter], /^2 passed, 0 failed/m],
    ['completion', ['completion', 'bash'], /^complete -o default/m],
  ])('%s works', (_, args, shown) => {
    const { status, stdout, stderr } = sealed(args, { input: 'a stream of bytes' });
    expect(stdout).toMatch(shown);
    expect(status, stderr).toBe(0);
  });

  test('doctor reports the same as without the seal', () => {
    // The check of bubblewrap is skipped, because bwrap itself makes a socket to set up the sandbox's
    // loopback device.
    const args = ['doctor', '--json', '--skip', 'bubblewrap'];
    const levels = ({ stdout }) => JSON.parse(stdout).checks.map(({ name, level }) => `${name}: ${level}`);
    const [file, ...rest] = [...pipework, ...args];
    const unsealed = levels(spawnSync(file, rest, { encoding: 'utf8' }));
    expect(unsealed).toContain('wrappers: ok');
    expect(levels(sealed(args))).toEqual(unsealed);
  });

  test('new makes a workspace', () => {
    const folder = mkdtempSync(join(tmpdir(), 'pipework-sealed-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    expect(sealed(['new', 'my-app'], { cwd: folder })).toMatchObject({ status: 0, stderr: '' });
    expect(existsSync(join(folder, 'my-app/pnpm-workspace.yaml'))).toBe(true);
    expect(readFileSync(join(folder, 'my-app/package.json'), 'utf8')).toContain('"my-app"');
  });

  test('the kernel ends a plugin that makes a socket, and the command says so', () => {
    const opens = 'require("node:net").createServer().listen(0)';
    const { status, stderr } = sealed(['describe', '--', process.execPath, '-e', opens]);
    expect(stderr).toContain('SIGSYS');
    expect(status).toBe(7);
  });
});
