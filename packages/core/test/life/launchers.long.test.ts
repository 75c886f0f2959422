import { execFileSync, spawnSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join, relative } from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  bubblewrap,
  Client,
  overStdio,
  serve,
  type BubblewrapOptions,
  type LaunchCommand,
  type Launcher,
  type ProcessExit,
  type StartError,
} from '../../src/index.ts';
import {
  Collector,
  failure,
  fixture,
  isAlive,
  noShell,
  plugin,
  until,
  type Fixtures,
} from '../support/life.ts';

/**
 * True if bwrap can make a sandbox on this machine. False if bwrap is missing, or if a container forbids
 * namespaces.
 */
function canSandbox(): boolean {
  try {
    execFileSync(
      'bwrap',
      [
        '--die-with-parent',
        '--unshare-all',
        '--ro-bind',
        '/',
        '/',
        '--dev',
        '/dev',
        '--proc',
        '/proc',
        'true',
      ],
      { stdio: 'ignore' },
    );
    return true;
  } catch {
    return false;
  }
}

describe('bubblewrap()', () => {
  // Names the repository, because it may be in /tmp, and the sandbox has a /tmp of its own.
  const readable = ['/', fileURLToPath(new URL('../../../..', import.meta.url))];
  const reason = canSandbox() ? '' : ' (SKIPPED: needs bwrap, and permission to make namespaces)';

  test.skipIf(reason !== '')(
    `runs a plugin without a network, in a read-only file system${reason}`,
    async () => {
      const stdout = new Collector();
      const client = plugin('looks-around', { launcher: bubblewrap({ readable }), syncStdout: stdout });
      const rpc = await client.client();
      const look = (await rpc.dispense('around' as never)) as {
        look(): Promise<{ interfaces: string[]; canWrite: boolean; pid: number }>;
      };
      const seen = await look.look();
      expect(seen.interfaces.filter((name) => name !== 'lo')).toEqual([]);
      expect(seen.canWrite).toBe(false);
      expect(seen.pid).toBeLessThan(10);
      expect(stdout.text).toBe('looked around\n');
      expect(await client.kill()).toMatchObject({ by: 'quit', code: 0 });
    },
  );

  test.skipIf(reason !== '')(`shows only the files of /tmp that the options name${reason}`, async () => {
    const [shown, hidden] = ['/tmp/pipework-shown-', '/tmp/pipework-hidden-'].map((prefix) => {
      const directory = mkdtempSync(prefix);
      onTestFinished(() => rmSync(directory, { recursive: true }));
      return directory;
    });
    const client = new Client({
      cmd: ['/bin/sh', '-c', 'ls /tmp >&2; exit 3'],
      launcher: bubblewrap({ readable: [...readable, shown as string] }),
    });
    const { stderrTail } = await failure<Error & { stderrTail: string }>(client.start());
    expect(stderrTail).toContain(basename(shown as string));
    expect(stderrTail).not.toContain(basename(hidden as string));
  });

  test.skipIf(reason !== '')(`accepts a relative working directory${reason}`, async () => {
    const path = fileURLToPath(new URL('.', import.meta.url)).replace(/\/$/, '');
    const cwd = relative(process.cwd(), path);
    const cmd = { file: '/bin/sh', args: ['-c', 'pwd >&2; exit 3'], cwd };
    const error = await failure<StartError>(new Client({ cmd, launcher: bubblewrap({ readable }) }).start());
    expect(error.stderrTail).toBe(`${path}\n`);
  });

  test.skipIf(reason !== '')(`hides /run unless the options name it${reason}`, async () => {
    const cmd = ['/bin/sh', '-c', 'ls -A /run >&2; exit 3'] as const;
    const seen = async (...further: string[]): Promise<string> => {
      const launcher = bubblewrap({ readable: [...readable, ...further] });
      const client = new Client({ cmd, launcher });
      return (await failure<StartError>(client.start())).stderrTail;
    };
    expect(await seen()).toBe('');
    expect(await seen('/run')).toBe(`${readdirSync('/run').sort().join('\n')}\n`);
  });

  test.skipIf(reason !== '')(`makes a path writable inside a readable path${reason}`, async () => {
    const outer = mkdtempSync('/tmp/pipework-outer-');
    onTestFinished(() => rmSync(outer, { recursive: true }));
    mkdirSync(join(outer, 'inner'));
    const cmd = ['/bin/sh', '-c', `touch ${outer}/no ${outer}/inner/yes; exit 3`] as const;
    const options = { readable: [outer, ...readable], writable: [join(outer, 'inner')] };
    const error = await failure<StartError>(new Client({ cmd, launcher: bubblewrap(options) }).start());
    expect(error.stderrTail).toContain(`${outer}/no`);
    expect(readdirSync(join(outer, 'inner'))).toEqual(['yes']);
  });

  test.skipIf(reason !== '')(`lets no plugin inherit a directory as standard input${reason}`, async () => {
    const script = 'ls /proc/self/fd/0/.. >&2; cat; exit 3';
    const program = `
      import { bubblewrap, Client } from ${JSON.stringify(new URL('../../dist/index.js', import.meta.url).href)};
      const cmd = ['/bin/sh', '-c', ${JSON.stringify(script)}];
      const launcher = bubblewrap({ readable: ${JSON.stringify(readable)} });
      const { stderrTail } = await new Client({ cmd, launcher, stdin: 'inherit' }).start().catch((error) => error);
      console.log(stderrTail);`;
    const outside = mkdtempSync('/tmp/pipework-outside-');
    onTestFinished(() => rmSync(outside, { recursive: true }));
    mkdirSync(join(outside, 'input'));
    writeFileSync(join(outside, 'secret'), '');
    const input = openSync(join(outside, 'input'), 'r');
    onTestFinished(() => closeSync(input));
    const args = ['--input-type=module', '-e', program];
    const { stdout } = spawnSync(process.execPath, args, {
      stdio: [input, 'pipe', 'inherit'],
      encoding: 'utf8',
    });
    expect(stdout).toContain('/proc/self/fd/0/..');
    expect(stdout).not.toContain('secret');
  });

  test.skipIf(reason !== '')(`adds a note if it hides a plugin below /tmp${reason}`, async () => {
    const directory = mkdtempSync('/tmp/pipework-plugin-');
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const file = join(directory, 'plugin.mjs');
    writeFileSync(file, `import ${JSON.stringify(fixture('greets'))};`);
    const start = async (options: BubblewrapOptions): Promise<Client<Fixtures>> => {
      const client = new Client<Fixtures>({ cmd: [process.execPath, file], launcher: bubblewrap(options) });
      onTestFinished(async () => void (await client.kill()));
      await client.start();
      return client;
    };
    const note = `${file} is below /tmp, of which the sandbox shows nothing: name it, or a directory above it, in bubblewrap({ readable })`;
    expect((await failure<StartError>(start({ readable }))).notes[0]).toBe(note);
    // The note also appears if the command names a link to the plugin's file, or names the file in an option
    // of Node.
    const outside = mkdtempSync('/var/tmp/pipework-link-');
    onTestFinished(() => rmSync(outside, { recursive: true }));
    symlinkSync(file, join(outside, 'plugin.mjs'));
    for (const words of [[join(outside, 'plugin.mjs')], [`--import=${file}`, fixture('greets')]]) {
      const launcher = bubblewrap({ readable });
      const { notes } = await failure<StartError>(
        new Client({ cmd: [process.execPath, ...words], launcher }).start(),
      );
      expect(notes).toContain(note);
    }
    const client = await start({ readable: [...readable, directory] });
    expect(await (await (await client.client()).dispense('greeter')).greet('x')).toBe('Hello, x!');
  });

  // Only a host that runs as root has capabilities and may write the kernel's settings. For any other host,
  // the test would prove nothing.
  test.skipIf(reason !== '')(
    `gives a plugin no capabilities and no write access to settings of the kernel${reason}`,
    async () => {
      const launched = await bubblewrap({ readable })({
        file: '/bin/sh',
        args: [
          '-c',
          'grep CapEff /proc/self/status; setting=/proc/sys/kernel/core_pattern; value=$(cat $setting); (echo "$value" > $setting) 2>&1; mount -o remount,rw / 2>/dev/null && echo remounted',
        ],
        ...{ cwd: '/', env: {}, handshakeEnv: {}, stdin: 'ignore', processGroup: false },
      });
      const printed = await launched.stdout?.toArray();
      const lines = Buffer.concat(printed as Buffer[]).toString();
      expect(lines).toMatch(/^CapEff:\s*0+\n/);
      expect(lines).toContain('Read-only file system');
      expect(lines).not.toContain('remounted');
    },
  );

  test.skipIf(reason !== '')(`leaves no process behind when bwrap itself is killed${reason}`, async () => {
    const client = plugin('greets', { launcher: bubblewrap({ readable }) });
    await client.start();
    const children = execFileSync('ps', ['-o', 'pid=', '--ppid', String(client.pid)], { encoding: 'utf8' })
      .trim()
      .split(/\s+/)
      .map(Number);
    expect(children.length).toBeGreaterThan(0);
    process.kill(client.pid as number, 'SIGKILL');
    await client.exit;
    await until(() => children.every((pid) => !isAlive(pid)));
  });
});

