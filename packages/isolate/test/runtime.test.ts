import fs from 'node:fs';
import { chmodSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { Client, type StartError } from '@pipework/core';
import { Supervisor } from '@pipework/fleet';
import { findRuntime } from '../../../testing/runtimes.mjs';
import { isolated, type IsolateError, type IsolateOptions } from '../src/index.ts';
import { command, directory, failure, fixture, start } from './support/cells.ts';

const runtime = { require: 'runtime', bwrap: false } as const;

/** Returns the error with which `describe()` refuses `cmd`. */
function refusal(options: IsolateOptions, cmd: readonly [string, ...string[]] = command): IsolateError {
  try {
    isolated(options).describe(cmd);
  } catch (error) {
    return error as IsolateError;
  }
  throw new Error('it should have been refused');
}

describe("Node's permission model", () => {
  test('limits a plugin to the listed files, and lets it start no process', async () => {
    const [shown, changed, hidden] = [directory(), directory(), directory()];
    for (const path of [shown, changed, hidden]) writeFileSync(join(path, 'file'), 'x');
    const { client, cell } = await start(
      { ...runtime, net: true, read: [shown], write: [changed], env: ['LISTED'] },
      { env: { set: { LISTED: 'yes', UNLISTED: 'no' } } },
    );
    expect({
      readShown: await cell.read(join(shown, 'file')),
      readChanged: await cell.read(join(changed, 'file')),
      readHidden: await cell.read(join(hidden, 'file')),
      writeShown: await cell.write(join(shown, 'new')),
      writeChanged: await cell.write(join(changed, 'new')),
      run: await cell.run(process.execPath, '--version'),
    }).toEqual({
      readShown: 'done',
      readChanged: 'done',
      readHidden: 'ERR_ACCESS_DENIED',
      writeShown: 'ERR_ACCESS_DENIED',
      writeChanged: 'done',
      run: 'ERR_ACCESS_DENIED',
    });
    const names = Object.keys(await cell.env()).filter((name) => !/^(PIPEWORK|OTTO)_/.test(name));
    expect(names).toEqual(['LISTED']);
    expect((await client.kill()).held).toMatchObject({ read: 'node', run: 'node', net: 'granted' });
  });

  test('gives V8 three quarters of memoryBytes', async () => {
    const { cell } = await start({ ...runtime, net: true, resources: { memoryBytes: 400 * 2 ** 20 } });
    expect(await cell.argv()).toContain('--max-old-space-size=300');
  });
});

test.each<[unknown, string]>([
  ['', 'command must be a program'],
  ['node', 'command must be a program'],
  [[], 'command must be a program'],
  [[''], 'command must be a program'],
  [{ args: [] }, 'command must be a program'],
  [undefined, 'command must be a program'],
  [{ file: 'node', args: 'abc' }, 'args must be a list of texts without NUL; got abc'],
  [Object.assign(['node'], { 2: 'x' }), 'args must be a list of texts'],
  [['node', 'a\0b'], 'args must be a list of texts without NUL'],
  [{ file: 'node', cwd: 1 }, 'cwd must be a directory; got 1'],
])('describe() throws for the invalid command %j', (command, message) => {
  expect(() => isolated(runtime).describe(command as never)).toThrow(
    expect.objectContaining({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(message) as string,
    }) as Error,
  );
});

test.each([
  [[fixture], true],
  [['--max-old-space-size=64', fixture], false],
  [['--max_old_space_size=64', fixture], false],
  [['--max-heap-size=64', fixture], false],
  [[fixture, '--max-old-space-size=64'], true],
])("`held` names V8 for memoryBytes unless the command itself sets V8's heap: %j", (args, isHeld) => {
  const launcher = isolated({ ...runtime, net: true, resources: { memoryBytes: 400 * 2 ** 20 } });
  const { held, command: words } = launcher.describe([process.execPath, ...args]);
  expect(held['memoryBytes']?.split(', ').includes('v8')).toBe(isHeld);
  expect(words.includes('--max-old-space-size=300')).toBe(isHeld);
});

describe('a program that runs outside of the sandbox', () => {
  /** Makes a directory that has only a program of this name, and sets PATH to this directory. */
  function onPath(name: string, mode: number): string {
    const path = directory();
    writeFileSync(join(path, name), '#!/bin/sh\n', { mode: 0o755 });
    chmodSync(path, mode);
    vi.stubEnv('PATH', path);
    onTestFinished(() => void vi.unstubAllEnvs());
    return path;
  }
  const limited = { ...runtime, net: true, resources: { cpuSeconds: 1 } };

  test('is not used from a directory of the PATH that any user may write to', () => {
    const safe = onPath('prlimit', 0o755);
    const open = onPath('prlimit', 0o777);
    expect(refusal(limited).message).toContain(`prlimit is only in ${open}, which any user may write to. `);
    vi.stubEnv('PATH', `${open}:${safe}`);
    expect(isolated(limited).describe(command).command[0]).toBe(join(safe, 'prlimit'));
  });

  test('is refused if it is in a place that the plugin may write to', () => {
    const path = onPath('prlimit', 0o755);
    const { code, message } = refusal({ ...limited, write: [path] });
    expect(code).toBe('ISOLATE_PATH');
    expect(message).toMatch(
      /^write: .*prlimit lies where the plugin may write .* could replace a program or library that isolates it/,
    );
  });

  test.skipIf(process.platform !== 'linux')('is not even tried if the plugin could replace it', () => {
    const path = onPath('bwrap', 0o755);
    const mark = join(directory(), 'mark');
    writeFileSync(join(path, 'bwrap'), `#!/bin/sh\necho > ${mark}\n`);
    expect(refusal({ write: [path] }).code).toBe('ISOLATE_PATH');
    expect(existsSync(mark)).toBe(false);
  });

  test.skipIf(process.platform !== 'linux')(
    'is not even tried if the plugin could replace the program of its #! line',
    () => {
      const path = onPath('bwrap', 0o755);
      const [changed, mark] = [directory(), join(directory(), 'mark')];
      const interpreter = join(changed, 'interpreter');
      writeFileSync(interpreter, `#!/bin/sh\necho > ${mark}\n`, { mode: 0o755 });
      writeFileSync(join(path, 'bwrap'), `#!${interpreter}\n`);
      expect(refusal({ write: [changed] }).code).toBe('ISOLATE_PATH');
      expect(existsSync(mark)).toBe(false);
    },
  );

  test.skipIf(process.platform !== 'linux')(
    'is tried without the variables that make it load libraries',
    () => {
      const path = onPath('systemd-run', 0o755);
      const mark = join(directory(), 'mark');
      writeFileSync(
        join(path, 'systemd-run'),
        `#!/bin/sh\necho "$LD_LIBRARY_PATH $XDG_RUNTIME_DIR" > ${mark}\n`,
      );
      vi.stubEnv('LD_LIBRARY_PATH', directory());
      vi.stubEnv('XDG_RUNTIME_DIR', '/run/user/1');
      const { existsSync: exists } = fs;
      fs.existsSync = (file) => file === '/run/systemd/system' || exists(file);
      syncBuiltinESMExports();
      onTestFinished(() => {
        fs.existsSync = exists;
        syncBuiltinESMExports();
      });
      isolated({ ...runtime, net: true, resources: { memoryBytes: 2 ** 30 } }).describe(command);
      expect(fs.readFileSync(mark, 'utf8')).toBe(' /run/user/1\n');
    },
  );

  test('is run by its real path', () => {
    const path = onPath('prlimit', 0o755);
    const links = directory();
    symlinkSync(join(path, 'prlimit'), join(links, 'prlimit'));
    vi.stubEnv('PATH', links);
    expect(isolated(limited).describe(command).command[0]).toBe(join(path, 'prlimit'));
  });

  test.runIf(process.getuid?.() === 0)('is refused if the plugin may write to /etc', () => {
    onPath('prlimit', 0o755);
    expect(refusal({ ...limited, write: ['/etc'] }).message).toMatch(
      /^write: \/etc lies where the plugin may/,
    );
  });

  test.skipIf(process.platform === 'win32')(
    'is refused if the plugin owns it and could make it writable',
    () => {
      const path = onPath('prlimit', 0o755);
      const { accessSync } = fs;
      // Root may write to every file, so this test makes `accessSync` fail as it would for another user.
      fs.accessSync = (file, mode) => {
        if (mode === fs.constants.W_OK) throw Object.assign(new Error('EACCES'), { code: 'EACCES' });
        accessSync(file, mode);
      };
      syncBuiltinESMExports();
      onTestFinished(() => {
        fs.accessSync = accessSync;
        syncBuiltinESMExports();
      });
      expect(refusal({ ...limited, write: [path] }).message).toMatch(
        /^write: .*prlimit lies where the plugin may write/,
      );
    },
  );

  test('is refused if it is found through a link that the plugin could change', () => {
    const path = onPath('prlimit', 0o755);
    const links = directory();
    symlinkSync(join(path, 'prlimit'), join(links, 'prlimit'));
    vi.stubEnv('PATH', links);
    expect(refusal({ ...limited, write: [links] }).message).toMatch(/^write: .* is a link to /);
  });
});

describe.skipIf(process.platform === 'win32')('a place in `write`', () => {
  const libraries = (path: string): string =>
    `write: ${path} belongs to /usr/lib, which programs outside of the sandbox use to load libraries, and is never granted`;

  test('is refused if it is a directory of libraries, or lies inside of one', () => {
    const isThere = (name: string): boolean => !fs.lstatSync(join('/usr/lib', name)).isSymbolicLink();
    const inside = join('/usr/lib', readdirSync('/usr/lib').find(isThere) as string);
    const link = join(directory(), 'link');
    symlinkSync(inside, link);
    for (const write of ['/usr/lib', inside, link])
      expect(refusal({ ...runtime, net: true, write: [write] })).toMatchObject({
        code: 'ISOLATE_PATH',
        message: libraries(write),
      });
    expect(refusal({ write: [inside] }).message).toBe(libraries(inside));
  });

  test('is refused under a permission model if it contains the program that isolates the plugin', () => {
    for (const write of [process.execPath, dirname(process.execPath)])
      expect(refusal({ ...runtime, net: true, write: [write] }).message).toMatch(
        /could replace (the|a) program/,
      );
  });
});

const deno = process.env['PIPEWORK_SEALED'] === '1' ? undefined : findRuntime('deno');
test.skipIf(deno === undefined)(
  `Deno's flags limit a plugin to what is listed${deno === undefined ? ' (SKIPPED: needs deno, unsealed)' : ''}`,
  async () => {
    const hidden = join(directory(), 'file');
    writeFileSync(hidden, 'x');
    const { client, cell } = await start(runtime, { cmd: [deno as string, 'run', fixture] });
    expect(await cell.read(hidden)).toMatch(/EACCES|NotCapable|Requires read access/);
    expect(await cell.connect(9)).not.toBe('done');
    expect(await cell.run(process.execPath, '--version')).not.toBe('done');
    expect((await client.kill()).held).toMatchObject({ read: 'deno', net: 'deno', run: 'deno' });
  },
);

describe('a start whose policy cannot be enforced', () => {
  test('is refused by default if there is no bubblewrap, and the error says how to install it', async () => {
    const launcher = isolated({ bwrap: '/nowhere/bwrap' });
    const error = await failure<StartError>(new Client({ cmd: command, launcher }).start());
    expect(error).toMatchObject({ code: 'PLUGIN_NOT_STARTED', permanent: true });
    expect(error.cause).toMatchObject({ code: 'ISOLATE_UNAVAILABLE' });
    expect(error.message).toMatch(/because bubblewrap \(\/nowhere\/bwrap\) is not there\. Install /);
    expect(error.message).toContain(". require: 'runtime' would take the permission model of Node");
  });

  test('makes a supervisor give up immediately', async () => {
    await using supervisor = new Supervisor({ cmd: command, launcher: isolated({ bwrap: false }) });
    await expect(supervisor.start()).rejects.toMatchObject({ code: 'FLEET_GIVEN_UP' });
  });

  test.each<[string, IsolateOptions, RegExp]>([
    ['children', { net: true, run: true }, /^run: true would let the plugin start programs/],
    ['NODE_OPTIONS', { net: true, env: ['NODE_OPTIONS'] }, /^env: NODE_OPTIONS could grant/],
  ])('is refused if the permission model cannot enforce the policy for %s', (_, options, message) => {
    expect(refusal({ ...runtime, ...options })).toMatchObject({ code: 'ISOLATE_UNENFORCEABLE', message });
  });

  test('is refused if openFiles is less than Node needs to start', () => {
    const few = (openFiles: number): string =>
      refusal({ ...runtime, net: true, resources: { openFiles } }).message;
    expect(few(4)).toBe('resources.openFiles: 4 is too few for node: allow at least 24');
    expect(few(23)).toContain('allow at least 24');
  });

  test('is refused if memoryBytes is less than any plugin needs, for example because it was given in mebibytes', () => {
    expect(refusal({ ...runtime, net: true, resources: { memoryBytes: 512 } }).message).toBe(
      'resources.memoryBytes: 512 is too little for node: allow at least 16777216',
    );
  });

  test('is refused if a permission model would show /proc because the policy lists /', () => {
    expect(refusal({ ...runtime, net: true, read: ['/'] }).message).toMatch(/^\/ includes \/proc, which/);
  });

  test('is refused with every means if the program is absent, because the plugin could still make it', () => {
    const changed = directory();
    const absent = join(changed, 'node');
    for (const means of [{}, { ...runtime, net: true }])
      expect(refusal({ ...means, write: [changed] }, [absent])).toMatchObject({
        code: 'ISOLATE_PATH',
        message: `cmd: there is no ${absent}, or this host must not look there`,
      });
  });

  test('is refused if the command grants itself permissions', () => {
    const cmd = [process.execPath, '--allow-fs-read=/etc', fixture] as const;
    expect(refusal({ ...runtime, net: true }, cmd).message).toMatch(
      /^the command grants permissions itself \(--allow-fs-read/,
    );
  });

  test('is refused if the program has no permission model', () => {
    const { code, message } = refusal(runtime, ['/bin/sh', '-c', 'true']);
    expect({ code, message }).toMatchObject({
      code: 'ISOLATE_UNAVAILABLE',
      message: /sh has no permission model/,
    });
  });

  test('is refused if a path is absent, below /proc, or a link that the plugin could change', () => {
    const changed = directory();
    mkdirSync(join(changed, 'plain'));
    symlinkSync('/etc', join(changed, 'link'));
    const said = (read: string): string =>
      refusal({ ...runtime, net: true, read: [read], write: [changed] }).message;
    expect(said(join(changed, 'absent'))).toMatch(/^read\[0\]: there is no /);
    // A permission model does not protect the runtime itself.
    expect(refusal({ ...runtime, net: true, write: ['/'] }).message).toMatch(/could replace (a|the) program/);
    expect(said(join(changed, 'link'))).toMatch(/is a link to \/etc, and lies where the plugin may write/);
    expect(said('/proc/self')).toMatch(/is below \/proc/);
    const isolation = isolated({ ...runtime, net: true, read: [join(changed, 'plain')], write: [changed] });
    expect(isolation.describe(command)).toMatchObject({ read: [], write: [changed] });
  });

  test.each<[unknown, string]>([
    [
      { reads: [] },
      'options must be made of read, write, run, net, env, resources, require, bwrap; got reads',
    ],
    [{ read: 'x' }, 'read must be a list of texts that are not empty and hold no NUL; got x'],
    [
      { read: Object.assign([], { 1: '/etc' }) },
      "read must be a list of texts that are not empty and hold no NUL; got [ <1 empty item>, '/etc' ]",
    ],
    [
      { env: Object.assign([], { 1: 'A' }) },
      "env must be a list of texts that are not empty and hold no NUL; got [ <1 empty item>, 'A' ]",
    ],
    [{ env: ['A=b'] }, 'env must be a list of names, without values; got A=…'],
    [{ net: 1 }, 'net must be true or false; got 1'],
    [{ require: 'all' }, "require must be 'kernel' or 'runtime'; got all"],
    [{ resources: { memoryBytes: 0 } }, 'resources.memoryBytes must be a whole number above 0; got 0'],
    [
      { resources: { cores: 1 } },
      'resources must be made of memoryBytes, cpuSeconds, openFiles, fileBytes; got cores',
    ],
  ])('is refused for the invalid options %j', (options, message) => {
    expect(() => isolated(options as IsolateOptions)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message }) as Error,
    );
  });
});
