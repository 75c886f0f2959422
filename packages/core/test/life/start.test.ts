import { execFile, execFileSync } from 'node:child_process';
import { chmod, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Client, StartError } from '../../src/index.ts';
import {
  enoughMs,
  failure,
  fixture,
  isAlive,
  isWindows,
  noLinks,
  noModes,
  noShell,
  plugin,
  until,
} from '../support/life.ts';

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pipework-start-'));
});
afterAll(() => rm(directory, { recursive: true }));

/** Makes a file that cannot run as a command, and returns the file's path. */
async function file(name: string, content: string | Uint8Array, mode: number): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, content);
  await chmod(path, mode);
  return path;
}

/** Starts a command that fails, and returns its error. */
async function failedStart(
  cmd: [string, ...string[]],
  { cwd, ...config }: { cwd?: string; startTimeout?: number } = {},
): Promise<StartError> {
  const [program, ...args] = cmd;
  const client = new Client({
    cmd: { file: program, args, ...(cwd === undefined ? {} : { cwd }) },
    stdin: 'ignore',
    ...config,
  });
  const error = await failure<StartError>(client.start());
  expect(error).toBeInstanceOf(StartError);
  expect(error.command).toEqual(cmd);
  return error;
}

describe('a start that succeeds', () => {
  test('returns the address of the plugin', async () => {
    const client = plugin('greets');
    expect(client.pid).toBeUndefined();
    const address = await client.start();
    expect(address).toEqual({ network: 'pipe', address: '3,4', pid: client.pid, protocolVersion: 1 });
    expect(isAlive(client.pid as number)).toBe(true);
  });

  test('starts one process for any number of callers', async () => {
    const client = plugin('greets');
    const [a, b] = await Promise.all([client.start(), client.start()]);
    expect(a).toBe(b);
    expect(await client.client()).toBe(await client.client());
  });

  test('returns the same address again after a kill, and starts no second process', async () => {
    const client = plugin('greets');
    const address = await client.start();
    await client.kill();
    expect(await client.start()).toBe(address);
    expect(isAlive(address.pid as number)).toBe(false);
  });

  test('removes the handshake from the environment that the plugin passes on', async () => {
    const client = plugin('tells-its-environment', {
      env: { set: { OTTO_PLUGIN_MAGIC_COOKIE: 'forged', PIPEWORK_FDS: '7,8', MINE: 'yes' } },
    });
    const rpc = await client.client();
    const { env } = (await rpc.dispense('teller' as never)) as { env(): Promise<Record<string, string>> };
    const names = Object.keys(await env());
    expect(names).toContain('MINE');
    expect(names.filter((name) => /^(PIPEWORK_|OTTO_)/.test(name))).toEqual([]);
  });
});