describe('overStdio()', () => {
  test('speaks the protocol over descriptors 0 and 1, and printed output goes to the synced streams', async () => {
    const stdout = new Collector();
    const stderr = new Collector();
    const client = plugin('prints', { launcher: overStdio(), syncStdout: stdout, syncStderr: stderr });
    const printer = await (await client.client()).dispense('printer');
    await printer.print('stdout', 'one\n');
    await printer.print('stderr', 'two\n');
    expect([stdout.text, stderr.text]).toEqual(['one\n', 'two\n']);
    expect(await client.start()).toMatchObject({ address: '0,1' });
    expect(await client.kill()).toMatchObject({ by: 'quit', code: 0 });
  });

  test('loses no output of a plugin that prints 4 MiB and exits', async () => {
    const stdout = new Collector();
    const client = plugin('prints', { launcher: overStdio(), syncStdout: stdout });
    const printer = await (await client.client()).dispense('printer');
    await failure(printer.floodThenExit(4 * 1024 * 1024));
    await client.exit;
    expect(stdout.bytes).toBe(4 * 1024 * 1024);
  });

  test('makes a plugin print an explanation if the plugin itself reads descriptor 0', async () => {
    const client = plugin('reads-stdin-first', { launcher: overStdio() });
    await client.client().then((rpc) => failure(rpc.dispense('greeter')));
    const { code, stderrTail } = await client.exit;
    expect(code).toBe(1);
    expect(stderrTail).toMatch(
      /^pipework: descriptors 0 and 1 lead to the host, .* Descriptor 0 is process\.stdin/,
    );
  });

  test('does not search this system for a program that runs elsewhere', async () => {
    const via = (): [string, ...string[]] => [process.execPath, '-e', 'process.exit(3)'];
    const client = new Client({ cmd: ['/app/plugin'], launcher: overStdio({ via }) });
    const { exitCode, notes } = await failure<StartError>(client.start());
    expect(exitCode).toBe(3);
    expect(notes).toEqual([expect.stringContaining(' `via` ')]);
  });

  test.each([
    ['prints', 'console.log(1)', 'HANDSHAKE_UNRECOGNIZED'],
    ['exits', 'process.exit(127)', 'HANDSHAKE_EXITED'],
  ])('if the command of `via` %s, shows it without values of variables', async (_how, script, code) => {
    const via = (): [string, ...string[]] => [process.execPath, '-e', script, 'to', 'TOKEN=secret'];
    const env = { set: { TOKEN: 'secret' } };
    const launcher = overStdio({ via });
    const client = new Client({ cmd: ['/app/plugin'], launcher, env });
    const error = await failure<StartError>(client.start());
    expect(error.code).toBe(code);
    expect(error.notes[0]).toContain('overStdio() ran the command that `via` returned: ');
    expect(error.notes[0]).toContain(' to …. That command must start the plugin');
    expect(error.message).not.toContain('secret');
  });

  test('names descriptor 1 in the error if other output came before the handshake', async () => {
    const client = new Client({ cmd: ['echo', 'booting'], launcher: overStdio() });
    expect((await failure(client.start())).message).toContain('descriptor 4, or 1 with overStdio()');
  });

  test.skipIf(noShell)(
    `runs the command that \`via\` makes from the variables of the handshake${noShell}`,
    async () => {
      const launcher = overStdio({
        via: ({ handshakeEnv, file, args }) => [
          'env',
          '-i',
          ...Object.entries(handshakeEnv).map(([name, value]) => `${name}=${value}`),
          file,
          ...args,
        ],
      });
      const greeter = await (await plugin('greets', { launcher }).client()).dispense('greeter');
      expect(await greeter.greet('you')).toBe('Hello, you!');
    },
  );
});

