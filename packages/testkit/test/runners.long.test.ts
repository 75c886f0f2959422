import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { runNode, runNodeWith, runVitest, type Run } from './support/run.ts';

const suites = fileURLToPath(new URL('./fixtures/suites', import.meta.url));

const run = (...args: string[]): Promise<Run> => runNode(suites, ...args);

// All runs go on at the same time, because each of them mostly waits: for its processes, and for events that
// never come.
const failing = runVitest(suites, 'failing');
const inPools = runVitest(suites, 'passing.suite.ts', '--config', `${suites}/pools.config.ts`);
const inEnvironments = runVitest(
  suites,
  'environment.suite.ts',
  'fakes-first.suite.ts',
  '--config',
  `${suites}/environments.config.ts`,
);
const leftOpen = runVitest(suites, 'left-open.suite.ts');

describe('a failing test', () => {
  let whole = '';
  beforeAll(async () => {
    const { status, output } = await failing;
    expect(status).toBe(1);
    whole = output;
  });

  /** Returns the part of Vitest's output that is about the failed test with this name. */
  function reportOf(name: string): string {
    const [, ...reports] = whole.split(/^ FAIL /m);
    const report = reports.find((text) => text.split('\n')[0]?.includes(name) === true);
    expect(report, `a report on '${name}' in\n${whole}`).toBeDefined();
    return report ?? '';
  }

  test('shows the output and the transcript of its pair under its error, with the seed', () => {
    const report = reportOf('uses a pair and fails');
    expect(report).toContain(`expected 'Hello, world!' to be 'Goodbye, world!'`);
    expect(report).toContain('── stdout of the plugin ──\ngreeting world');
    expect(report).toContain('── transcript of the pair (seed 77) ──');
    expect(report).toMatch(/host → plugin {2}#7 .* request 0 Plugin\.greet\('world'\)/);
    // The report shows neither credit nor the messages by which the testkit ended the session.
    expect(report).not.toMatch(/WindowUpdate|Control\.Quit|GoAway|end of file/);
  });

  test('shows the output and the transcript of its process', () => {
    const report = reportOf('uses a process and fails');
    expect(report).toContain('as asked');
    expect(report).toContain('── stderr of the plugin ──\nabout to fail');
    expect(report).toContain('Plugin.fail()');
    expect(report).not.toMatch(/WindowUpdate|Control\.Quit|GoAway|end of file/);
  });

  test('shows its output, and a passing test shows none', () => {
    expect(whole).not.toContain('silence');
  });

  test('does not leave its process behind when it times out', () => {
    expect(reportOf('forgets to end a process')).toContain('Test timed out in 5000ms');
    const [, pid] = /LEFT RUNNING (\d+)/.exec(whole) ?? [];
    expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH');
  });

  test('fails if the code under test swallowed the error of an unhandled call of a fake', () => {
    expect(reportOf('swallows an unhandled call')).toContain(
      `fakePlugin: greet('nobody') was called, and it has no handler. Handled: nothing.`,
    );
  });

  test('reports the expected code and the received code', () => {
    const report = reportOf('expects a wrong error code');
    expect(report).toContain('expected a failure with HANDSHAKE_TIMEOUT; it failed with');
    expect(report).toContain('HANDSHAKE_EXITED: plugin exited before we could connect');
    expect(reportOf('expects a failure that does not come')).toContain(
      `expected a failure with PLUGIN_EXITED; it resolved with 'pong'`,
    );
  });

  test('reports the expected exit and the actual exit, with the last output', () => {
    const report = reportOf('expects a wrong exit code');
    expect(report).toContain(
      'expected the plugin to exit with { code: 0 }; it ended with { code: 4, signal: null, by: ',
    );
    expect(report).toContain('fatal: licence expired');
    expect(reportOf('expects an exit that does not come')).toContain(
      'expected the plugin to have exited within 4 s; it still runs',
    );
    expect(reportOf('expects output that does not come')).toContain(
      `expected the plugin to have printed 'greeting nobody'; it printed nothing`,
    );
  });

  test('reports where a leaked timer was started', () => {
    expect(reportOf('leaks a timer')).toMatch(
      /1 thing is left over:\n- a timer, begun\n +at .*failing\.suite\.ts/,
    );
  });

  test("fails if it does not await a matcher, and its report has the matcher's name and line", () => {
    const report = reportOf('does not await a matcher');
    expect(report).toContain('`toFailWith` was not awaited');
    expect(report).toMatch(/failing\.suite\.ts:\d+/);
    expect(report).toContain(`.toFailWith('EXPECTED')`);
  });

  test('says how to get a pair for several tests, or for one of the concurrent tests', () => {
    expect(reportOf('connects without its fixture')).toContain(
      `take it from the test's fixtures, async ({ connect }) => ...`,
    );
    expect(reportOf('> shared')).toContain(`use connect() of '@pipework/testkit', and end it in afterAll()`);
  });

  test('fails in memory and as a process, each with its transcript, if its suite runs both ways', () => {
    for (const how of ['in memory', 'as a process']) {
      expect(reportOf(`both ways, ${how} > fails in both`)).toContain(`Plugin.greet('${how}')`);
    }
  });
});

describe.concurrent('the kit works', () => {
  test.each([
    ['in forked processes', 'forks'],
    ['in threads', 'threads'],
    ['in threads without isolation', 'threads without isolation'],
    ['in processes without isolation', 'forks without isolation'],
  ])('%s, also with concurrent tests and fake timers', async (_where, project) => {
    const { status, output } = await inPools;
    const passed = new RegExp(`^ ✓ [ |]*${project}[ |]+passing\\.suite\\.ts > `, 'gm');
    expect(output.match(passed)).toHaveLength(14);
    expect(output).toMatch(/Tests {2}56 passed \(56\)/);
    expect(status).toBe(0);
  });

  test('in an environment that replaces globals of Node, and with fake timers from before its import', async () => {
    const { status, output } = await inEnvironments;
    expect(output).toMatch(/Tests {2}12 passed \(12\)/);
    expect(status).toBe(0);
  });

  test('and reports once, at the end, the clients that a passing test has left open', async () => {
    const { status, output } = await leftOpen;
    expect(status).toBe(0);
    expect(output.match(/these are still open after the tests/g)).toHaveLength(1);
    const lines = output.match(/^- the client of plugin .*$/gm);
    expect(lines).toHaveLength(2);
    for (const line of lines ?? [])
      expect(line).toMatch(/\(pid \d+, command: .*greets\.mjs\), opened at .*left-open\.suite\.ts:\d+/);
  });

  test('under node:test, and ends the clients that a test forgot with that test', async () => {
    const program = fileURLToPath(new URL('./fixtures/forgets.mjs', import.meta.url));
    const { output } = await run('--test', program);
    expect(output).toMatch(/pass 3/);
    expect(output).toMatch(/fail 1/);
    expect(output).toMatch(/cancelled 1/);
    expect(output).toContain('as asked');
    expect(output).not.toContain('still open');
  });

  test('under node:test, without Vitest', async () => {
    const program = fileURLToPath(new URL('./docs/node-test.mjs', import.meta.url));
    const { status, output } = await run('--test', program);
    expect(output).toMatch(/pass 4/);
    expect(status).toBe(0);
  });

  test('as a published package, and shows where the caller caused a leak', async () => {
    const script = `
      import { expectNoLeaks } from '@pipework/testkit';
      const work = () => setTimeout(() => {}, 2_000);
      await expectNoLeaks(work, { settleMs: 1 }).catch((error) => console.log(error.message));
      process.exit();
    `;
    const { output } = await run('--input-type=module', '-e', script);
    expect(output).toMatch(/- a timer, begun\n +at work \(.*eval/);
  });

  test('and reports open pairs at the exit if the runner has no hook for that, unless PIPEWORK_TESTKIT_QUIET is set', async () => {
    const script = `
      import { connect } from '@pipework/testkit';
      await connect({ greeter: () => ({}) });
      process.exit();
    `;
    const { output } = await run('--input-type=module', '-e', script);
    expect(output).toMatch(/this is still open after the tests:\n- a pair of connect\(\), opened at .*eval/);
    const quiet = { PIPEWORK_TESTKIT_QUIET: '1' };
    expect((await runNodeWith(quiet, suites, '--input-type=module', '-e', script)).output).toBe('');
  });

  test('without Vitest being installed', async () => {
    const script = `
      import { registerHooks, register } from 'node:module';
      register('data:text/javascript,' + encodeURIComponent(\`
        export async function resolve(name, context, next) {
          if (name === 'vitest' || name.startsWith('vitest/')) throw new Error('vitest was asked for');
          return next(name, context);
        }\`));
      const kit = await import('@pipework/testkit');
      console.log(typeof kit.connect, typeof kit.conformance);`;
    const file = fileURLToPath(new URL('./fixtures/', import.meta.url));
    const { output } = await run('--input-type=module', '-e', script.replace('registerHooks, ', ''), file);
    expect(output).toContain('function function');
  });
});