describe('a start that fails', () => {
  test('reports the exit code and both outputs of a process that ended', async () => {
    const client = plugin('exits-before-handshake', {}, '7');
    const error = await failure<StartError>(client.start());
    expect(error.code).toBe('HANDSHAKE_EXITED');
    expect(error.message).toMatch(/^plugin exited before we could connect/);
    expect(error.message).toContain('exit code 7');
    expect(error.message).toContain('exits-before-handshake.mjs');
    expect(error).toMatchObject({ phase: 'handshake', exitCode: 7, signal: null });
    expect(error.stdoutTail).toBe('about to fail\n');
    expect(error.stderrTail).toBe('no configuration found\n');
    expect(error.elapsedMs).toBeGreaterThan(0);
    expect(await client.exit).toMatchObject({ code: 7, by: 'plugin' });
  });

  test('makes each further start() and client() reject with the same error', async () => {
    const client = plugin('exits-before-handshake');
    const error = await failure(client.start());
    expect(await failure(client.start())).toBe(error);
    expect(await failure(client.client())).toBe(error);
  });

  test('ends a process that prints no line within startTimeout', async () => {
    // The time limit must leave the plugin time to print. On a busy machine, the start of Node alone can take
    // longer than a second.
    const began = performance.now();
    execFileSync(process.execPath, ['-e', '0']);
    const startTimeout = 1_000 + 5 * (performance.now() - began);
    const client = plugin('never-greets', { startTimeout });
    const error = await failure<StartError>(client.start());
    expect(error.code).toBe('HANDSHAKE_TIMEOUT');
    expect(error.message).toMatch(/^timeout while waiting for plugin to start/);
    expect(error.stderrTail).toContain('still warming up');
    expect(isAlive(client.pid as number)).toBe(false);
  });

  test('rejects at its timeout even when a test fakes the clock', async () => {
    vi.useFakeTimers();
    try {
      const error = await failure(plugin('never-greets', { startTimeout: 300 }).start());
      expect(error.code).toBe('HANDSHAKE_TIMEOUT');
    } finally {
      vi.useRealTimers();
    }
  });

  test('says that the process has closed descriptor 4 and continues to run', async () => {
    const client = plugin('closes-descriptor-4');
    const error = await failure(client.start());
    expect(error.code).toBe('HANDSHAKE_CLOSED');
    expect(error.message).toMatch(/^plugin closed its pipe before we could connect/);
    expect(isAlive(client.pid as number)).toBe(false);
  });

  test.each([
    ['1|pipe', 'HANDSHAKE_UNRECOGNIZED', 'Unrecognized remote plugin message: 1|pipe'],
    ['1|pipe|', 'HANDSHAKE_UNRECOGNIZED', 'Unrecognized remote plugin message: 1|pipe|'],
    [
      '2|pipe|3,4',
      'HANDSHAKE_API_VERSION',
      'Incompatible API version with plugin. Plugin version: 2, Ours: 1',
    ],
    ['1|unix|/tmp/x', 'HANDSHAKE_NETWORK', 'Unknown address type: unix'],
    ['1|pipe|3,4|grpc', 'HANDSHAKE_PROTOCOL', 'unsupported plugin protocol "grpc"'],
    [
      '1|pipe|3,4||5',
      'HANDSHAKE_VERSION',
      'incompatible protocol version with plugin. Plugin version: 5, Host versions: [1]',
    ],
  ])('refuses the line %s', async (line, code, message) => {
    const client = plugin('says-a-line', {}, `${line}\\n`);
    const error = await failure<StartError>(client.start());
    expect(error.code).toBe(code);
    expect(error.message.startsWith(message)).toBe(true);
    const isPermanent = ['HANDSHAKE_API_VERSION', 'HANDSHAKE_PROTOCOL', 'HANDSHAKE_VERSION'].includes(code);
    expect(error.permanent).toBe(isPermanent);
    expect(isAlive(client.pid as number)).toBe(false);
  });

  test('shows an unfinished line in the error if the plugin writes no more', async () => {
    const startTimeout = await enoughMs(500);
    const error = await failure(plugin('says-a-line', { startTimeout }, '1|pi').start());
    expect(error.code).toBe('HANDSHAKE_TIMEOUT');
    expect(error.message.split('\n')[0]).toMatch(new RegExp(`within ${startTimeout} ms, only 1\\|pi$`));
  });

  test('refuses 4096 bytes without a line break', async () => {
    const error = await failure(plugin('says-a-line', {}, 'x'.repeat(5000)).start());
    expect(error.code).toBe('HANDSHAKE_UNRECOGNIZED');
    expect(error.message.split('\n')[0]?.length).toBeLessThan(400);
  });
});

