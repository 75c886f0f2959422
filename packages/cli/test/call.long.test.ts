import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { command as goPlugin, missing as noGo } from '../../../examples/go-plugin/test/support/go.ts';
import {
  bin,
  fixture,
  greeter,
  hanging,
  inProcess,
  inSession,
  inTerminal,
  noPython,
  noTerminal,
  pipework,
  python,
  pythonFixture,
  root,
  run,
  skipped,
  type Ran,
} from './support/run.ts';

/** Calls the fixture within this process. */
const call = async (args: readonly string[], input: string | Buffer = ''): Promise<Ran> =>
  await inProcess(['call', ...args, '--', ...fixture], { input });

const ofVersion100 =
  'import { serve } from "@pipework/core/plugin"; await serve({ protocolVersions: [100], plugins: { a: () => ({ b: () => 1 }) } })';

describe('call in a pipe', () => {
  test('says that it offers no services if a factory needs one', async () => {
    const links = join(root, 'examples/docs-check/plugins/dist/links/main.js');
    const { status, stderr } = await inProcess(['call', 'checker.check', '{}', '--', 'node', links]);
    expect(stderr).toContain('unknown service: library');
    expect(stderr).toContain('\n  to do: call this plugin from its own host');
    expect(status).toBe(4);
  });

  test('prints the result as JSON, and the plugin’s output with its name on standard error', async () => {
    const ran = await pipework(['call', 'greeter.greet', '"world"', '--', ...greeter]);
    expect(ran).toEqual({
      status: 0,
      stdout: '"Hello, world!"\n',
      stderr: '[plugin.js] (the plugin greets world)\n',
    });
  });

  test('splits an operand whose name or method has dots', async () => {
    const dotted = `
      import { serve } from "@pipework/core/plugin";
      const methods = () => ({ "a.b": () => 1, c: () => 2 });
      await serve({ plugins: { kv: methods, "kv.x": methods } });
    `;
    const plugin = ['--', 'node', '--input-type=module', '-e', dotted];
    for (const [operand, shown] of [
      ['kv.a.b', '1\n'],
      ['kv.x.c', '2\n'],
      ['kv.x.a.b', '1\n'],
    ] as const)
      expect(await inProcess(['call', operand, ...plugin])).toEqual({ status: 0, stdout: shown, stderr: '' });
    const unknown = await inProcess(['call', 'kv.b.a', ...plugin]);
    expect(unknown.stderr).toContain("can't find method kv.b.a");
    expect(unknown.status).toBe(5);
  });

  test('prints each item of a stream on its own line', async () => {
    const ran = await pipework(['call', 'greeter.count', '3', '--', ...greeter]);
    expect(ran).toEqual({ status: 0, stdout: '1\n2\n3\n', stderr: '' });
  });

  test('passes standard input to the plugin as a stream of bytes', async () => {
    const ran = await pipework(['call', 'greeter.hash', '-', '--', ...greeter], 'a stream of bytes');
    expect(ran.stdout).toBe(
      `{"$bytes":"${createHash('sha256').update('a stream of bytes').digest('base64')}"}\n`,
    );
  });

  test('passes standard input as a stream of values, one value or a text, as --stdin says', async () => {
    const double = await call(['--stdin', 'ndjson', 'tool.double', '-'], '1\n\n-2\n');
    expect(double.stdout).toBe('2\n-4\n');
    const json = await call(['--stdin=json', 'tool.echo', '-'], '{"a":[1]}\n');
    expect(json.stdout).toBe('{"a":[1]}\n');
    const said = await call(['--stdin=text', 'tool.echo', '-'], 'two\nlines');
    expect(said.stdout).toBe('"two\\nlines"\n');
  });

  test.each(['bytes', 'ndjson'])(
    'names --stdin json if a contract refuses standard input (--stdin %s)',
    async (kind) => {
      const { status, stderr } = await call(['--stdin', kind, 'kv.get', '-'], '"a"');
      expect(stderr).toMatch(
        /kv\.get: argument 1: .*\n {2}to do: the argument - is a stream\. If the method expects one value, give it by --stdin json or --stdin text\n$/,
      );
      expect(status).toBe(2);
    },
  );

  test('names no --stdin if a contract refuses the number of arguments', async () => {
    const { stderr } = await call(['kv.get', '"a"', '1', '-'], '"a"');
    expect(stderr).toContain('kv.get takes 1 argument');
    expect(stderr).not.toContain('--stdin');
  });

  test('exits with 2 if a line of standard input is not JSON, and names the line’s number', async () => {
    const ran = await pipework(['call', '--stdin=ndjson', 'tool.double', '-', '--', ...fixture], '1\noops\n');
    expect(ran.stderr).toContain('line 2 of standard input is not JSON: "oops"');
    expect(ran.status).toBe(2);
  });

  test('prints values that JSON does not have in the documented forms', async () => {
    const { stdout } = await call(['tool.mixed']);
    expect(JSON.parse(stdout)).toEqual({
      when: { $date: '1970-01-01T00:00:00.000Z' },
      big: { $bigint: '18446744073709551616' },
      map: { $map: [['k', { $set: [1] }]] },
      bytes: { $bytes: 'aGk=' },
      none: { $undefined: true },
    });
  });

  test('reads the documented forms as arguments, and reads negative numbers', async () => {
    const kinds = await Promise.all(
      ['{"$date":"2026-01-31T00:00:00.000Z"}', '{"$bytes":"aGk="}', '9007199254740993', '-5'].map(
        async (value) => (await call(['tool.kind', value])).stdout.trim(),
      ),
    );
    expect(kinds).toEqual([
      '"[object Date]"',
      '"[object Uint8Array]"',
      '"[object BigInt]"',
      '"[object Number]"',
    ]);
  });

  test('prints nothing for a method without a result, and unchanged bytes with --raw', async () => {
    expect(await call(['tool.nothing'])).toEqual({ status: 0, stdout: '', stderr: '' });
    expect((await call(['--raw', 'tool.bytes'])).stdout).toBe('raw bytes\n');
  });

  test('shows a last line without a line break, and shows escape sequences as text', async () => {
    const ran = await call(['tool.print', JSON.stringify('\u001b[2Jone\ntwo')]);
    expect(ran.stdout).toBe('"printed"\n');
    expect(ran.stderr).toBe('[plugin.mjs] \\x1b[2Jone\n[plugin.mjs] two\n');
  });

  test('escapes characters that control a terminal in results, keys and texts', async () => {
    const { stdout } = await call(['tool.obeyed']);
    expect(stdout).toBe('{"\\u009b2J":"a\\u202eb\\u007f\\u2028"}\n');
    expect(JSON.parse(stdout)).toEqual({ '\u009b2J': 'a\u202eb\u007f\u2028' });
  });

  test('shows no empty name for a thrown value that is not an error', async () => {
    expect((await call(['tool.throwText'])).stderr).toBe('pipework: the handler threw only a text\n');
  });

  test('shows the members of an AggregateError that a method throws', async () => {
    expect((await call(['tool.failTwice'])).stderr).toBe(
      'pipework: AggregateError: both failed\n  error: TypeError: first\n      line\n  error: { second: 2n }\n',
    );
    const { stderr } = await call(['--json', 'tool.failTwice']);
    expect(JSON.parse(stderr)).toEqual({
      error: {
        status: 4,
        name: 'AggregateError',
        message: 'both failed',
        errors: [{ name: 'TypeError', message: 'first\nline' }, { thrown: { second: { $bigint: '2' } } }],
      },
    });
  });

  test('shows all causes of an error that a method throws, and their members', async () => {
    expect((await call(['tool.failForReasons'])).stderr).toBe(
      [
        'pipework: Error: not done',
        '  cause: Error: no state',
        '    cause: AggregateError: not saved',
        '      error: RangeError [ENOSPC]: disk full',
        '        data: {"free":0}',
        '      error: Error: no backup\n',
      ].join('\n'),
    );
  });

  test('passes the members of an AggregateError in an argument, and prints them in a result', async () => {
    const error =
      '{"$error":{"name":"AggregateError","message":"both","errors":[{"$error":{"name":"RangeError","message":"first"}},2]}}';
    expect(await call(['tool.echo', error])).toEqual({ status: 0, stdout: `${error}\n`, stderr: '' });
  });

  test('shows that an error has neither a name nor a message', async () => {
    expect((await call(['tool.failWithoutWords'])).stderr).toBe('pipework: an error without a message\n');
  });

  test('exits with 3 if the JSON of a result is longer than a string can be, and names --raw', async () => {
    const ran = await call(['tool.longKeys', '540']);
    expect(ran.stderr).toMatch(
      /^pipework: the JSON of the result is too long: expected at most [\d,]+ characters\. --raw prints a text or bytes without JSON$/m,
    );
    expect(ran).toMatchObject({ status: 3, stdout: '' });
  });

  test('removes a byte order mark from standard input, and refuses input that is not UTF-8', async () => {
    const ran = async (kind: string, method: string, input: string | Buffer): Promise<string> => {
      const { stdout, stderr } = await call(['--stdin', kind, method, '-'], input);
      return stdout + stderr;
    };
    expect(await ran('json', 'tool.echo', '\uFEFF{"a":1}')).toBe('{"a":1}\n');
    expect(await ran('text', 'tool.echo', '\uFEFFa')).toBe('"a"\n');
    expect(await ran('ndjson', 'tool.double', '\uFEFF1\n2')).toBe('2\n4\n');
    expect(await ran('text', 'tool.echo', Buffer.from([0xff]))).toMatch(
      /standard input is not UTF-8\..*\{"\$bytes":"\.\.\."\}/,
    );
  });

  test.each(['json', 'text', 'ndjson'])(
    'exits with 2 if standard input is not UTF-8 (--stdin %s)',
    async (kind) => {
      const input = Buffer.concat([Buffer.from('1\n"caf'), Buffer.from([0xe9]), Buffer.from('"\n')]);
      const ran = await call(['--stdin', kind, 'tool.list', '-'], input);
      const place = kind === 'ndjson' ? 'line 2 of standard input' : 'standard input';
      expect(ran.stderr).toContain(`pipework: ${place} is not UTF-8. `);
      expect(ran).toMatchObject({ status: 2, stdout: '' });
    },
  );

  test.each(['json', 'ndjson'])(
    'exits with 2 if a value on standard input is nested too deep (--stdin %s)',
    async (kind) => {
      const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
      const ran = await call(['--stdin', kind, 'tool.list', '-'], nested(129));
      expect(ran.stderr).toContain('standard input: it is nested deeper than 128 levels');
      expect(ran.status).toBe(2);
    },
  );

  test('passes values of 128 levels, texts that are cut between two reads, and lines that end with CR and LF', async () => {
    const chunks = [Buffer.from('"caf'), Buffer.from([0xc3]), Buffer.from([0xa9]), Buffer.from('"\r')];
    const deep = `${'['.repeat(127)}${']'.repeat(127)}`;
    const stdin = Readable.from([...chunks, Buffer.from(`\n\r\n"\u2028"\n${deep}`)]);
    const args = ['call', '--stdin', 'ndjson', 'tool.list', '-', '--', ...fixture];
    const { status, stdout } = await inProcess(args, { stdin });
    expect(JSON.parse(stdout)).toEqual(['café', '\u2028', JSON.parse(deep)]);
    expect(status).toBe(0);
  });

  // One block stands for all of the input, because a copy of half a gigabyte would take too much memory.
  test.each(['json', 'text', 'ndjson'])(
    'exits with 2 if a text on standard input is longer than a string can be (--stdin %s)',
    async (kind) => {
      const block = Buffer.alloc(64 * 1024 * 1024, '1');
      const stdin = Readable.from(Array.from({ length: 9 }, () => block));
      const args = ['call', '--stdin', kind, 'tool.list', '-', '--', ...fixture];
      const { status, stderr } = await inProcess(args, { stdin });
      expect(stderr).toMatch(
        /^pipework: (line 1 of )?standard input is too long: expected at most 5\d\d,\d{3},\d{3} bytes\. --stdin bytes has no such limit$/m,
      );
      expect(status).toBe(2);
    },
  );

  test('reads a text of 20 megabytes', async () => {
    const input = JSON.stringify('x'.repeat(20_000_000));
    const ran = await pipework(['call', '--stdin', 'json', 'tool.length', '-', '--', ...fixture], input);
    expect(ran).toEqual({ status: 0, stdout: '20000000\n', stderr: '' });
  });

  describe.skipIf(process.platform === 'win32')('says that standard input cannot be read if it is', () => {
    const readers = [
      ['call', '--stdin', 'bytes', 'tool.double', '-', '--', ...fixture],
      ['call', '--stdin', 'ndjson', 'tool.double', '-', '--', ...fixture],
      ['call', '--stdin', 'json', 'tool.echo', '-', '--', ...fixture],
      ['call', '--stdin', 'text', 'tool.echo', '-', '--', ...fixture],
    ];
    const redirected = (redirection: string): string[] => ['/bin/sh', '-c', `exec "$@" ${redirection}`, 'sh'];
    const refused = (reason: string): Ran => ({
      status: 2,
      stdout: '',
      stderr: expect.stringContaining(`pipework: standard input cannot be read: ${reason}\n`) as string,
    });

    test('a directory', async () => {
      const ran = await inSession(readers, { through: redirected('< /') });
      expect(ran).toEqual(readers.map(() => refused('it is a directory (EISDIR)')));
    });

    test('open for writing alone', async () => {
      for (const args of readers) {
        const ran = await run([...redirected('0> /dev/null'), process.execPath, bin, ...args]);
        expect(ran).toEqual(refused('EBADF: bad file descriptor, read'));
      }
    });
  });

  test.skipIf(process.platform !== 'linux')(
    `reports that standard output cannot be written${skipped(process.platform === 'linux' ? undefined : 'needs /dev/full')}`,
    async () => {
      const full = openSync('/dev/full', 'w');
      onTestFinished(() => closeSync(full));
      const child = spawn(process.execPath, [bin, 'call', 'tool.echo', '1', '--', ...fixture], {
        stdio: ['ignore', full, 'pipe'],
      });
      expect(await text(child.stderr!)).toMatch(/^pipework: standard output cannot be written: ENOSPC/);
    },
  );

  test('ends quietly when its reader has closed the pipe', async () => {
    const child = spawn(process.execPath, [bin, 'call', 'tool.forever', '--', ...fixture], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended = new Promise((resolve) => {
      child.once('exit', resolve);
    });
    const said = text(child.stderr);
    child.stdout.once('data', () => child.stdout.destroy());
    expect(await ended).toBe(0);
    expect(await said).not.toContain('pipework:');
  });
});

test.skipIf(noTerminal !== undefined)(
  `call --raw adds a line break after a text in a terminal, but not in a pipe${skipped(noTerminal)}`,
  async () => {
    const args = ['call', '--raw', 'tool.echo', '"a"', '--', ...fixture];
    expect((await inProcess(args)).stdout).toBe('a');
    expect((await inTerminal(args)).shown).toBe('a\n');
    expect((await inTerminal(args.with(3, '"a\\n"'))).shown).toBe('a\n');
  },
);

describe('the exit status of call', () => {
  test.each([
    ['4 if the method fails', ['tool.fail'], 4, 'TypeError [E_COLOUR]: no such colour'],
    ['4 if the method throws the code of a lost connection', ['tool.failAsIfLost'], 4, 'my plugin died'],
    ['4 if another plugin lacks a method', ['tool.failAsIfUnknown'], 4, 'Plugin.other'],
    ['4 if the method throws the code of a deadline', ['tool.failAsIfLate'], 4, 'my plugin was late'],
    ['4 if the factory fails', ['broken.any'], 4, 'no database'],
    ['5 for an unknown method', ['tool.nope'], 5, "can't find method tool.nope: "],
    ['5 for toString, which a remote has itself', ['tool.toString'], 5, "can't find method tool.toString: "],
    ['5 for an unknown name', ['nope.x'], 5, 'unknown plugin type: nope'],
    [
      '5 for a method whose name has an escape sequence',
      ['tool.\u001b[31m'],
      5,
      `can't find method "tool.\\u001b[31m": tool offers`,
    ],
    ['6 if the plugin dies', ['tool.die'], 6, 'code 3'],
    ['6 if the plugin dies within a stream', ['tool.dieLater'], 6, 'the stream of tool.dieLater of '],
    [
      '4 if another plugin has refused an argument',
      ['tool.failAsIfRefused'],
      4,
      'other: args[0]: my plugin took no Plugin.failAsIfRefused',
    ],
    [
      '8 if the time of --timeout passes',
      ['--timeout', '1000', 'tool.wait'],
      8,
      '[RPC_DEADLINE] tool.wait took longer than the 1000 ms',
    ],
    [
      '8 if the time passes while a stream is printed',
      ['--timeout', '300', 'tool.forever'],
      8,
      '[RPC_DEADLINE]',
    ],
    [
      '2 for an argument that the contract refuses',
      ['kv.get', '5'],
      2,
      '] kv.get: argument 1: Invalid input',
    ],
    [
      '2 for a part of an argument that the contract refuses',
      ['kv.put', '"a"', '{"value":1,"tags":["c"]}'],
      2,
      '] kv.put: argument 2 at .tags[0]: Invalid option',
    ],
    ['2 for one argument too many', ['kv.get', '"a"', '1', '2'], 2, '] kv.get takes 1 argument'],
    ['2 for an argument that is not JSON', ['tool.echo', 'text'], 2, `A text has quotes: '"text"'`],
    [
      '2 for an argument that is too deep',
      ['tool.echo', '['.repeat(20_000) + ']'.repeat(20_000)],
      2,
      'argument 1: it is nested deeper than',
    ],
    ['2 for a long argument that is not JSON', ['tool.echo', `"${'x'.repeat(1000)}`], 2, '(1004 characters)'],
    [
      '2 for half of a surrogate pair',
      ['tool.echo', '"\\ud800"'],
      2,
      'argument 1: a text has \\ud800, which is half of',
    ],
    [
      '2 for half of a surrogate pair in a key',
      ['tool.echo', '{"a":1,"\\udc00":[]}'],
      2,
      'a text has \\udc00, which',
    ],
    ['2 for an unknown form', ['tool.echo', '{"$nope":1}'], 2, 'argument 1: $nope is not the form'],
    ['2 for a negative time', ['--timeout', '-5', 'tool.echo'], 2, '--timeout: expected a whole number'],
    [
      '2 for an unknown option',
      ['--nope', 'tool.echo'],
      2,
      "unknown option '--nope'; the options of call are",
    ],
    ['2 without a method', ['tool'], 2, 'expected NAME.METHOD'],
  ])('is %s', async (_, args, status, message) => {
    const ran = await call(args);
    expect(ran.stderr).toContain(message);
    expect(ran.status).toBe(status);
  });

  test('is 7 if the plugin does not start, and 2 without a plugin', async () => {
    const exits = 'console.error("no config"); process.exit(3)';
    const ran = await inProcess(['call', 'a.b', '--', 'node', '-e', exits]);
    expect(ran.stderr).toMatch(
      /^\[node\] no config\npipework: \[HANDSHAKE_EXITED\] .*\n {2}phase: .*\n {2}command: node -e .*\n$/,
    );
    expect(ran.status).toBe(7);
    const words = ['call', 'a.b', '--', 'node', '-e', 'process.exit(3) // $$ `id`\n'];
    expect((await inProcess(words)).stderr).toContain(
      "\n  command: node -e $'process.exit(3) // $$ `id`\\x0a'\n",
    );
    const none = await inProcess(['call', 'a.b']);
    expect(none.stderr).toContain('no plugin given: put its command line after --');
    expect(none.status).toBe(2);
  });

  test.each([
    [
      ['--start-timeout', '300', 'a.b', '--', 'node', '-e', 'setInterval(() => {}, 1000)'],
      'its handshake, which serve() makes: look at what it waits for before that, or raise --start-timeout\n',
    ],
    [
      ['--start-timeout', '300', 'a.b', '--', 'sleep', '60'],
      'its handshake: look at what it waits for before that, or raise --start-timeout\n',
    ],
    [['a.b', '--', 'true'], 'without a handshake: is the program a plugin?\n'],
    [
      ['--protocol', '9', 'tool.echo', '1', '--', ...fixture],
      'Plugin versions: [1]. --protocol names a version that the plugin does not have\n',
    ],
    [
      ['a.b', '--', 'node', '--input-type=module', '-e', ofVersion100],
      'Plugin versions: [100]. Name a version of the plugin by --protocol N\n',
    ],
  ])('is 7, and the advice is in words of the command: %j', async (args, advice) => {
    const ran = await inProcess(['call', ...args]);
    expect(ran.stderr).toContain(advice);
    expect(ran.status).toBe(7);
  });

  test('is 7 for a program that prints without end, and its first output is shown', async () => {
    const ran = await inProcess(['describe', '--start-timeout', '1000', '--', 'yes']);
    expect(ran.status).toBe(7);
    const lines = ran.stderr.split('\n');
    expect(lines.filter((line) => line === '[yes] y')).toHaveLength(32 * 1024);
    const mark = /^\[yes\] \([\d,]+ characters are left out, which the plugin printed before it started\)$/;
    expect(lines[32 * 1024]).toMatch(mark);
  });

  test('shows everything that a plugin prints after it has started', async () => {
    const args = ['call', '--stdin', 'text', 'tool.print', '-', '--', ...fixture];
    const ran = await pipework(args, 'y\n'.repeat(100_000));
    expect(ran.stderr.match(/^\[plugin\.mjs\] y$/gm)).toHaveLength(100_000);
  });

  test('is in the line of JSON that --json prints for an error', async () => {
    const ran = await call(['--json', 'tool.fail']);
    expect(JSON.parse(ran.stderr)).toEqual({
      error: { status: 4, name: 'TypeError', message: 'no such colour', code: 'E_COLOUR' },
    });
  });
});

describe.skipIf(noPython !== undefined)(
  `call and describe with the Python plugin${skipped(noPython)}`,
  () => {
    test('work as with a plugin in JavaScript', async () => {
      const ran = await pipework(['call', 'greeter.greet', '"world"', '--', ...python]);
      expect(ran).toEqual({ status: 0, stdout: '"Hello, world!"\n', stderr: '' });
      const failed = await inProcess(['call', 'conformance.fail', '"out of ink"', '--', ...python]);
      expect(failed.stderr).toContain('out of ink');
      expect(failed.status).toBe(4);
    });

    test('exit with 5 for an unknown method', async () => {
      const ran = await inProcess(['call', 'conformance.nope', '--', ...python]);
      expect(ran.stderr).toContain("[RPC_UNKNOWN_METHOD] can't find method conformance.nope");
      expect(ran.status).toBe(5);
    });
  },
);

describe('the wait for a factory that never settles', () => {
  test.each(['never.greet', 'thenable.greet'])('of %s ends with the time of --timeout', async (target) => {
    const ran = await inProcess(['call', '--timeout', '300', target, '--', ...hanging]);
    expect(ran.stderr).toBe(
      `pipework: [RPC_DEADLINE] the factory of ${target.split('.')[0]} took longer than the 300 ms of --timeout\n`,
    );
    expect(ran.status).toBe(8);
  });

  test('ends with Ctrl-C', async () => {
    const interrupts: (() => void)[] = [];
    const running = inProcess(['call', 'never.greet', '--', ...hanging], {
      onInterrupt: (listener) => {
        interrupts.push(listener);
        return () => {};
      },
    });
    // The command adds its second listener when it starts the plugin. The test calls this listener, as Ctrl-C
    // would, perhaps before the plugin is ready.
    while (interrupts.length < 2) await sleep(10);
    interrupts.at(-1)?.();
    expect(await running).toEqual({ status: 130, stdout: '', stderr: 'pipework: interrupted\n' });
  });
});

describe.skipIf(process.platform === 'win32')('Ctrl-C', () => {
  /** Starts a call. `shown` waits for a line of the plugin, and `all` for the whole output. */
  const started = (
    ...args: string[]
  ): { child: ChildProcess; shown: (line: string) => Promise<void>; all: Promise<string> } => {
    const child = spawn(process.execPath, [bin, 'call', ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    return {
      child,
      shown: async (line) => await expect.poll(() => said).toContain(`] ${line}\n`),
      all: once(child, 'close').then(() => said),
    };
  };

  test('cancels the call before the plugin is asked to leave', async () => {
    const plugin = `
      import { callContext, serve } from '@pipework/core/plugin';
      const wait = () =>
        new Promise((_, reject) => {
          callContext().signal.addEventListener('abort', () => reject(console.log('cancelled')));
          console.log('waiting');
        });
      await serve({ plugins: { a: () => ({ wait }) }, onShutdown: () => console.log('leaving') });
    `;
    const { child, shown, all } = started('a.wait', '--', 'node', '--input-type=module', '-e', plugin);
    await shown('waiting');
    child.kill('SIGINT');
    expect(await all).toBe('[node] waiting\n[node] cancelled\n[node] leaving\npipework: interrupted\n');
    expect(child.exitCode).toBe(130);
  });

  test('a second Ctrl-C kills the plugin without waiting two seconds for it to leave', async () => {
    // The plugin blocks its event loop when the call is cancelled, so that only SIGKILL ends it.
    const plugin = `
      import { writeSync } from 'node:fs';
      import { callContext, serve } from '@pipework/core/plugin';
      const wait = () =>
        new Promise(() => {
          callContext().signal.addEventListener('abort', () => {
            writeSync(2, 'cancelled\\n');
            Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
          });
          console.log('waiting');
        });
      await serve({ plugins: { a: () => ({ wait }) } });
    `;
    const { child, shown, all } = started('a.wait', '--', 'node', '--input-type=module', '-e', plugin);
    await shown('waiting');
    child.kill('SIGINT');
    await shown('cancelled');
    child.kill('SIGINT');
    // After only one Ctrl-C, the command would take four seconds to end.
    await expect(all, 'the command ends').toHappenWithin(2_500);
    expect(child.exitCode).toBe(130);
  });
});

test('the wait for standard input ends with Ctrl-C', async () => {
  let interrupt = (): void => {};
  const running = inProcess(['call', '--stdin', 'json', 'tool.echo', '-', '--', ...fixture], {
    stdin: new PassThrough(),
    onInterrupt: (listener) => {
      interrupt = listener;
      return () => {};
    },
  });
  interrupt();
  expect(await running).toEqual({ status: 130, stdout: '', stderr: 'pipework: interrupted\n' });
});

describe('a reader that reads nothing of a long result', () => {
  const stuck = (...options: string[]): ChildProcess => {
    const args = ['call', ...options, '--stdin', 'json', 'tool.echo', '-', '--', ...fixture];
    const child = spawn(process.execPath, [bin, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    child.stdin.end(JSON.stringify('x'.repeat(3_000_000)));
    return child;
  };
  const statusOf = (child: ChildProcess): Promise<unknown> =>
    new Promise((resolve) => child.once('exit', resolve));

  test('does not delay the end of a call whose time has passed', async () => {
    const child = stuck('--timeout', '4000');
    const ended = statusOf(child);
    expect(await text(child.stderr!)).toBe(
      'pipework: [RPC_DEADLINE] writing the result to standard output took longer than the 4000 ms of --timeout\n',
    );
    expect(await ended).toBe(8);
  });

  test.skipIf(process.platform === 'win32')('does not delay the end after Ctrl-C', async () => {
    const child = stuck();
    const ended = statusOf(child);
    // When the first bytes arrive, the command has begun to print the result.
    await new Promise((resolve) => child.stdout!.once('readable', resolve));
    child.kill('SIGINT');
    expect(await text(child.stderr!)).toBe('pipework: interrupted\n');
    expect(await ended).toBe(130);
  });
});

describe.skipIf(process.platform === 'win32')('a background process of the plugin’s command line', () => {
  const isAlive = (pid: number): boolean =>
    spawnSync('ps', ['-o', 'stat=', '-p', String(pid)])
      .stdout.toString()
      .trim()
      .replace(/^Z.*/, '') !== '';
  const withSleeper = (start: string): string[] => [
    'sh',
    '-c',
    `${start} sleep 300 & echo "sleeper $!" >&2; exec "$@"`,
    'sh',
    ...fixture,
  ];

  test.each([
    ['call', ['call', 'tool.echo', '1']],
    ['describe', ['describe']],
  ])('ends with %s', async (_, args) => {
    const { status, stderr } = await pipework([...args, '--', ...withSleeper('')]);
    expect(status).toBe(0);
    const pid = Number(/sleeper (\d+)/.exec(stderr)?.[1]);
    await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false);
  });

  test.each([
    [
      'text',
      [],
      /^pipework: warning: process \d+ is gone, but another one still holds its pipe .*: it has left the process group, which was ended$/m,
    ],
    ['JSON', ['--json'], /^\{"warning":\{"message":"process \d+ is gone, .*"\}\}$/m],
  ])('is reported as %s if it has left the process group', async (_, options, warning) => {
    const { status, stderr } = await pipework([
      'call',
      ...options,
      'tool.echo',
      '1',
      '--',
      ...withSleeper('setsid'),
    ]);
    process.kill(Number(/sleeper (\d+)/.exec(stderr)?.[1]), 'SIGKILL');
    expect(stderr).toMatch(warning);
    expect(stderr).not.toContain('PipeworkWarning');
    expect(status).toBe(0);
  });
});

test('further lines of an error are indented, so that none looks like a message of the command', async () => {
  expect((await call(['tool.failInLines'])).stderr).toBe(
    'pipework: Error: one\n    two\n    pipework: all is well\n',
  );
  expect(JSON.parse((await call(['--json', 'tool.failInLines'])).stderr)).toEqual({
    error: { status: 4, name: 'Error', message: 'one\ntwo\npipework: all is well' },
  });
});

test('if a plugin expects another magic cookie, the error names the option that sets it', async () => {
  const other = ['--', 'node', fixture[1]!.replace('plugin.mjs', 'other-cookie.mjs')];
  const ran = await inProcess(['call', 'tool.greet', ...other]);
  expect(ran.stderr).toMatch(/^ {2}to do: set the magic cookie .* by --cookie KEY=VALUE$/m);
  expect(ran.status).toBe(7);
  const given = await inProcess(['call', '--cookie', 'OTHER_COOKIE=chocolate', 'tool.greet', ...other]);
  expect(given).toEqual({ status: 0, stdout: '"hello"\n', stderr: '' });
});

test.skipIf(process.platform !== 'linux').each(['2>&-', '2> /dev/full'])(
  'the exit status is the same if standard error cannot be written (%s)',
  async (redirection) => {
    const through = ['/bin/sh', '-c', `exec "$@" ${redirection}`, 'sh', process.execPath, bin];
    const statuses = await Promise.all(
      ['tool.print', 'tool.fail', 'tool.nope'].map(
        async (target) => (await run([...through, 'call', target, '"text"', '--', ...fixture])).status,
      ),
    );
    expect(statuses).toEqual([0, 4, 5]);
  },
);

test('call ends when the time of --timeout has passed, even while it waits for standard input', async () => {
  const args = ['call', '--timeout', '300', '--stdin', 'ndjson', 'tool.double', '-', '--', ...fixture];
  const child = spawn(process.execPath, [bin, ...args], { stdio: ['pipe', 'ignore', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const status = new Promise((resolve) => child.once('exit', resolve));
  expect(await text(child.stderr)).toContain('RPC_DEADLINE');
  expect(await status).toBe(8);
});

describe.skipIf(noGo !== undefined)(`call with the Go plugin${skipped(noGo)}`, () => {
  test('works with a plugin that speaks only the base protocol', async () => {
    const ran = await inProcess(['call', 'conformance.echo', '{"a":[1,null]}', '--', ...goPlugin]);
    expect(ran).toEqual({ status: 0, stdout: '{"a":[1,null]}\n', stderr: '' });
    const unknown = await inProcess(['call', 'conformance.nope', '1', '--', ...goPlugin]);
    expect(unknown.status).toBe(5);
  });
});

describe.skipIf(noTerminal !== undefined)(`call in a terminal${skipped(noTerminal)}`, () => {
  test('prints an object on several lines, and dims the plugin’s name', async () => {
    const { shown, status } = await inTerminal(['call', 'tool.echo', '{"a":[1]}', '--', ...fixture]);
    expect(shown).toBe('{\n  "a": [\n    1\n  ]\n}\n');
    expect(status).toBe(0);
    const greeted = await inTerminal(['call', 'greeter.greet', '"world"', '--', ...greeter]);
    expect(greeted.shown).toBe('\u001b[2m[plugin.js]\u001b[22m (the plugin greets world)\n"Hello, world!"\n');
  });

  test('uses no colour if NO_COLOR is set', async () => {
    const { shown } = await inTerminal(['call', 'nope.x', '--', ...greeter], [], { NO_COLOR: '1' });
    expect(shown).toBe(
      'pipework: [RPC_UNKNOWN_PLUGIN] unknown plugin type: nope: this plugin serves greeter\n' +
        `  to do: see what the plugin offers: pipework describe -- ${greeter.join(' ')}\n`,
    );
  });

  test('cancels the call at the first Ctrl-C, and shows the plugin’s output until the plugin ends', async () => {
    const { shown, status } = await inTerminal(
      ['call', 'tool.wait', '--', ...fixture],
      [['waiting', '\u0003']],
    );
    expect(shown).toContain('cancelled');
    expect(shown).toContain('interrupted');
    expect(status).toBe(130);
  });

  test.skipIf(noPython !== undefined)(
    `cancels a call of a Python plugin, which also gets the terminal’s Ctrl-C${skipped(noPython)}`,
    async () => {
      const { shown, status } = await inTerminal(
        ['call', 'tool.wait', '--', ...pythonFixture],
        [['waiting', '\u0003']],
        { NO_COLOR: '1' },
      );
      expect(shown).toBe('[plugin.py] waiting\n^C[plugin.py] cancelled\npipework: interrupted\n');
      expect(status).toBe(130);
    },
  );

  test('ends a stream at Ctrl-C', async () => {
    const { shown, status } = await inTerminal(
      ['call', 'tool.forever', '--', ...fixture],
      [['three', '\u0003']],
    );
    // The plugin's output, or the `^C` of the pressed key, may be between two values.
    expect(shown).toMatch(/1\n[^]*2\n/);
    expect(status).toBe(130);
  });

  test('ends a start at Ctrl-C', async () => {
    const never = 'console.log("here"); setInterval(() => {}, 1000)';
    const { status } = await inTerminal(['call', 'a.b', '--', 'node', '-e', never], [['here', '\u0003']]);
    expect(status).toBe(130);
  });
});
