import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { commands, exitStatuses } from './support/internals.ts';
import { fixture, inTerminal, noPython, noTerminal, pipework, python } from './support/run.ts';

const overview = `Usage: pipework COMMAND [options] [-- CMD...]

Works with a pipework plugin from a shell. CMD is what starts the plugin. Everything behind the first -- belongs to it.

Commands:
  describe     Tells what a plugin is, and the names and methods that it offers.
  call         Calls a method of a plugin and prints its result as JSON.
  conformance  Checks that a plugin keeps the protocol.
  doctor       Checks that this machine has what pipework needs.
  new          Makes a workspace: a contract, a plugin, a host, tests, a dev loop.
  completion   Prints a script by which a shell completes commands and options.

pipework COMMAND --help tells more of one. pipework --version prints the version.

Exit status:
  0    Answered, or all well.
  1    \`conformance\` or \`doctor\` found something.
  2    The command line or an argument is wrong.
  4    The method failed.
  5    The plugin has no such name or method.
  6    The plugin died, or broke the protocol.
  7    The plugin did not start.
  8    The time of \`--timeout\` passed.
  130  Ctrl-C.
`;

describe('the command line', () => {
  test('prints the commands and exit statuses with --help, and the same in a terminal', async () => {
    expect(await pipework(['--help'])).toEqual({ status: 0, stdout: overview, stderr: '' });
    if (noTerminal === undefined)
      expect(await inTerminal(['--help'])).toEqual({ status: 0, shown: overview });
  });

  test("prints each command's options from its own data", async () => {
    for (const command of commands) {
      const { stdout } = await pipework([command.name, '--help']);
      for (const option of Object.keys(command.options)) expect(stdout).toContain(`\n  --${option}`);
      for (const example of command.examples) expect(stdout).toContain(example);
    }
  });

  test('leaves everything behind -- to the plugin', async () => {
    const { stdout } = await pipework([
      'call',
      'tool.echo',
      '1',
      '--',
      ...fixture,
      '--help',
      '--',
      '--version',
    ]);
    expect(stdout).toBe('1\n');
  });

  test('prints its version', async () => {
    const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
    expect((await pipework(['--version'])).stdout).toBe(
      `${(JSON.parse(manifest) as { version: string }).version}\n`,
    );
  });

  test.each([
    [[], 'expected a command: describe, call, conformance, doctor, new, completion'],
    [['toString'], 'unknown command "toString"'],
    [['--verbose'], 'unknown option "--verbose"'],
    [['describe', 'node', 'plugin.js'], 'unexpected argument "node". Put the plugin behind --'],
    [['describe', '--json', '--dts', '--', 'x'], '--json and --dts exclude each other'],
    [['conformance', '--cookie', 'x', '--', 'x'], '--cookie: expected KEY=VALUE'],
    [['call', '--timeout'], "option '--timeout <value>' argument missing"],
  ])('is refused with status 2 if it is %j', async (args, message) => {
    const { status, stdout, stderr } = await pipework(args);
    expect(stderr).toContain(message);
    expect(stdout).toBe('');
    expect(status).toBe(2);
  });
});

describe.skipIf(noPython !== undefined)('conformance', () => {
  const only = 'handshake';

  test('prints the report of the testkit, as text and as JSON', async () => {
    const ran = await pipework(['conformance', '--only', only, '--', ...python]);
    expect(ran.stdout).toMatch(/ {2}passed {2}.*handshake[\s\S]*\d+ passed, 0 failed, \d+ do not apply/);
    expect(ran.status).toBe(0);
    const json = await pipework(['conformance', '--json', '--only', only, '--', ...python]);
    expect(JSON.parse(json.stdout)).toMatchObject({ ok: true, failed: 0 });
  });

  test('is 1 if a check fails', async () => {
    const ran = await pipework(['conformance', '--only', only, '--timeout', '500', '--', 'node', '-e', '0']);
    expect(ran.stdout).toContain('FAILED');
    expect(ran.status).toBe(exitStatuses.found[0]);
  });
});
