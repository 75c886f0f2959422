import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { conformance, misbehave, type Misbehaviour } from '@pipework/testkit';
import { describeError, encode, Extension, limitStretch, main, textOf } from './support/internals.ts';
import { fixture } from './support/greeter.ts';

const slow = { timeout: 300_000 };
const node = process.execPath;
/** A plugin that uses none of the project's own packages and keeps every rule. */
const byHand = fileURLToPath(new URL('../../../reliability/mutants/plugin.mjs', import.meta.url));

// On a busy machine, the suite extends its waits, in this file at most twofold. Most plugins here never do
// the thing that a check waits for, so longer waits would only make the tests slower.
beforeAll(() => limitStretch(2));

/**
 * Runs the checks whose names match `only` on a plugin that misbehaves as `kind` says. Returns the names of
 * the checks that fail.
 */
async function failing(kind: Misbehaviour, only: RegExp): Promise<string[]> {
  const { checks } = conformance({ cmd: misbehave(kind), timeoutMs: 1_500, startTimeoutMs: 60_000 });
  const chosen = checks.filter(({ name }) => only.test(name));
  const outcomes = await Promise.all(chosen.map(async (check) => ({ check, outcome: await check.run() })));
  return outcomes.filter(({ outcome }) => outcome.status === 'failed').map(({ check }) => check.name);
}

/** Returns a text by which a test recognizes the shells that it starts. */
const newMark = (): string => `mark-${process.pid}-${performance.now()}`;

/** Returns how many shells run a script that contains the mark. */
const shellsWith = (mark: string): number =>
  execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.startsWith('sh -c') && line.includes(mark)).length;

