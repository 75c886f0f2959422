import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { checks, commands, exitStatuses } from './support/internals.ts';
import {
  bin,
  fixture,
  inProcess,
  inTerminal,
  noPython,
  noTerminal,
  pipework,
  python,
  run,
  skipped,
  type Ran,
} from './support/run.ts';

const overview = `Usage: pipework COMMAND [options] [-- CMD...]

Works with a pipework plugin from a shell. CMD is the command line of the
plugin: everything after the first --.

Commands:
  describe     Shows the names and methods of a plugin, and its version.
  call         Calls a method of a plugin and prints its result as JSON.
  conformance  Checks that a plugin keeps the protocol.
  doctor       Checks that this machine has what pipework needs.
  new          Makes a workspace: contract, plugin, host, tests, dev loop.
  completion   Prints a script by which a shell completes commands and options.

To begin with, ask a plugin what it offers, and call it:
  pipework describe -- node plugin.js
  pipework call greeter.greet '"world"' -- node plugin.js

pipework COMMAND --help explains a command. pipework --version prints the
version.

Exit status:
  0    The command did its work and found no problem.
  1    \`conformance\` or \`doctor\` found a problem.
  2    The command line or an argument is wrong.
  3    The command could not do its work, such as write its result.
  4    The method failed.
  5    The plugin has no such name or method.
  6    The plugin died, or broke the protocol.
  7    The plugin did not start.
  8    The time of \`--timeout\` passed.
  130  Ctrl-C ended the command.
`;

