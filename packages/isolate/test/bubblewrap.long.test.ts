import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Client } from '@pipework/core';
import { Pool, Supervisor } from '@pipework/fleet';
import { findRuntime } from '../../../testing/runtimes.mjs';
import { isolated, IsolateError, type IsolateOptions } from '../src/index.ts';
import { childrenOf, measure, read } from './support/internals.ts';
import {
  command,
  directory,
  failure,
  fixture,
  noBubblewrap,
  own,
  start,
  type Cells,
} from './support/cells.ts';

const MiB = 2 ** 20;
const host = fileURLToPath(new URL('fixtures/host.mjs', import.meta.url));
const input = fileURLToPath(new URL('fixtures/input.mjs', import.meta.url));
const dies = fileURLToPath(new URL('fixtures/dies.mjs', import.meta.url));

describe.skipIf(noBubblewrap !== '')(`in bubblewrap${noBubblewrap}`, () => {
  test('a plugin can read, write, run, reach and see what is listed, and nothing else', async () => {
    const [shown, changed, hidden] = [directory(), directory(), directory()];
    for (const path of [shown, changed, hidden]) writeFileSync(join(path, 'file'), 'x');
    const { client, cell } = await start(
      { read: [shown], write: [changed], env: ['LISTED', 'ABSENT'] },
      { env: { set: { LISTED: 'yes', UNLISTED: 'no' } } },
    );
    expect({
      readShown: await cell.read(join(shown, 'file')),
      readChanged: await cell.read(join(changed, 'file')),
      readHidden: await cell.read(join(hidden, 'file')),
      readPasswords: await cell.read('/etc/passwd'),
      writeShown: await cell.write(join(shown, 'new')),
      writeChanged: await cell.write(join(changed, 'new')),
      writeHidden: await cell.write(join(hidden, 'new')),
      writeRoot: await cell.write('/new'),
      writeScratch: await cell.write('/tmp/new'),
      run: await cell.run(process.execPath, '--version'),
      connect: await cell.connect(9),
      listen: await cell.listen(),
    }).toEqual({
      readShown: 'done',
      readChanged: 'done',
      readHidden: 'ENOENT',
      readPasswords: 'ENOENT',
      writeShown: 'EROFS',
      writeChanged: 'done',
      writeHidden: 'ENOENT',
      writeRoot: 'EROFS',
      writeScratch: 'done',
      run: 'EPERM',
      connect: 'EACCES',
      listen: 'EACCES',
    });
    expect(await cell.list('/run')).toEqual([]);
    const names = Object.keys(await cell.env()).filter((name) => !/^(PIPEWORK|OTTO)_|^PWD$/.test(name));
    expect(names).toEqual(['LISTED']);
    expect(await cell.pid()).toBeLessThan(10);
    expect(await client.kill()).toMatchObject({
      by: 'quit',
      code: 0,
      held: { read: 'bubblewrap', write: 'bubblewrap', run: 'seccomp', net: 'bubblewrap, seccomp' },
    });
  });

  test('a plugin cannot read the kernel’s tables, even if its host is root', async () => {
    const { cell } = await start({ read: ['/'] });
    for (const name of ['keys', 'timer_list', 'kpageflags'])
      expect(await cell.read(`/proc/${name}`)).toMatch(/EACCES|ENOENT/);
  });

  test('a plugin sees what docs/isolation.md describes to plugin authors', async () => {
    const { cell } = await start({});
    expect(await cell.surroundings()).toEqual({
      scratch: '/tmp',
      home: 'ENOENT',
      user: 'ENOENT',
      name: 'EAI_AGAIN',
      path: undefined,
      worker: 'works',
      cwd: process.cwd(),
    });
    expect(await cell.writeBytes('/tmp/large', 65 * MiB)).toBe('ENOSPC');
  });

  test('a relative working directory of the command starts from the host’s', async () => {
    const path = fileURLToPath(new URL('fixtures', import.meta.url));
    const cwd = relative(process.cwd(), path);
    const { cell } = await start({}, { cmd: { file: command[0], args: [fixture], cwd } });
    expect((await cell.surroundings())['cwd']).toBe(path);
  });

  test('run grants child processes, and net grants sockets', async () => {
    const { client, cell } = await start({ run: true, net: true });
    expect(await cell.run('/bin/sh', '-c', 'exit 0')).toBe('done');
    expect(await cell.listen()).toBe('done');
    expect((await client.kill()).held).toMatchObject({ run: 'granted', net: 'granted' });
  });

  test('describe() returns the tool that enforces each permission, and real paths', () => {
    const path = directory();
    const link = join(directory(), 'link');
    symlinkSync(path, link);
    const isolation = isolated({ read: [link], resources: { openFiles: 100 }, env: ['PATH'] }).describe(
      command,
    );
    expect(isolation).toMatchObject({ means: 'bubblewrap', read: [path], write: [], env: ['PATH'] });
    expect(isolation.held).toEqual({
      read: 'bubblewrap',
      write: 'bubblewrap',
      run: 'seccomp',
      net: 'bubblewrap, seccomp',
      env: 'launcher',
      descriptors: 'bubblewrap',
      openFiles: 'prlimit',
    });
    expect(isolation.added).toContain(command[1]);
  });

  test('a directory that the command runs is visible only if it is listed', () => {
    const path = directory();
    const added = (options: IsolateOptions): readonly string[] => {
      const isolation = isolated(options).describe([process.execPath, path]);
      return [...isolation.added, ...isolation.read];
    };
    expect(added({})).not.toContain(path);
    expect(added({ read: [path] })).toContain(path);
  });

  test('if the policy lists / but the working directory is below /tmp, that directory is empty', async () => {
    const cwd = directory();
    writeFileSync(join(cwd, 'file'), 'x');
    const { cell } = await start({ read: ['/'] }, { cmd: { file: command[0], args: [fixture], cwd } });
    expect(await cell.list(cwd)).toEqual([]);
  });

  test('a listed link is visible under its own name and its target’s', async () => {
    const path = directory();
    writeFileSync(join(path, 'file'), 'x');
    const link = join(directory(), 'link');
    symlinkSync(path, link);
    const { cell } = await start({ read: [link] });
    expect([await cell.read(join(link, 'file')), await cell.read(join(path, 'file'))]).toEqual([
      'done',
      'done',
    ]);
  });

  test('a link to a part of a writable place is visible under its own name', async () => {
    const [changed, links] = [directory(), directory()];
    mkdirSync(join(changed, 'inner'));
    for (const name of ['a', 'b']) symlinkSync(join(changed, 'inner'), join(links, name));
    symlinkSync(changed, join(links, 'outer'));
    const listed = ['a', 'b', 'outer', 'outer/inner'].map((name) => join(links, name));
    const { cell } = await start({ write: [changed, ...listed] });
    for (const [index, path] of listed.entries())
      expect(await cell.write(join(path, String(index)))).toBe('done');
    expect(readdirSync(join(changed, 'inner')).sort()).toEqual(['0', '1', '3']);
    expect(readdirSync(changed).sort()).toEqual(['2', 'inner']);
  });

  describe('a plugin that may write cannot choose what its next start is granted,', () => {
    function places(): { folder: string; own: string; secret: string } {
      const folder = directory();
      const secret = join(folder, 'secret');
      const mine = join(folder, 'own');
      mkdirSync(mine);
      writeFileSync(secret, 'secret');
      return { folder, own: mine, secret };
    }
    const refusal = (options: IsolateOptions, cmd: [string, ...string[]]): string | undefined => {
      try {
        isolated(options).describe(cmd);
        return undefined;
      } catch (error) {
        return error instanceof IsolateError && error.code === 'ISOLATE_PATH' ? error.message : undefined;
      }
    };

    test('by a #! line', () => {
      const { own: mine, secret } = places();
      const file = join(mine, 'plugin');
      writeFileSync(file, `#!/usr/bin/env -S node --require ${mine}/reads.cjs ${secret}\n`, { mode: 0o755 });
      expect(refusal({ write: [mine] }, [file])).toMatch(/^cmd: .*plugin begins with #! and lies where/);
      expect(refusal({ read: [mine] }, [file])).toBeUndefined();
    });

    test('by a link instead of its script or program', () => {
      const { own: mine, secret } = places();
      const link = join(mine, 'main.js');
      symlinkSync(secret, link);
      expect(refusal({ write: [mine] }, [process.execPath, link])).toMatch(/^cmd: .*is a link to/);
      expect(refusal({ write: [mine] }, [link])).toMatch(/^cmd: .*is a link to/);
    });

    test('by a link on the way from a listed link to its target', () => {
      const { folder, own: mine, secret } = places();
      symlinkSync(mine, join(folder, 'through'));
      symlinkSync(secret, join(mine, 'listed'));
      const listed = join(folder, 'through', 'listed');
      expect(refusal({ read: [listed], write: [mine] }, ['/bin/true'])).toMatch(/^read\[0\]: .*is a link to/);
    });

    test('while bubblewrap starts, because the plugin can replace no mounted place by a link', () => {
      const { own: mine } = places();
      const [script, inner] = [join(mine, 'main.js'), join(mine, 'inner')];
      writeFileSync(script, '');
      mkdirSync(inner);
      const { command: words, added } = isolated({ write: [mine, inner] }).describe([
        process.execPath,
        script,
      ]);
      expect(added).toContain(script);
      const sources = words.filter((_, index) => /^--(ro-)?bind$/.test(words[index - 1] ?? ''));
      expect(sources).toContain(mine);
      expect(sources).not.toContain(script);
      expect(sources).not.toContain(inner);
    });

    test('by a library that bubblewrap would load', async () => {
      const { own: mine } = places();
      const launcher = isolated({ write: [mine], env: ['LD_LIBRARY_PATH', 'LISTED'] });
      const launched = await launcher({
        ...{
          file: '/bin/sleep',
          args: ['60'],
          cwd: '/',
          handshakeEnv: {},
          stdin: 'ignore',
          processGroup: false,
        },
        env: { LD_LIBRARY_PATH: mine, LISTED: 'yes' },
      });
      const pid = launched.pid as number;
      const names = (pid: number): string[] =>
        read(`/proc/${pid}/environ`)
          .split('\0')
          .filter((entry) => /^(LD_|LISTED)/.test(entry));
      expect(names(pid)).toEqual(['LISTED=yes']);
      const inside = (): number => childrenOf(childrenOf(pid)[0] ?? 0)[0] ?? 0;
      await expect.poll(() => names(inside()).sort()).toEqual([`LD_LIBRARY_PATH=${mine}`, 'LISTED=yes']);
      launched.kill('SIGKILL');
      await launched.exited;
    });
  });

  test('a plugin that exceeds memoryBytes is ended, and the exit report says so', async () => {
    const { client, cell } = await start({ resources: { memoryBytes: 160 * MiB } });
    const error = await failure(cell.fill());
    expect((error.cause as Error).message).toMatch(
      /signal SIGKILL, ended because it held \d+ MiB of memory \(resources/,
    );
    expect(await client.exit).toMatchObject({
      signal: 'SIGKILL',
      by: 'plugin',
      limit: 'memory',
      outOfMemory: true,
      leftBehind: false,
    });
  });

  test('a plugin that fills the heap of V8 is ended by V8, and the exit report says so', async () => {
    const { client, cell } = await start({ resources: { memoryBytes: 800 * MiB } });
    const error = await failure(cell.fillHeap());
    expect((error.cause as Error).message).toMatch(
      /signal SIGABRT, ended because V8's heap was full \(resources.memoryBytes: 800 MiB\)/,
    );
    const exit = await client.exit;
    expect(exit).toMatchObject({ signal: 'SIGABRT', by: 'plugin', limit: 'memory', leftBehind: false });
    expect(exit.stderrTail).toContain('JavaScript heap out of memory');
  });

  test('if a plugin prints the last words of V8 and aborts, but held little memory, no limit is reported', async () => {
    // Even if a busy machine delays the watch for seconds, the plugin cannot have filled this heap.
    const { client, cell } = await start({ resources: { memoryBytes: 2 ** 16 * MiB } });
    const error = await failure(
      cell.abort('FATAL ERROR: Reached heap limit - JavaScript heap out of memory\n'),
    );
    expect((error.cause as Error).message).not.toContain('heap was full');
    const exit = await client.exit;
    expect(exit).toMatchObject({ signal: 'SIGABRT', by: 'plugin' });
    expect(exit.limit).toBeUndefined();
  });

  test('memoryBytes counts the memory of processes that the plugin has started', async () => {
    const { client, cell } = await start({ run: true, resources: { memoryBytes: 250 * MiB } });
    await failure(cell.fillElsewhere());
    expect(await client.exit).toMatchObject({ limit: 'memory', leftBehind: false });
  });

  test('memoryBytes counts the contents of files in the private directories, and an amount for each file', async () => {
    const { client, cell } = await start({ resources: { memoryBytes: 240 * MiB } });
    for (const path of ['/tmp/a', '/run/a']) expect(await cell.writeBytes(path, 60 * MiB)).toBe('done');
    const error = await failure(cell.makeFiles('/dev/shm', 120_000));
    expect((error.cause as Error).message).toMatch(
      /held \d+ MiB of memory, \d+ MiB of it in files of \/dev\/shm, \/tmp, \/run \(resources/,
    );
    expect(await client.exit).toMatchObject({ signal: 'SIGKILL', limit: 'memory', leftBehind: false });
  });

  test('memoryBytes does not count files of the host if the policy lists /tmp', async () => {
    const { client, cell } = await start({ read: ['/tmp'], resources: { memoryBytes: 1_000 * MiB } });
    expect(await cell.writeBytes('/run/a', MiB)).toBe('done');
    expect(await client.kill()).toMatchObject({ by: 'quit', code: 0 });
  });

  test('if a start fails because a file is not shown, the error names the path to add to `read`', async () => {
    const path = directory();
    const config = join(path, 'config');
    writeFileSync(config, '');
    writeFileSync(join(path, 'main.cjs'), `require('node:fs').readFileSync(${JSON.stringify(config)})`);
    const cmd: [string, string] = [process.execPath, join(path, 'main.cjs')];
    const error = await failure(new Client({ cmd, launcher: isolated() }).start());
    expect(error.message).toContain(
      `exit code 1, its standard error names what \`read\` does not show: ${config}. If the plugin may see it, add it to \`read\``,
    );
  });

  test.each([
    ['a plugin that has used cpuSeconds is ended', 'spin', 'SIGXCPU'],
    ['a plugin that ignores the signal at cpuSeconds is killed a second later', 'spinOn', 'SIGKILL'],
  ] as const)('%s', async (_, conduct, signal) => {
    const { client, cell } = await start({ resources: { cpuSeconds: 1 } });
    const error = await failure(cell[conduct]());
    expect((error.cause as Error).message).toContain('ended because it used 1 s of processor time');
    expect(await client.exit).toMatchObject({ signal, by: 'plugin', limit: 'cpu', outOfMemory: false });
  });

  test('if a plugin sends SIGXCPU to itself, no limit is reported', async () => {
    const { client, cell } = await start({ resources: { cpuSeconds: 60 } });
    const error = await failure(cell.signal('SIGXCPU'));
    expect((error.cause as Error).message).not.toContain('processor time');
    const exit = await client.exit;
    expect(exit).toMatchObject({ signal: 'SIGXCPU', by: 'plugin' });
    expect(exit.limit).toBeUndefined();
  });

  test('if the host kills a plugin, no limit is reported', async () => {
    const { client } = await start({ resources: { cpuSeconds: 1_000, memoryBytes: 4_096 * MiB } });
    process.kill(client.pid as number, 'SIGKILL');
    const exit = await client.exit;
    expect(exit).toMatchObject({ signal: 'SIGKILL', outOfMemory: false });
    expect(exit.limit).toBeUndefined();
  });

  test('the kernel enforces openFiles and fileBytes', async () => {
    const path = directory();
    const { client, cell } = await start({ write: [path], resources: { fileBytes: 10_000, openFiles: 64 } });
    const limits = await failure(
      cell.writeBytes(join(path, 'large'), 20_000).then((said) => Promise.reject(new Error(said))),
    );
    expect(limits.message).toMatch(/EFBIG|SIGXFSZ/);
    expect((await client.kill()).held).toMatchObject({ fileBytes: 'prlimit', openFiles: 'prlimit' });
  });

  test('the exit report has the plugin’s own exit code', async () => {
    const { client, cell } = await start({});
    await failure(cell.exit(7));
    expect(await client.exit).toMatchObject({ code: 7, signal: null, by: 'plugin' });
  });

  test('descriptors that the host has inherited do not reach the plugin', async () => {
    const secret = join(directory(), 'secret');
    writeFileSync(secret, 'x');
    const opened = openSync(secret, 'r');
    const stdio = Array.from({ length: 41 }, (_, n) =>
      n === 1 ? 'pipe' : [7, 40].includes(n) ? opened : 'ignore',
    );
    const child = spawn(process.execPath, [host, 'leaves', ...own], {
      stdio: stdio as ['ignore', 'pipe', 'ignore'],
    });
    closeSync(opened);
    onTestFinished(() => void child.kill('SIGKILL'));
    const [told] = (await once(child.stdout, 'data')) as [Buffer];
    const { inherited, seen } = JSON.parse(told.toString()) as {
      inherited: number[];
      seen: [number, string][];
    };
    expect(inherited).toContain(40);
    expect(seen.length).toBeGreaterThan(4);
    const leaked = seen.filter(([descriptor, target]) => inherited.includes(descriptor) || target === secret);
    expect(leaked).toEqual([]);
    await once(child, 'exit');
  });

  test('a plugin that inherits a file or a directory as its standard input can only read it', async () => {
    const folder = directory();
    const file = join(folder, 'input');
    writeFileSync(file, 'first\nsecond\n');
    const printed = async (path: string): Promise<string> => {
      const opened = openSync(path, 'r');
      const child = spawn(process.execPath, [input], { stdio: [opened, 'pipe', 'inherit'] });
      closeSync(opened);
      return Buffer.concat((await (child.stdout as Readable).toArray()) as Buffer[]).toString();
    };
    expect(await printed(file)).toBe('first\n/proc/self/fd/0/../*\n');
    expect(readFileSync(file, 'utf8')).toBe('first\nsecond\n');
    expect(await printed(folder)).toBe('\n/proc/self/fd/0/../*\n');
    expect(await printed('/dev/null')).toBe('\n/proc/self/fd/0/../*\n');
  });

  test('a plugin may not inherit a channel of the host as its standard input', async () => {
    // With `stdio: 'pipe'`, Node makes a socket. With `cat |`, the shell makes a pipe.
    for (const command of [`exec "$0" "$1"`, `cat | "$0" "$1"`]) {
      const args = ['-c', command, process.execPath, input];
      const child = spawn('/bin/sh', args, { stdio: ['pipe', 'pipe', 'inherit'] });
      child.stdin.end();
      const printed = Buffer.concat((await child.stdout.toArray()) as Buffer[]).toString();
      expect(printed).toBe('ISOLATE_UNENFORCEABLE\n');
    }
  });

  test('a plugin sees nothing of process 1, which runs from a file of the host', async () => {
    const { cell } = await start({});
    expect(await cell.list('/proc/1')).toEqual([]);
    expect(await cell.read('/proc/1/exe')).toBe('ENOENT');
  });

  test('nothing of a plugin is left when its host is killed', async () => {
    const child = spawn(process.execPath, [host, 'stays', ...own], { stdio: ['ignore', 'pipe', 'ignore'] });
    const [told] = (await once(child.stdout, 'data')) as [Buffer];
    const { sandbox } = JSON.parse(told.toString()) as { sandbox: number };
    const inside = childrenOf(sandbox).flatMap((pid) => [pid, ...childrenOf(pid)]);
    expect(inside.length).toBeGreaterThan(1);
    child.kill('SIGKILL');
    await expect.poll(() => [sandbox, ...inside].filter((pid) => measure(pid).heldBytes > 0)).toEqual([]);
  });

  /** Returns the ids of the processes whose environment contains `mark`. */
  const marked = (mark: string): string[] =>
    readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && read(`/proc/${pid}/environ`).includes(mark));

  test('nothing of a plugin is left when its host is killed while the plugin starts', async () => {
    const mark = `host-of-${process.pid}`;
    onTestFinished(() => marked(mark).forEach((pid) => process.kill(Number(pid), 'SIGKILL')));
    for (let delayMs = 0; delayMs < 40; delayMs += 4) {
      const child = spawn(process.execPath, [dies, String(delayMs), mark], { stdio: 'ignore' });
      await once(child, 'exit');
    }
    await expect.poll(() => marked(mark), { timeout: 2_000 }).toEqual([]);
  });

  const stateOf = (pid: number | string | undefined): string | undefined =>
    /^State:\s+(\w)/m.exec(read(`/proc/${pid}/status`))?.[1];

  test('a plugin cannot stop its process group, to which bubblewrap belongs', async () => {
    const { client, cell } = await start({ run: true });
    expect(await cell.run('/bin/sh', '-c', 'kill -STOP 0')).toBe('status 1');
    expect(stateOf(client.pid)).toBe('S');
  });

  test('a plugin whose whole process group is stopped can be killed', async () => {
    const { client } = await start({});
    process.kill(-(client.pid as number), 'SIGSTOP');
    await expect.poll(() => stateOf(client.pid)).toBe('T');
    expect(await client.kill()).toMatchObject({ by: 'sigterm', signal: 'SIGTERM' });
  });

  test('if a plugin’s process group is stopped right after the launch, no keeper is left', async () => {
    const launched = await isolated()({
      ...{ file: '/bin/sleep', args: ['60'], cwd: '/', env: {}, handshakeEnv: {} },
      ...{ stdin: 'ignore', processGroup: false },
    });
    const { pid = 0 } = launched;
    const groupOf = (one: string): string | undefined =>
      read(`/proc/${one}/stat`).split(') ').at(-1)?.split(' ')[2];
    const members = (): string[] =>
      readdirSync('/proc').filter((one) => /^\d+$/.test(one) && groupOf(one) === String(pid));
    await expect.poll(() => members().some((one) => one !== String(pid))).toBe(true);
    process.kill(-pid, 'SIGSTOP');
    await expect.poll(() => members().some((one) => stateOf(one) === 'T')).toBe(true);
    launched.kill('SIGKILL');
    await launched.exited;
    await expect.poll(members).toEqual([]);
  });

  test('nothing of a plugin is left when the plugin is killed while it starts', async () => {
    const mark = `started-by-${process.pid}`;
    const launcher = isolated();
    const left = (): string[] => marked(mark);
    // Until a forked process has become bubblewrap, it shows the variables of this process, which have no
    // mark.
    for (let delayMs = 0; delayMs < 20; delayMs += 0.5) {
      const launched = await launcher({
        ...{ file: '/bin/sleep', args: ['60'], cwd: '/', env: {}, handshakeEnv: { MARK: mark } },
        ...{ stdin: 'ignore', processGroup: false },
      });
      const end = performance.now() + delayMs;
      while (performance.now() < end);
      launched.kill(delayMs % 1 === 0 ? 'SIGTERM' : 'SIGKILL');
      await launched.exited;
    }
    onTestFinished(() => left().forEach((pid) => process.kill(Number(pid), 'SIGKILL')));
    await expect.poll(left, { timeout: 2_000 }).toEqual([]);
  });

  for (const [runtime, ...args] of [
    ['bun', 'run'],
    ['deno', 'run', '--allow-all'],
  ] as const) {
    // Deno itself makes calls that `reliability/sealed.mjs` forbids, but this test does not run under that
    // script.
    const file = findRuntime(runtime);
    const why = file === undefined ? ` (SKIPPED: needs ${runtime})` : '';
    test.skipIf(file === undefined)(`a plugin in ${runtime} is isolated too${why}`, async () => {
      const { cell } = await start({}, { cmd: [file as string, ...args, fixture] });
      expect(await cell.read('/etc/passwd')).toBe('ENOENT');
      expect(await cell.connect(9)).toBe('EACCES');
      expect(await cell.run('/bin/true')).not.toBe('done');
    });
  }

  test('an isolated plugin works in a pool, and in a supervisor that restarts it', async () => {
    const config = { cmd: command, launcher: isolated({ read: own }) };
    await using supervisor = new Supervisor<Cells>({ ...config, restart: { initialDelayMs: 1 } });
    const cell = await supervisor.dispense('cell');
    expect(await cell.run('/bin/true')).toBe('EPERM');
    await failure(cell.exit(3));
    expect(await cell.run('/bin/true')).toBe('EPERM');
    expect(supervisor.generation).toBe(2);
    await supervisor.stop();

    await using pool = new Pool<Cells>({ ...config, max: 2 });
    const cells = await pool.dispense('cell');
    expect(await Promise.all([cells.connect(9), cells.connect(9)])).toEqual(['EACCES', 'EACCES']);
    await pool.stop();
  });
});