describe('the notes of a failed start', () => {
  test('say that a file is missing', async () => {
    const error = await failedStart([join(directory, 'nowhere')]);
    // On Windows, cmd.exe runs a command that is not an .exe, and exits with an error.
    expect(error.code).toBe(isWindows ? 'HANDSHAKE_EXITED' : 'PLUGIN_NOT_STARTED');
    expect(error.notes.join()).toContain('does not exist');
  });

  test('say that no directory of PATH has the program', async () => {
    expect((await failedStart(['no-such-program-anywhere'])).notes.join()).toContain('PATH');
  });

  test.skipIf(noShell)(`do not mention PATH if the program is found without it${noShell}`, async () => {
    const cmd = ['sh', '-c', 'exit 3'] as const;
    const client = new Client({ cmd: [...cmd], stdin: 'ignore', env: { set: { PATH: undefined } } });
    const error = await failure<StartError>(client.start());
    expect(error.exitCode).toBe(3);
    expect(error.notes.join()).not.toContain('PATH');
  });

  test.skipIf(noModes)(`say that a file is not executable, with its mode${noModes}`, async () => {
    const error = await failedStart([await file('plain', '#!/bin/sh\n', 0o640)]);
    expect(error.notes.join()).toMatch(/not executable \(mode 0640\)/);
  });

  test('say that the program is a directory', async () => {
    expect((await failedStart([directory])).notes.join()).toContain('is a directory');
  });

  test.skipIf(noModes)(`say that the interpreter does not exist${noModes}`, async () => {
    const error = await failedStart([await file('script', '#!/opt/nowhere/python3\nprint()\n', 0o755)]);
    expect(error.notes.join()).toContain('/opt/nowhere/python3, which does not exist');
  });

  test.skipIf(noModes)(`say that the first line ends in a carriage return${noModes}`, async () => {
    const error = await failedStart([await file('windows', '#!/bin/sh\r\nexit\r\n', 0o755)]);
    expect(error.notes.join()).toContain('carriage return');
  });

  test('say which machine a program was built for', async () => {
    const header = Buffer.alloc(64);
    header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
    header.writeUInt16LE(process.arch === 'arm64' ? 62 : 183, 18);
    const error = await failedStart([await file('foreign', header, 0o755)]);
    expect(error.notes.join()).toContain(`built for ELF ${process.arch === 'arm64' ? 'x64' : 'arm64'}`);
  });

  test('say that the working directory does not exist', async () => {
    expect((await failedStart(['true'], { cwd: join(directory, 'nowhere') })).notes.join()).toContain(
      'working directory',
    );
  });

  test.skipIf(noShell)(`say that the host’s own working directory is gone${noShell}`, async () => {
    const script = 'mkdir "$0" && cd "$0" && rmdir "$0" && exec "$@"';
    const words = [process.execPath, fixture('tells-its-start'), process.execPath, fixture('greets')];
    const { stdout } = await promisify(execFile)('/bin/sh', [
      '-c',
      script,
      join(directory, 'gone'),
      ...words,
    ]);
    const { code, notes } = JSON.parse(stdout) as { code: string; notes: string[] };
    expect(code).toBe('PLUGIN_NOT_STARTED');
    expect(notes.join()).toContain('the working directory of this process does not exist any more');
  });

  test.skipIf(noLinks)(`say that a symbolic link leads nowhere${noLinks}`, async () => {
    const link = join(directory, 'dangling');
    await symlink('nowhere', link);
    expect((await failedStart([link])).notes.join()).toContain('a symbolic link to nowhere');
  });

  test.skipIf(noShell)(`name the variable that makes the environment too long${noShell}`, async () => {
    const big = new Client({ cmd: ['true'], stdin: 'ignore', env: { set: { BIG: 'x'.repeat(4 << 20) } } });
    const error = await failure<StartError>(big.start());
    expect(error).toMatchObject({ code: 'PLUGIN_NOT_STARTED', cause: { code: 'E2BIG' } });
    expect(error.notes.join()).toMatch(
      /^arguments and environment have \d+ bytes, most of them in the variable BIG \(4194309\)/,
    );
  });

  test.skipIf(noShell)(`say what exit code 127 means${noShell}`, async () => {
    const error = await failedStart(['/bin/sh', '-c', 'no-such-program-anywhere']);
    expect(error).toMatchObject({ code: 'HANDSHAKE_EXITED', exitCode: 127 });
    expect(error.notes.join()).toContain('127');
  });

  test('say why a program that ran wrote no handshake line', async () => {
    const startTimeout = await enoughMs(500);
    const notes = async (script: string): Promise<string> =>
      (await failedStart([process.execPath, '-e', script], { startTimeout })).notes.join();
    expect(await notes('setTimeout(() => {}, 1e5)')).toContain('raise startTimeout');
    expect(await notes('process.exit(0)')).toContain('without a handshake, which serve() makes');
    expect(await notes('process.exit(1)')).toBe('');
    const line = 'console.log("1|3|unix|/tmp/plugin1|grpc|"); setTimeout(() => {}, 1e5)';
    expect(await notes(line)).toContain('go-plugin');
  });

  test('say that something closed descriptor 4', async () => {
    const script = 'require("node:fs").closeSync(4); setTimeout(() => {}, 1e5)';
    const error = await failedStart([process.execPath, '-e', script], { startTimeout: await enoughMs(500) });
    expect(error.notes.join()).toContain('something closed descriptor 4');
  });

  test('say what exit code 13 of Node means', async () => {
    const script = 'await new Promise(() => {})';
    const error = await failedStart([process.execPath, '--input-type=module', '-e', script]);
    expect(error.notes.join()).toContain('an await at the top level of the program never settled');
  });

  test.skipIf(noShell)(`say that descriptors 3 and 4 were lost on the way${noShell}`, async () => {
    const error = await failedStart([
      '/bin/sh',
      '-c',
      `"${process.execPath}" "${fixture('greets')}" 3>&- 4>&-; exit 1`,
    ]);
    expect(error.notes.join()).toContain('descriptors 3 and 4 were lost');
    expect(error.stderrTail).toContain('did not reach this plugin');
  });
});