/** Makes a file in a new folder, and returns the folder. */
function folderWith(path: string, mode: number): string {
  const folder = mkdtempSync(join(tmpdir(), 'pipework-main-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(dirname(join(folder, path)));
  writeFileSync(join(folder, path), '', { mode });
  return folder;
}

describe('the command line', () => {
  test('prints the commands and exit statuses with --help, and the same in a terminal', async () => {
    expect(await pipework(['--help'])).toEqual({ status: 0, stdout: overview, stderr: '' });
    if (noTerminal === undefined)
      expect(await inTerminal(['--help'])).toEqual({ status: 0, shown: overview });
  });

  test("prints each command's options from its own data", async () => {
    for (const command of commands) {
      const { stdout } = await inProcess([command.name, '--help']);
      for (const option of Object.keys(command.options)) expect(stdout).toContain(`\n  --${option}`);
      for (const example of command.examples) expect(stdout).toContain(example);
    }
  });

  test('leaves all words after -- to the plugin', async () => {
    const args = ['call', 'tool.echo', '1', '--', ...fixture, '--help', '--', '--version'];
    const { stdout } = await inProcess(args);
    expect(stdout).toBe('1\n');
  });

  test.skipIf(process.platform === 'win32')('refuses an argument that is not UTF-8', async () => {
    const call = `exec "$@" call tool.echo "$(printf '"\\377"')" -- x`;
    const { status, stderr } = await run(['/bin/sh', '-c', call, 'sh', process.execPath, bin]);
    expect(stderr).toContain('pipework: expected arguments in UTF-8; got ');
    expect(status).toBe(2);
  });

  test('prints its version', async () => {
    const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
    expect((await pipework(['--version'])).stdout).toBe(
      `${(JSON.parse(manifest) as { version: string }).version}\n`,
    );
  });

  test.each([
    [[], 'expected a command: describe, call, conformance, doctor, new or completion'],
    [
      ['toString'],
      'unknown command "toString"; the commands are describe, call, conformance, doctor, new and completion',
    ],
    [['--verbose', 'describe'], 'unknown option "--verbose"; options follow a command: describe, call'],
    [['describe', 'node', 'plugin.js'], 'unexpected argument "node". The command line of the plugin goes'],
    [['describe', '--', '--port'], 'expected a program after --; got "--port"'],
    [['describe', 'node', '--', 'plugin.js'], 'after --:\n  pipework describe -- node plugin.js\n'],
    [['describe', './plugin', '--', 'x'], 'after --:\n  pipework describe -- ./plugin x\n'],
    [['call', 'a.b', '1', 'node', '--', 'x.js'], 'after --:\n  pipework call a.b 1 -- node x.js\n'],
    [['describe', 'other', '--', 'x'], 'unexpected argument "other"\n'],
    [['describe', '--json', '--dts', '--', 'x'], '--json and --dts exclude each other'],
    [['conformance', '--cookie', 'x', '--', 'x'], '--cookie: expected KEY=VALUE'],
    [['call', '--timeout', 'a.b', '"x"', '--', 'x'], '--timeout: expected a whole number above 0'],
    [['call', '--timeout', 'a.b', '--', 'x'], '--timeout: expected a whole number above 0'],
    [['call', '--stdin', 'a.b', '--', 'x'], '--stdin: expected bytes, ndjson, json or text; got "a.b"'],
    [['call', '--stdin', 'json', 'a.b', '1', '--', 'x'], '--stdin: expected an argument -'],
    [['call', '--raw', '--json', 'a.b', '--', 'x'], '--raw and --json exclude each other'],
    [['descrbe', '--', 'x'], 'unknown command "descrbe"; did you mean describe?\n'],
    [['--versoin'], 'unknown option "--versoin"; did you mean --version?\n'],
    [['help', 'cal'], 'unknown command "cal"; did you mean call?\n'],
    [['describe', '--jsn', '--', 'x'], "unknown option '--jsn'; did you mean --json?\n"],
    [['call', '--timeuot=5', 'a.b', '--', 'x'], "unknown option '--timeuot'; did you mean --timeout?\n"],
    [['--version', 'foo'], 'unexpected argument "foo"'],
    [['--help', 'call', 'extra'], 'unexpected argument "extra"'],
    [['help', 'call', 'extra'], 'unexpected argument "extra"'],
    [
      ['call', 'a.b', '"\ufffd"', '--', 'x'],
      'expected arguments in UTF-8; got "\\"\ufffd\\"", where U+FFFD stands for bytes that Node could not read. --stdin passes such bytes to a method, and \\ufffd in JSON is the character itself\n',
    ],
    [['describe', '--', 'x', '\ufffd'], 'where U+FFFD stands for bytes that Node could not read\n'],
    [['call', '--timeout'], "option '--timeout <value>' argument missing"],
  ])('is refused with status 2: %j', async (args, message) => {
    const { status, stdout, stderr } = await inProcess(args);
    expect(stderr).toContain(message);
    expect(stdout).toBe('');
    expect(status).toBe(2);
  });
});

describe('a usage error', () => {
  test('shows the usage of the command, or the list of commands if no known command is named', async () => {
    expect((await inProcess(['call', '--nope', 'a.b', '--', 'x'])).stderr).toMatch(
      /\nUsage: pipework call \[options\] NAME\.METHOD \[JSON\.\.\.\] -- CMD\.\.\.\nTry pipework call --help\n$/,
    );
    expect((await inProcess(['new'])).stderr).toContain('\nUsage: pipework new [options] DIR\n');
    expect((await inProcess(['greet'])).stderr).toMatch(/completion\nTry pipework --help\n$/);
    expect((await inProcess([])).stderr).toMatch(/completion\nTry pipework --help\n$/);
  });

  test.each([
    ['describe node plugin.js', 'describe -- node plugin.js'],
    ['describe node plugin.js --port 5', 'describe -- node plugin.js --port 5'],
    ['describe node plugin.js --dts', 'describe --dts -- node plugin.js'],
    ['describe --protocol 1 ./plugin -x', 'describe --protocol 1 -- ./plugin -x'],
    ['conformance ./plugin --only=a', 'conformance --only=a -- ./plugin'],
    ['call a.b 5 -1 "x" ./plugin --port 5', `call a.b 5 -1 '"x"' -- ./plugin --port 5`],
    ['call --timeout 5 a.b - python3 x.py', 'call --timeout 5 a.b - -- python3 x.py'],
    ['call a.b plugin.js', 'call a.b -- plugin.js'],
    // Users of npm put -- before the options of a script.
    ['describe node plugin.js -- --port 5', 'describe -- node plugin.js --port 5'],
    ['call a.b ./plugin -- --port 5', 'call a.b -- ./plugin --port 5'],
    ['call a.b', 'call a.b -- node plugin.js'],
    ['describe', 'describe -- node plugin.js'],
    ['-- node plugin.js', 'describe -- node plugin.js'],
    ['./plugin --port 5', 'describe -- ./plugin --port 5'],
    ['describe examples/greeter/dist/plugin.js', 'describe -- node examples/greeter/dist/plugin.js'],
  ])('suggests the intended command line for %j', async (typed, meant) => {
    const { status, stderr } = await inProcess(typed.split(' '));
    expect(stderr.split('\n')[1]).toBe(`  pipework ${meant}`);
    expect(status).toBe(2);
  });

  test('suggests separate words if a program and its arguments were quoted as one word', async () => {
    const { status, stderr } = await inProcess(['describe', '--', 'node plugin.js --port 5']);
    expect(stderr).toContain('separate words: pipework describe -- node plugin.js --port 5\n');
    expect(status).toBe(7);
  });

  test.skipIf(process.platform === 'win32').each(['a dir', '$HOME `id`'])(
    'suggests node for a script in the directory %j',
    async (name) => {
      const cwd = folderWith(`${name}/plug.mjs`, 0o644);
      const { stderr } = await inProcess(['describe', '--', `./${name}/plug.mjs`], { cwd });
      expect(stderr).toContain(`to do: start it by node: pipework describe -- node './${name}/plug.mjs'\n`);
    },
  );

  test.skipIf(process.platform === 'win32').each(['./a dir', './a dir/plug'])(
    'suggests no separate words if %j exists',
    async (word) => {
      const cwd = folderWith('a dir/plug', 0o755);
      const { status, stderr } = await inProcess(['describe', '--', word], { cwd });
      expect(stderr).not.toContain('separate words');
      expect(status).toBe(7);
    },
  );

  test("shows no corrected command line if the beginning of the plugin's part is unclear", async () => {
    const { stderr } = await inProcess(['describe', '--port', '5', 'node', 'plugin.js']);
    expect(stderr.split('\n')[0]).toBe(
      "pipework: unknown option '--port'; the options of describe are --json, --dts, --timeout, --start-timeout, --protocol, --cookie, --help",
    );
  });
});

describe('the help', () => {
  test.each([...commands.map(({ name }) => [name, '--help']), ['--help']])(
    'of %s has no line of more than 80 columns, apart from examples',
    async (...args) => {
      const { stdout } = await inProcess(args.filter((arg) => arg !== undefined));
      const [text = ''] = stdout.split('\nExamples:');
      expect(text.split('\n').filter((one) => one.length > 80)).toEqual([]);
    },
  );
});

describe('a warning of the process', () => {
  const warned = async (name: string, ...args: string[]): Promise<string> => {
    const warns = `process.once('beforeExit', () => process.emitWarning('one\\ntwo', '${name}'));`;
    const imports = `data:text/javascript,${encodeURIComponent(warns)}`;
    const ran = await run([process.execPath, '--import', imports, bin, ...args]);
    expect(ran.status).toBe(0);
    return ran.stderr;
  };

  test('is printed in the command’s form if it is pipework’s, and otherwise in Node’s form', async () => {
    expect(await warned('PipeworkWarning', '--version')).toBe('pipework: warning: one\n  two\n');
    const others = checks.map(({ name }) => name).filter((name) => name !== 'node');
    expect(await warned('PipeworkWarning', 'doctor', '--json', '--skip', others.join())).toBe(
      '{"warning":{"message":"one\\ntwo"}}\n',
    );
    expect(await warned('OtherWarning', '--version')).toMatch(/^\(node:\d+\) OtherWarning: one\ntwo\n/);
  });
});

describe.skipIf(process.platform === 'win32')('one sentence and the status 3 say', () => {
  const after = async (setup: string, ...args: string[]): Promise<Ran> =>
    await run(['/bin/sh', '-c', `${setup}; exec "$@"`, 'sh', process.execPath, bin, ...args]);

  test('that the working directory was deleted, if the command needs one', async () => {
    const gone = 'gone=$(mktemp -d) && cd "$gone" && rmdir "$gone"';
    expect(await after(gone, 'describe', '--', ...fixture)).toEqual({
      status: exitStatuses.broken[0],
      stdout: '',
      stderr: 'pipework: the working directory does not exist any more. Change to another, by cd\n',
    });
    expect((await after(gone, '--version')).status).toBe(0);
  });

  test('that the process may open too few files', async () => {
    // With the lowest limits Node itself cannot start. With the highest limits the command runs, but cannot
    // start the plugin.
    const limits = Array.from({ length: 16 }, (_, index) => index + 10);
    const all = await Promise.all(
      limits.map(async (limit) => await after(`ulimit -n ${limit}`, 'describe', '--', ...fixture)),
    );
    const said = all.filter(({ stderr }) => /^pipework: the command cannot run: EMFILE: .*\n$/.test(stderr));
    expect(new Set(said.map(({ status }) => status))).toEqual(new Set([exitStatuses.broken[0]]));
  });
});

describe('main', () => {
  test('starts the plugin in the given directory, with the given environment', async () => {
    const cwd = dirname(fixture[1] ?? '');
    const env = { PATH: process.env['PATH'], MARK: 'given' };
    const ran = await inProcess(['call', 'tool.surroundings', '--', 'node', 'plugin.mjs'], { cwd, env });
    expect(ran).toEqual({ status: 0, stdout: `${JSON.stringify([cwd, 'given'])}\n`, stderr: '' });
  });
});

describe('conformance for a plugin without the suite’s methods', () => {
  test('says in its last line how many checks it could not try', async () => {
    const ran = await inProcess(['conformance', '--only', 'cookie', '--', ...fixture]);
    expect(ran.status).toBe(0);
    expect(ran.stdout).toMatch(
      /\nthe suite did not try 1 of 3 checks, because the plugin serves no 'conformance'\. docs\/other-languages\.md#prove-it lists .* --service names another service\n$/,
    );
  });

  test('refuses an unknown service, and an --only that chooses no check for this plugin', async () => {
    const wrong = await inProcess(['conformance', '--service', 'nope', '--', ...fixture]);
    expect(wrong.stderr).toContain(
      'pipework: --service: expected a name that the plugin serves, which pipework describe lists; got "nope"\n',
    );
    expect(wrong.stdout).toBe('');
    const none = await inProcess(['conformance', '--only', 'no such service', '--', ...fixture]);
    expect(none.stderr).toContain(
      "pipework: expected checks that apply to the plugin; none of those chosen applies: the plugin serves no 'conformance' ",
    );
  });
});

describe.skipIf(noPython !== undefined)(`conformance${skipped(noPython)}`, () => {
  const only = 'handshake';

  test('prints the report of the testkit as text and as JSON', async () => {
    const ran = await pipework(['conformance', '--only', only, '--', ...python]);
    expect(ran.stdout).toMatch(/ {2}passed {2}.*handshake[\s\S]*\d+ passed, 0 failed, \d+ do not apply/);
    expect(ran.status).toBe(0);
    const json = await inProcess(['conformance', '--json', '--only', only, '--', ...python]);
    expect(JSON.parse(json.stdout)).toMatchObject({ ok: true, failed: 0 });
  });

  test('leaves out the long checks with --quick', async () => {
    const ran = await inProcess(['conformance', '--quick', '--only', '20 seconds', '--', ...python]);
    expect(ran.stderr).toContain('--only: no check has this in its name');
    expect(ran.status).toBe(2);
  });

  test('exits with 7 if the plugin cannot be started, and suggests a command line that starts it', async () => {
    const { status, stdout, stderr } = await inProcess(['conformance', '--', 'docs/cli.md/nope']);
    expect({ status, stdout }).toEqual({ status: 7, stdout: '' });
    expect(stderr).toMatch(/^pipework: cannot start docs\/cli\.md\/nope: .*\n$/);
    const plain = await inProcess(['conformance', '--', 'examples/greeter/dist/plugin.js']);
    expect(plain.stderr).toContain(
      '\n  to do: start it by node: pipework conformance -- node examples/greeter/dist/plugin.js\n',
    );
  });

  test('exits with 1 if a check fails', async () => {
    const ran = await inProcess(['conformance', '--only', only, '--timeout', '500', '--', 'node', '-e', '0']);
    expect(ran.stdout).toContain('FAILED');
    expect(ran.status).toBe(exitStatuses.found[0]);
  });
});
