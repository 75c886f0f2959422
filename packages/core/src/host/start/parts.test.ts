/** Tests of the host's small parts: environment, tail, logger, digests. */

import { Console } from 'node:console';
import { PassThrough } from 'node:stream';
import tty from 'node:tty';
import vm from 'node:vm';
import { describe, expect, test, vi } from 'vitest';
import { digestBytes } from './checksum.ts';
import { checkConfig, type ClientConfig } from './config.ts';
import { buildEnv } from './env.ts';
import { isBreach, ranOutOfMemory } from '../end/exit.ts';
import { programPaths } from './find-program.ts';
import { defaultLimits } from '../../base/limits.ts';
import { bindLogger } from '../output/logger.ts';
import { Tail } from '../output/tail.ts';

describe('the environment of a plugin', () => {
  const host = { PATH: '/bin', HOME: '/me', LC_ALL: 'C', LC_TIME: 'C', SECRET: 'x' };

  test('has the variables of the host, the caller, `set` and the handshake, and later ones override earlier ones', () => {
    const env = buildEnv(
      host,
      { HOME: '/cmd', A: '1', COOKIE: 'mine' },
      { set: { A: '2', SECRET: undefined } },
      { COOKIE: 'real' },
    );
    expect(env).toEqual({ PATH: '/bin', HOME: '/cmd', LC_ALL: 'C', LC_TIME: 'C', A: '2', COOKIE: 'real' });
  });

  test('has only the variables that match the allow-list, by name or by prefix', () => {
    expect(buildEnv(host, undefined, { inherit: ['PATH', 'LC_*'] }, {})).toEqual({
      PATH: '/bin',
      LC_ALL: 'C',
      LC_TIME: 'C',
    });
    expect(buildEnv(host, undefined, { inherit: false, set: { X: '1' } }, { C: '2' })).toEqual({
      X: '1',
      C: '2',
    });
  });
});

test('the environment of a plugin on Windows has each name once, whatever its case', () => {
  const host = { Path: 'C:\\host', Home: 'C:\\me' };
  const env = buildEnv(host, undefined, { inherit: ['PATH'], set: { PATH: 'C:\\mine' } }, {}, 'win32');
  expect(env).toEqual({ PATH: 'C:\\mine' });
  expect(buildEnv(host, undefined, { inherit: ['home'] }, {}, 'win32')).toEqual({ Home: 'C:\\me' });
});

describe('the files that a command may name', () => {
  test('are in the directories of PATH, if the command is not a path', () => {
    const env = { PATH: '/bin:rel' };
    expect(programPaths({ file: 'tool', cwd: '/work', env }, 'linux')).toEqual([
      '/bin/tool',
      '/work/rel/tool',
    ]);
    expect(programPaths({ file: './tool', cwd: '/work', env }, 'linux')).toEqual(['/work/tool']);
  });

  test('have the extensions of PATHEXT on Windows, and are not in PATH if the command is a path', () => {
    vi.stubEnv('PATHEXT', '.EXE;.CMD');
    const find = (file: string): string[] =>
      programPaths({ file, cwd: 'C:\\work', env: { Path: 'C:\\bin' } }, 'win32');
    expect(find('.\\sub\\p.cmd')[0]).toBe('C:\\work\\sub\\p.cmd');
    expect(find('.\\sub\\p.cmd').filter((path) => path.startsWith('C:\\bin'))).toEqual([]);
    expect(find('tool')).toEqual([
      'C:\\work\\tool.EXE',
      'C:\\work\\tool.CMD',
      'C:\\bin\\tool.EXE',
      'C:\\bin\\tool.CMD',
      'C:\\work\\tool',
      'C:\\bin\\tool',
    ]);
    vi.unstubAllEnvs();
  });
});