describe.concurrent('the conformance suite', () => {
  test('skips the checks of the conformance service for a plugin without that service', slow, async () => {
    const report = await conformance({ cmd: [node, fixture('greets.mjs')], only: 'gives back nil' }).run();
    expect(report.failed).toEqual([]);
    expect(report.passed).toEqual([]);
    expect(report.toString()).toContain(
      `the plugin serves no 'conformance' (docs/other-languages.md#prove-it lists the methods of this service; in JavaScript, conformancePlugin serves them)`,
    );
  });

  test.each<[Misbehaviour, RegExp]>([
    ['no-cookie-check', /refuses to run/],
    ['short-line', /writes one handshake line/],
    ['wrong-network', /writes one handshake line/],
    ['endless-line', /writes one handshake line/],
    ['exits-before-handshake', /writes one handshake line/],
    ['hangs-on-ping', /answers Control.Ping/],
    ['ignores-quit', /answers Control.Quit/],
    ['ignores-eof', /exits soon/],
    ['ignores-sigterm', /leaves at a second SIGTERM/],
    ['never-accepts', /acknowledges each of the three/],
    ['ends-output-early', /sends the output of a handler on stdout/],
    ['answers-twice', /gives back nil/],
    ['wrong-message-id', /gives back nil/],
    ['garbage-messages', /gives back nil/],
    ['resets-on-call', /gives back nil/],
    ['unknown-frame-type', /gives back nil/],
    ['overruns-window', /gives back nil/],
  ])('fails %s in the check of the rule that it breaks', slow, async (kind, only) => {
    expect(await failing(kind, only)).not.toEqual([]);
  });

  const sections = ['services of the host', 'descriptions'];

  test('passes a plugin without pipework that uses services and describes itself', slow, async () => {
    const { checks } = conformance({ cmd: [node, fixture('asks-by-hand.mjs')] });
    const chosen = checks.filter(({ section }) => sections.includes(section));
    expect(chosen).toHaveLength(9);
    for (const check of chosen) expect(await check.run(), check.name).toEqual({ status: 'passed' });
  });

  test.each([
    ['dials-another-id', /asks for a service by Host.Dispense/, /a stream with the broker id 0/],
    ['ignores-credit', /comes with the acknowledgement/, /a call of the service/],
    ['asks-as-a-host', /asks for a service by Host.Dispense/, /its request for a service/],
    ['keeps-services', /finishes the stream of a service/, /FIN on the stream of the service/],
    ['waits-alone', /answers other calls while/, /an answer to Plugin.echo/],
    ['hides-failures', /fails its call if its host has no such service/, /unknown service: files/],
    ['ignores-resets', /fails its call if its host resets/, /an answer to ask/],
    ['asks-uninvited', /opens no stream for services/, /an answer to ask/],
    ['forgets-versions', /by Control.Describe/, /protocolVersions to be/],
    ['forgets-names', /by Control.Describe/, /'conformance', which it dispenses/],
    ['describes-in-bytes', /by Control.Describe/, /a text for runtime; got <7 bytes 62 79 20 68 61 6e 64>/],
    [
      'tells-one-schema',
      /lists in \$\/describe/,
      /expected input of the description of echo to be a list; got { type: 'object' }/,
    ],
    ['tells-too-little', /lists in \$\/describe/, /echo among its methods/],
    ['tells-of-a-ghost', /lists in \$\/describe/, /can't find method Plugin.ghost/],
    ['tells-too-much', /lists in \$\/describe/, /no constructor among/],
  ])('fails a plugin that %s', slow, async (fault, only, reason) => {
    const cmd = [node, fixture('asks-by-hand.mjs'), fault] as const;
    const { checks } = conformance({ cmd, timeoutMs: 1_500 });
    const [check, ...others] = checks.filter(({ name }) => only.test(name));
    expect(others).toEqual([]);
    expect(await check?.run()).toMatchObject({
      status: 'failed',
      reason: expect.stringMatching(reason) as string,
    });
  });

  test('reports the expected value, the received value, and the messages on the wire', async () => {
    const { checks } = conformance({ cmd: misbehave('hangs-on-ping'), timeoutMs: 300 });
    const outcome = await checks.find(({ name }) => name.startsWith('answers Control.Ping'))?.run();
    expect(outcome).toMatchObject({
      status: 'failed',
      reason: expect.stringMatching(
        /^expected an answer to Control.Ping within 300 ms; nothing came in \d+ ms, while [\d.]+ threads wanted to run on \d+ cores/,
      ) as string,
    });
    expect(outcome).toMatchObject({
      details: expect.stringContaining('request 0 Control.Ping(true)') as string,
    });
  });

  test.each<[Misbehaviour, string, RegExp[]]>([
    [
      'never-accepts',
      'acknowledges each of the three',
      [/^likely cause: streams 1, 3, 5 were opened and never answered: does the plugin read descriptor 3/],
    ],
    [
      'hangs-on-call',
      'gives back nil',
      [
        /^likely cause: on stream 7 call 0 Plugin.echo was sent and never answered$/m,
        /#7 +Data \d+ B {2}request 0 Plugin.echo\(null\)$/m,
      ],
    ],
    [
      'exits-mid-reply',
      'gives back nil',
      [/^likely cause: the plugin sent \d+ bytes of a frame, and not the rest of it/],
    ],
    ['floods-streams', 'gives back nil', [/\(the same (\d lines )?\d+ more times, until [\d.]+ ms\)/]],
    ['no-handshake', 'writes one handshake line', [/^nothing came on the pipe/]],
  ])('explains in at most 40 lines why %s fails', slow, async (kind, name, told) => {
    const startTimeoutMs = kind === 'no-handshake' ? 300 : 60_000;
    const suite = conformance({ cmd: misbehave(kind), timeoutMs: 1_500, startTimeoutMs, only: name });
    const report = await suite.run();
    const [{ outcome } = { outcome: undefined }] = report.failed;
    const details = outcome !== undefined && 'details' in outcome ? outcome.details : 'it did not fail';
    for (const pattern of told) expect(details).toMatch(pattern);
    const [, ...failure] = String(report).split(/^(?= {2}(?:FAILED|passed) )/m);
    for (const one of failure) expect(one.trimEnd().split('\n').length).toBeLessThanOrEqual(40 + 2);
  });

  /** Returns the outcome of the one check whose name begins with `name`. */
  async function outcomeOf(cmd: readonly [string, ...string[]], name: string): Promise<string> {
    const { checks } = conformance({ cmd, timeoutMs: 1_500, startTimeoutMs: 60_000 });
    const outcome = await checks.find((check) => check.name.startsWith(name))?.run();
    return outcome?.status === 'failed' ? `${outcome.reason}\n${outcome.details}` : 'it did not fail';
  }

  /** The command line of a plugin that writes a handshake line with this address, and then nothing. */
  const announcing = (address: string): [string, ...string[]] => [
    node,
    '-e',
    `const [, up] = process.env.PIPEWORK_FDS.split(',');
     require('node:fs').writeSync(Number(up), '1|pipe|${address}|msgpack-rpc|1\\n');
     setInterval(() => {}, 1000);`,
  ];

  test.each<[string, [string, ...string[]], string, RegExp]>([
    [
      'the address in the line',
      announcing('3,4'),
      'serves on the descriptors that PIPEWORK_FDS names',
      /^expected address to be '5,6'; got '3,4'$/m,
    ],
    [
      'an answer',
      [node, byHand, 'takes-calls-behind-quit'],
      'refuses new calls after it was asked to quit',
      /^expected a call after Quit to fail with 'plugin is shutting down'; got a result$/m,
    ],
  ])('names no cause if %s was wrong', slow, async (_what, cmd, name, reason) => {
    const told = await outcomeOf(cmd, name);
    expect(told).toMatch(reason);
    expect(told).not.toContain('likely cause');
  });

  test('shows extensions, bytes and texts in different forms', () => {
    const bytes = new TextEncoder().encode('as bin');
    const told = [
      [new Extension(80, Uint8Array.of(0x69, 0, 0, 0, 1)), '<iterable 1>'],
      [new Extension(5, bytes), 'ext 5 <6 bytes 61 73 20 62 69 6e>'],
      [bytes, '<6 bytes 61 73 20 62 69 6e>'],
      [{ message: bytes }, '{ message: <6 bytes 61 73 20 62 69 6e> }'],
      ['as text', "'as text'"],
    ] as const;
    for (const [error, text] of told) expect(describeError(error)).toBe(`the error ${text}`);
    expect(textOf({ message: bytes })).toBe('{ message: <6 bytes 61 73 20 62 69 6e> }');
    expect(describeError(null)).toBe('a result');
  });

  test('sends a mark as ext 8, because a plugin must take every form of an extension', () => {
    expect(encode(new Extension(80, Uint8Array.of(0x62)))).toEqual(Uint8Array.of(0xc7, 0x01, 0x50, 0x62));
  });

  test('names the descriptor that the plugin had to read', slow, async () => {
    expect(await outcomeOf(announcing('5,6'), 'serves on the descriptors')).toContain(
      'likely cause: streams 1, 3, 5 were opened and never answered: does the plugin read descriptor 5 and',
    );
  });

  test('names the method of a call that the check wrote itself', slow, async () => {
    expect(await outcomeOf(misbehave('hangs-on-call'), 'takes SYN, broker id, a call and FIN')).toContain(
      'likely cause: on stream 7 call 0 Plugin.echo was sent and never answered',
    );
  });

  test('names the call that was awaited, and no other call', slow, async () => {
    const told = await outcomeOf(
      [node, byHand, 'ignores-the-grace-of-quit'],
      'answers Quit within the time that Quit names',
    );
    expect(told).toMatch(/^likely cause: on stream 1 call \d Control\.Quit was sent and never answered$/m);
    expect(told).not.toContain('Plugin.sleep was sent');
  });

  test.skipIf(process.platform === 'win32')(
    'when its signal aborts, ends all plugins, even those that a wrapper started, and starts no more',
    slow,
    async ({ expect }) => {
      const mark = newMark();
      const cmd = ['sh', '-c', `(sleep 300; : ${mark}) & wait`] as const;
      const running = (): number => shellsWith(mark);
      const stop = new AbortController();
      const outcomes: string[] = [];
      const run = conformance({ cmd }).run({
        concurrency: 2,
        signal: stop.signal,
        onOutcome: (_, { status }) => outcomes.push(status),
      });
      // Each plugin is a shell with another shell in its background. So if more than three shells run, at
      // least two plugins run.
      await expect.poll(running, { timeout: 60_000 }).toBeGreaterThan(3);
      const reason = new Error('stopped');
      stop.abort(reason);
      await expect(run).rejects.toBe(reason);
      await expect.poll(running, { timeout: 60_000 }).toBe(0);
      expect(outcomes.length).toBeLessThan(10);
    },
  );

  // Each command leaves a shell in the background, in the process group of the command. The shell holds no
  // pipe of the plugin.
  test.skipIf(process.platform === 'win32').for<readonly [how: string, only: string, then: string]>([
    ['at Quit', 'answers Control.Quit', 'exec "$@"'],
    ['before its handshake', 'writes one handshake line', 'exit 3'],
    ['by a signal', 'exits soon', 'kill -9 $$'],
  ])(
    'if a plugin ends %s, ends the processes that are left in its group',
    slow,
    async (ending, { expect }) => {
      const [, only, then] = ending;
      const mark = newMark();
      const script = `(sleep 300; : ${mark}) >/dev/null 2>&1 3>&- 4>&- & ${then}`;
      const cmd = ['sh', '-c', script, 'sh', node, fixture('greets.mjs')] as const;
      const report = await conformance({ cmd, only }).run();
      expect(report.passed.length + report.failed.length).toBeGreaterThan(0);
      await expect.poll(() => shellsWith(mark), { timeout: 60_000 }).toBe(0);
    },
  );

  test('rejects with the error that onOutcome throws', async () => {
    const error = new Error('no room for the outcome');
    const run = conformance({ cmd: ['/no/such/program'] }).run({
      onOutcome: () => {
        throw error;
      },
    });
    await expect(run).rejects.toBe(error);
  });

  test('throws for a wrong command line, and reports every check as failed if the program cannot start', async () => {
    expect(() => conformance({ cmd: [] as unknown as [string] })).toThrow(
      'conformance({ cmd }): expected [file, ...args] or { file, args, cwd, env }; got []',
    );
    const [refuses, , writesItsLine] = conformance({ cmd: ['/no/such/program'] }).checks;
    for (const check of [refuses, writesItsLine]) {
      expect(await check?.run()).toMatchObject({
        status: 'failed',
        reason: 'cannot start /no/such/program: spawn /no/such/program ENOENT',
        // The report has no wire entries, because no plugin was started.
        details: '',
      });
    }
  });
});

describe('pipework-conformance', () => {
  async function run(...argv: string[]): Promise<{ status: number; out: string; err: string }> {
    let [out, err] = ['', ''];
    const status = await main(
      argv,
      (text) => (out += text),
      (text) => (err += text),
    );
    return { status, out, err };
  }

  test.each([
    ['passes', 'magic cookie', /^start and handshake\n {2}passed {2}refuses to run without the magic cookie/],
    [
      'skips a check of',
      'cancelled',
      /\n {2}n\/a {5}answers a cancelled call[^\n]*\n {10}the plugin does not announce cancel\n/,
    ],
  ])(
    '%s a plugin without capabilities (--only %s), reports that, and exits with status 0',
    async (_how, only, told) => {
      const options = ['--timeout', '20000', '--start-timeout', '60000', '--concurrency', '2'];
      const { status, out } = await run(
        '--quick',
        '--only',
        only,
        ...options,
        '--',
        node,
        byHand,
        'speaks-the-base',
      );
      expect(out).toMatch(told);
      expect(out).toMatch(/\n\d+ passed, 0 failed, \d+ do not apply \([\d.]+ s\)\n$/);
      expect(status).toBe(0);
    },
  );

  test('exits with status 1 when a check fails, and prints the reason', slow, async () => {
    const { status, out } = await run(
      '--start-timeout',
      '300',
      '--only',
      'handshake line',
      '--',
      ...misbehave('no-handshake'),
    );
    expect(out).toContain('FAILED  writes one handshake line');
    expect(out).toMatch(/expected a handshake line within 300 ms; none came in \d+ ms, while/);
    expect(status).toBe(1);
  });

  test.each([
    [[], 'no plugin was given: put its command line after --'],
    [['--nonsense', '--', 'x'], "Unknown option '--nonsense'"],
    [['--only', 'juggles', '--', 'x'], '--only: no check has this in its name; got juggles'],
    [['--cookie', 'KEY', '--', 'x'], '--cookie: expected KEY=VALUE; got KEY'],
    [['--cookie', '=VALUE', '--', 'x'], '--cookie: expected KEY=VALUE; got =VALUE'],
    [['--timeout', 'soon', '--', 'x'], '--timeout: expected a whole number above 0; got soon'],
  ])('exits with status 2 for the wrong command line %j', async (argv, complaint) => {
    const { status, err } = await run(...argv);
    expect(err).toContain(complaint);
    expect(status).toBe(2);
  });
});