describe.skipIf(noShell)(`a host without free descriptors${noShell}`, () => {
  test('continues to run: its start fails with a reason, and the next start works', async () => {
    const script = 'ulimit -n 128 && exec "$0" "$@"';
    const words = [process.execPath, fixture('runs-out-of-descriptors'), fixture('greets')];
    const { stdout } = await promisify(execFile)('/bin/sh', ['-c', script, ...words]);
    const { first, second, third, greeting } = JSON.parse(stdout) as Record<string, unknown>;
    expect(second).toMatchObject({
      code: 'PLUGIN_NOT_STARTED',
      cause: 'EMFILE',
      message: expect.stringContaining('note: this process has no file descriptors left'),
    });
    expect({ first, third }).toEqual({ first: 'started', third: 'started' });
    expect(greeting).toBe('Hello, still there!');
  });
});

describe.skipIf(noShell)(`a host with few descriptors${noShell}`, () => {
  test('can start its first plugin while only 12 descriptors are free', async () => {
    const script = 'ulimit -n 128 && exec "$0" "$@"';
    const words = [process.execPath, fixture('starts-with-few-descriptors'), fixture('greets'), '12'];
    const { stdout } = await promisify(execFile)('/bin/sh', ['-c', script, ...words]);
    expect(stdout).toBe('Hello, few!');
  });
});

describe('the option signal', () => {
  test('ends a start that is under way, and leaves no process behind', async () => {
    const controller = new AbortController();
    const client = plugin('never-greets', { signal: controller.signal });
    const started = failure(client.start());
    await until(() => client.pid !== undefined);
    controller.abort(new Error('changed my mind'));
    const error = await started;
    expect(error.code).toBe('PLUGIN_ABORTED');
    expect(error.cause).toMatchObject({ message: 'changed my mind' });
    expect(isAlive(client.pid as number)).toBe(false);
    expect(client.exited).toBe(true);
  });

  test('keeps the plugin from starting if it is already aborted', async () => {
    const client = plugin('greets', { signal: AbortSignal.abort() });
    expect((await failure(client.start())).code).toBe('PLUGIN_ABORTED');
    expect(client.pid).toBeUndefined();
    expect(await client.exit).toMatchObject({ by: 'none' });
  });

  test('settles client.exit and keeps the client from starting if the signal aborts before the start', async () => {
    const controller = new AbortController();
    const client = plugin('greets', { signal: controller.signal });
    controller.abort(new Error('too late'));
    expect(await client.exit).toMatchObject({ by: 'none' });
    expect(client.exited).toBe(true);
    expect(await failure(client.start())).toMatchObject({
      code: 'PLUGIN_ABORTED',
      cause: { message: 'too late' },
    });
  });

  test('kills a running plugin', async () => {
    const controller = new AbortController();
    const client = plugin('greets', { signal: controller.signal });
    await client.start();
    controller.abort();
    expect(await client.exit).toMatchObject({ by: 'quit', code: 0 });
  });
});