describe('a tail', () => {
  test('keeps the last bytes in order', () => {
    const tail = new Tail(10);
    for (const text of ['abc', 'defgh', 'ijkl']) tail.push(Buffer.from(text));
    expect(tail.toString()).toBe('…cdefghijkl');
  });

  test('does not begin inside a character, and copies the chunks that it gets', () => {
    const tail = new Tail(5);
    const chunk = Buffer.from('xx🎉y');
    tail.push(chunk);
    chunk.fill(0);
    expect(tail.toString()).toBe('…🎉y');
    tail.push(Buffer.from('z'));
    expect(tail.toString()).toBe('…yz');
  });

  test('drops old bytes in a flood', () => {
    const tail = new Tail(1000);
    for (let i = 0; i < 100_000; i++) tail.push(Buffer.from('x'));
    expect(tail.toString()).toBe(`…${'x'.repeat(1000)}`);
  });
});

describe('a logger', () => {
  test('gets the fields first if it is like pino', () => {
    const info = vi.fn();
    bindLogger({ info, bindings: () => ({}) } as object, { plugin: 'p' })?.('info', 'hello', { a: 1 });
    expect(info).toHaveBeenCalledWith({ a: 1, plugin: 'p' }, 'hello');
  });

  test('gets trace records without a stack of the host if it is a console', () => {
    const out = new PassThrough();
    bindLogger(new Console({ stdout: out, stderr: out }), {})?.('trace', 'deep');
    expect(String(out.read())).toBe('deep {}\n');
  });

  test('gets the message first if it is not like pino', () => {
    const info = vi.fn();
    bindLogger({ info }, { plugin: 'p' })?.('info', 'hello', { a: 1, plugin: 'forged' });
    expect(info).toHaveBeenCalledWith('hello', { a: 1, plugin: 'p' });
  });

  test('gets a record at the nearest lower level if it has no method for the level', () => {
    const logger = { info: vi.fn(), error: vi.fn() };
    const log = bindLogger(logger, {});
    log?.('debug', 'quiet');
    log?.('warn', 'careful');
    expect(logger.info.mock.calls).toEqual([['careful', {}]]);
    expect(logger.error).not.toHaveBeenCalled();
  });

  test('that throws causes one warning and no error', () => {
    const emitWarning = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const log = bindLogger(
      {
        info: () => {
          throw new Error('no');
        },
      },
      {},
    );
    log?.('info', 'x');
    log?.('info', 'y');
    expect(emitWarning).toHaveBeenCalledTimes(1);
    emitWarning.mockRestore();
  });

  test.each([
    [
      'is read',
      {
        get info() {
          throw new Error('no');
        },
      },
    ],
    ['has returned', { info: async () => Promise.reject(new Error('no')) }],
  ])('that fails when its method %s causes one warning', async (_when, logger) => {
    const emitWarning = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const log = bindLogger(logger, {});
    log?.('info', 'x');
    log?.('info', 'y');
    await new Promise((resolve) => setImmediate(resolve));
    expect(emitWarning).toHaveBeenCalledTimes(1);
    emitWarning.mockRestore();
  });
});

describe('memory that ran out', () => {
  test.each([
    [{ code: null, signal: 'SIGKILL' as const }, '', true, true],
    [{ code: null, signal: 'SIGKILL' as const }, '', false, false],
    [{ code: 137, signal: null }, '', true, true],
    [{ code: 137, signal: null }, '', false, false],
    [{ code: 1, signal: null }, '', true, false],
    [{ code: 134, signal: null }, 'FATAL ERROR: Reached heap limit', false, true],
    [{ code: 0, signal: null }, 'JavaScript heap out of memory', false, false],
    [{ code: 1, signal: null }, 'Error: boom', false, false],
  ])('is the cause (exit %j, stderr %j, killed by the kernel %j): %j', (exit, tail, kernelKilled, told) => {
    expect(ranOutOfMemory(exit, tail, kernelKilled)).toBe(told);
  });
});