describe('a launcher', () => {
  /**
   * Returns a launcher that serves the plugin in this process, over pipes in memory, and changes no global
   * state. Also returns the signals and the commands that the launcher gets.
   */
  function inMemory(): { launcher: Launcher; signals: string[]; commands: LaunchCommand[] } {
    const signals: string[] = [];
    const commands: LaunchCommand[] = [];
    const launcher: Launcher = (command) => {
      commands.push(command);
      const [down, up, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
      const exited = serve<Pick<Fixtures, 'greeter'>>({
        plugins: {
          greeter: (context) => ({
            greet: async (name) => `Hello, ${name}!`,
            say: async (text) => void context.stdout.write(text),
            complain: async (text) => context.log.warn(text),
          }),
        },
        transport: { readable: down, writable: up, env: command.env, stderr },
      }).then((): ProcessExit => ({ code: 0, signal: null }));
      return { readable: up, writable: down, stderr, exited, kill: (signal) => signals.push(signal) > 0 };
    };
    return { launcher, signals, commands };
  }

  test('may serve the plugin in memory, without any process', async () => {
    const { launcher, signals, commands } = inMemory();
    const stdout = new Collector();
    const listeners = process.listenerCount('SIGTERM');
    await using client = new Client<Fixtures>({
      cmd: ['in-memory', 'x'],
      launcher,
      syncStdout: stdout,
      stdin: 'ignore',
    });
    const greeter = await (await client.client()).dispense('greeter');
    expect(await greeter.greet('memory')).toBe('Hello, memory!');
    await greeter.say('said\n');
    expect(stdout.text).toBe('said\n');
    await greeter.complain('logged');
    expect(commands[0]).toMatchObject({ file: 'in-memory', args: ['x'], processGroup: false });
    expect(process.listenerCount('SIGTERM')).toBe(listeners);
    const exit = await client.kill();
    expect(exit).toMatchObject({ code: 0, by: 'quit' });
    expect(exit.stderrTail).toContain('"@message":"logged"');
    expect(signals).toEqual([]);
  });

  test('makes the start fail if the launcher throws, and the error has the reason', async () => {
    const client = new Client({
      cmd: ['x'],
      launcher: () => {
        throw new Error('no more rooms');
      },
    });
    const error = await failure(client.start());
    expect(error.code).toBe('PLUGIN_NOT_STARTED');
    expect(error.message).toContain('no more rooms');
  });

  test('may return a process with a method then(), which the start does not call', async () => {
    const { launcher } = inMemory();
    const thenable: Launcher = (command) => {
      const made = launcher(command) as Exclude<ReturnType<Launcher>, Promise<unknown>>;
      return Object.assign(made, { then: (done: (value: unknown) => void) => void made.exited.then(done) });
    };
    await using client = new Client<Fixtures>({ cmd: ['x'], launcher: thenable, stdin: 'ignore' });
    expect(await (await client.client()).ping()).toBeGreaterThanOrEqual(0);
  });

  test('does not hang kill() or the event loop if its process never reports its end, and the host logs a warning', async () => {
    const [down, up] = [new PassThrough(), new PassThrough()];
    const signals: string[] = [];
    const warn = vi.fn();
    const unref = vi.fn();
    const client = new Client({
      cmd: ['x'],
      gracePeriod: 50,
      stdin: 'ignore',
      launcher: () => ({
        readable: up,
        writable: down,
        exited: new Promise(() => {}),
        kill: (signal) => signals.push(signal) > 0,
        ref: () => {},
        unref,
      }),
      logger: { warn },
    });
    up.write('1|pipe|3,4\n');
    await client.start();
    expect(await client.kill()).toMatchObject({ code: null, signal: null, by: 'sigkill' });
    expect(signals).toEqual(['SIGTERM', 'SIGKILL']);
    expect(unref).toHaveBeenCalledOnce();
    await until(() => warn.mock.calls.some(([message]) => String(message).includes('is left behind')));
  });

  test('makes the start fail at the start’s timeout if it never returns a process', async () => {
    const client = new Client({ cmd: ['x'], startTimeout: 100, launcher: () => new Promise(() => {}) });
    const error = await failure<StartError>(client.start());
    expect(error).toMatchObject({ code: 'HANDSHAKE_TIMEOUT', phase: 'spawn' });
    expect(error.notes.join()).toMatch(/^the launcher has not handed over a process/);
  });
});