describe('a digest', () => {
  test('is 64 hexadecimal digits or 32 bytes', () => {
    expect(digestBytes('AB'.repeat(32))?.byteLength).toBe(32);
    expect(digestBytes(new Uint8Array(32))?.byteLength).toBe(32);
    const foreign = vm.runInNewContext('new Uint8Array(32).fill(7)') as Uint8Array;
    expect(digestBytes(foreign)?.equals(Buffer.alloc(32, 7))).toBe(true);
    for (const wrong of ['ab', 'zz'.repeat(32), new Uint8Array(31)])
      expect(digestBytes(wrong)).toBeUndefined();
  });
});

describe('a client’s option', () => {
  /** Returns a list of two places. The first place is a hole. */
  const withHole = (second: unknown): unknown[] => Object.assign([], { 1: second });

  test.each([
    [{}, 'cmd'],
    [{ cmd: [] }, 'cmd[0]'],
    [{ cmd: { file: '' } }, 'cmd.file'],
    [{ cmd: ['x', 5] }, 'cmd.args'],
    [{ cmd: withHole('x') }, 'cmd[0]'],
    [{ cmd: ['x', ...withHole('y')] }, 'cmd.args'],
    [{ cmd: Object.assign(['x'], { 2: 'y' }) }, 'cmd.args'],
    [{ cmd: { file: 'x', args: withHole('y') } }, 'cmd.args'],
    [{ cmd: ['x'], startTimeout: 0 }, 'startTimeout'],
    [{ cmd: ['x'], gracePeriod: '5' }, 'gracePeriod'],
    [{ cmd: ['x'], managed: 1 }, 'managed'],
    [{ cmd: ['x'], syncStdout: {} }, 'syncStdout'],
    [{ cmd: ['x'], stdin: 'pipe' }, 'stdin'],
    [{ cmd: ['x'], protocolVersions: [] }, 'protocolVersions'],
    [{ cmd: ['x'], protocolVersions: [1.5] }, 'protocolVersions'],
    [{ cmd: ['x'], protocolVersions: withHole(1) }, 'protocolVersions'],
    [{ cmd: ['x'], checksum: { algorithm: 'md5', value: '' } }, 'checksum.algorithm'],
    [{ cmd: ['x'], checksum: { algorithm: 'sha256', value: 'ab' } }, 'checksum.value'],
    [{ cmd: ['x'], env: { inherit: 'PATH' } }, 'env.inherit'],
    [{ cmd: ['x'], signal: {} }, 'signal'],
    [{ cmd: ['x'], launcher: {} }, 'launcher'],
    [{ cmd: ['x'], logLevel: 'loud' }, 'logLevel'],
    [{ cmd: ['x'], timeout: 5 }, 'config'],
    [{ cmd: { file: 'x', arg: [] } }, 'cmd'],
    [{ cmd: ['x', 'a\0'] }, 'cmd.args'],
    [{ cmd: { file: 'x', env: { A: 1 } } }, 'cmd.env.A'],
    [{ cmd: ['x'], env: { PATH: '/bin' } }, 'env.set'],
    [{ cmd: ['x'], env: null }, 'env'],
    [{ cmd: ['x'], env: { inherit: [1] } }, 'env.inherit'],
    [{ cmd: ['x'], env: { inherit: withHole('PATH') } }, 'env.inherit'],
    [{ cmd: ['x'], env: { set: { A: 'a\0' } } }, 'env.set.A'],
    [{ cmd: ['x'], handshake: { magicCookieKey: 'A=B' } }, 'handshake.magicCookieKey'],
    [{ cmd: ['x'], handshake: { magicCookieKey: 'PIPEWORK_FDS' } }, 'handshake.magicCookieKey'],
    [{ cmd: ['x'], handshake: { cookie: 'x' } }, 'handshake'],
    [{ cmd: ['x'], checksum: { algorithm: 'sha256', value: 'a'.repeat(64), file: 5 } }, 'checksum.file'],
    [{ cmd: ['x'], interceptors: [5] }, 'interceptors'],
    [{ cmd: ['x'], interceptors: withHole(() => {}) }, 'interceptors'],
    [{ cmd: ['x'], handlerInterceptors: withHole(() => {}) }, 'handlerInterceptors'],
    [{ cmd: ['x'], limits: 5 }, 'limits'],
    [{ cmd: ['x'], limits: null }, 'limits'],
    [{ cmd: ['x'], limits: { maxDept: 5 } }, 'maxDept'],
    [
      { cmd: ['x'], startTimeout: 2 ** 31 },
      'startTimeout must be milliseconds above 0 and at most 2147483647',
    ],
    [{ cmd: ['x'], syncStdout: { write() {} } }, 'syncStdout'],
    [{ cmd: ['x'], stdin: { pipe() {} } }, 'stdin'],
    [{ cmd: ['x'], logger: {} }, 'logger'],
    [{ cmd: ['x'], logger: { log() {} } }, 'logger'],
    [{ cmd: ['x'], syncStdout: 'inherit' }, 'syncStdout'],
    [{ cmd: ['x'], syncStderr: 'log' }, 'syncStderr'],
    [{ cmd: ['x'], env: { set: { 'PIPEWORK_FDS=9,9': '' } } }, 'env.set'],
    [{ cmd: { file: 'x', env: { 'A\0': '' } } }, 'cmd.env'],
  ])('%j is refused immediately, and the error names the option', (config, name) => {
    expect(() => checkConfig(config as unknown as ClientConfig)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining(name) as string }),
    );
  });

  test('limits has the default value for a limit that is undefined', () => {
    const limits: object = { maxDepth: undefined };
    const settings = checkConfig({ cmd: ['x'], limits });
    expect(settings.limits).toEqual(defaultLimits);
  });

  test('processGroup is refused together with a terminal as standard input', () => {
    const isatty = vi.spyOn(tty, 'isatty').mockReturnValue(true);
    expect(() => checkConfig({ cmd: ['x'], processGroup: true, stdin: 'inherit' })).toThrow(
      /processGroup must be false while stdin/,
    );
    expect(checkConfig({ cmd: ['x'], processGroup: true }).processGroup).toBe(true);
    isatty.mockRestore();
  });

  test('stdin defaults to an empty standard input', () => {
    expect(checkConfig({ cmd: ['x'] }).stdin).toBe('ignore');
  });

  test('syncStdout and syncStderr default to `log` if there is a logger, and otherwise to `ignore`', () => {
    const logger = { info() {} };
    const { syncStdout, syncStderr } = checkConfig({ cmd: ['x'], logger, syncStderr: 'ignore' });
    expect([syncStdout, syncStderr, checkConfig({ cmd: ['x'] }).syncStdout]).toEqual([
      'log',
      'ignore',
      'ignore',
    ]);
  });

  test('name defaults to the base name of the script, or of the program if there is no script', () => {
    expect(checkConfig({ cmd: ['/usr/bin/node', '--enable-source-maps', './lint.mjs', 'x.js'] }).name).toBe(
      'lint.mjs',
    );
    expect(checkConfig({ cmd: ['/opt/tool', 'a.js'] }).name).toBe('tool');
  });
});

test('the name of a plugin is one printable line, because a package may have chosen it', () => {
  expect(checkConfig({ cmd: ['p'], name: 'a\u001b[2J\nb' }).name).toBe(String.raw`a\x1b[2J\x0ab`);
});

test('an error of another realm is a breach of the protocol if its code says so', () => {
  const failure = (code: string): unknown =>
    vm.runInNewContext(`Object.assign(new Error('m'), { code: '${code}' })`);
  expect(isBreach(failure('MUX_PROTOCOL'))).toBe(true);
  expect(isBreach(failure('MUX_TRUNCATED'))).toBe(false);
});
