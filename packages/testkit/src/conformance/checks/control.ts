/**
 * Checks of section 6 of docs/protocol.md, the control stream: ping, dispense and quit, and how the process
 * ends.
 */
import { initialWindow } from '../../wire/yamux.ts';
import {
  codeOf,
  describeError,
  textOf,
  withCapability,
  type Bench,
  type Check,
  type Running,
} from '../bench.ts';
import type { RawResponse } from '../raw-connection.ts';
import { describeExit, expectWithin, pause } from '../raw-plugin.ts';
import { realNow } from '../../real-time.ts';
import { demand, demandEqual, DoesNotApply } from '../verdict.ts';

const section = 'control';
const ends = 'quit, end of file, signals';

export const controlChecks: Check[] = [
  {
    section,
    name: 'answers Control.Ping, with a parameter and without',
    run: async (bench) => {
      const { control } = await bench.ready();
      await control.result('Control.Ping', true);
      await control.result('Control.Ping');
    },
  },
  {
    section,
    name: 'answers hundreds of calls in flight, each once',
    run: async (bench) => {
      const { control } = await bench.ready();
      const calls = Array.from({ length: 300 }, () => control.call('Control.Ping', true));
      const failed = (await Promise.all(calls)).filter(({ error }) => error !== null);
      demandEqual(failed, [], 'the failed calls');
    },
  },
  {
    section,
    name: "fails Dispense of an unknown name with 'unknown plugin type: NAME'",
    run: async (bench) => {
      const { control } = await bench.ready();
      const { error } = await control.call('Dispenser.Dispense', 'no-such-plugin');
      demand(
        textOf(error).includes('unknown plugin type: no-such-plugin'),
        "the error 'unknown plugin type: no-such-plugin'",
        describeError(error),
      );
      await control.result('Control.Ping', true);
    },
  },
  {
    section,
    name: "fails an unknown method of the control stream with can't find, and goes on",
    run: async (bench) => {
      const { control } = await bench.ready();
      const { error } = await control.call('Control.Dance', true);
      demand(textOf(error).includes("can't find"), `an error that says can't find`, describeError(error));
      await control.result('Control.Ping', true);
    },
  },
];

/**
 * The signals that a terminal or a service manager sends to both the host and the plugin. These signals exist
 * only on POSIX systems.
 */
const hostsSignals: readonly NodeJS.Signals[] =
  process.platform === 'win32' ? [] : ['SIGINT', 'SIGHUP', 'SIGTERM'];

/**
 * How long a plugin may take to exit. The protocol says immediately. The checks allow five seconds, or
 * `timeoutMs` if that is less.
 */
const leaveMs = ({ target }: Bench): number => Math.min(5_000, target.timeoutMs);

/**
 * How soon and how late a plugin may exit after a first SIGTERM if its host does not react. The protocol says
 * after ten seconds. These limits allow for a busy machine.
 */
const termEarliestMs = 8_000;
const termLatestMs = 25_000;

/**
 * Fails the check unless the plugin exits with status 0, ends descriptor 4, and sends FIN on stdout and
 * stderr. Call this function after the check has asked the plugin to leave.
 */
async function demandLeaves({ plugin, stdout, stderr }: Running, ms: number, when: string): Promise<void> {
  const exit = await plugin.exit(ms, when);
  demand(exit.code === 0, `exit status 0${when}`, describeExit(exit));
  await expectWithin(plugin.upstreamEnded, ms, 'the end of descriptor 4');
  demand(stdout.hasFinished && stderr.hasFinished, 'FIN on stdout and stderr at the end', 'none');
}

/**
 * Asks the plugin to quit while a call runs. Then sends another call and a Dispense, and returns the answers
 * to these two.
 */
async function callBehindQuit(
  bench: Bench,
  running: Running,
): Promise<{ call: RawResponse; dispense: RawResponse }> {
  const connection = await bench.dispense(running);
  await bench.call(connection, 'sleep', 0);
  const { control } = running;
  const sleeping = connection.call('Plugin.sleep', 300);
  await control.result('Control.Ping', true);
  const quit = control.call('Control.Quit', true);
  // Messages on different streams have no order. The answer to a Ping that was sent after Quit shows that the
  // plugin has read Quit.
  await control.result('Control.Ping', true);
  const [call, dispense] = await Promise.all([
    connection.call('Plugin.echo', 'too late'),
    control.call('Dispenser.Dispense', bench.target.service),
  ]);
  await Promise.all([sleeping, quit]);
  return { call, dispense };
}

export const endChecks: Check[] = [
  {
    section: ends,
    name: 'answers Control.Quit, stays until descriptor 3 closes, then finishes its output and exits with status 0',
    run: async (bench) => {
      for (const params of [[true], []]) {
        const running = await bench.ready();
        await running.control.result('Control.Quit', ...params);
        running.plugin.end();
        await demandLeaves(running, leaveMs(bench), ' after Quit and the end of descriptor 3');
      }
    },
  },
  {
    section: ends,
    name: 'answers Quit after the calls that run',
    run: async (bench) => {
      const running = await bench.ready();
      const connection = await bench.dispense(running);
      await bench.call(connection, 'sleep', 0);
      const order: string[] = [];
      const sleeping = connection
        .call('Plugin.sleep', 200)
        .then(({ error }) => order.push(error === null ? 'call' : 'failure'));
      await running.control.result('Control.Ping', true);
      const quit = running.control.call('Control.Quit', true).then(() => order.push('quit'));
      await Promise.all([sleeping, quit]);
      demandEqual(order, ['call', 'quit'], 'the order of the answers');
    },
  },
  {
    section: ends,
    name: 'refuses new calls after it was asked to quit, and Dispense too',
    run: async (bench) => {
      const { call, dispense } = await callBehindQuit(bench, await bench.ready());
      for (const [what, { error }] of [['a call', call] as const, ['Dispense', dispense] as const])
        demand(
          textOf(error).includes('plugin is shutting down'),
          `${what} after Quit to fail with 'plugin is shutting down'`,
          describeError(error),
        );
    },
  },
  {
    section: ends,
    name: 'says by a code that it is shutting down, if the host announced errors',
    run: async (bench) => {
      const { call } = await callBehindQuit(bench, await withCapability(bench, 'errors'));
      demandEqual(codeOf(call.error), 'RPC_SHUTTING_DOWN', 'the code of the error');
    },
  },
  {
    section: ends,
    name: 'answers Quit within its grace although a call does not end',
    run: async (bench) => {
      // On a busy machine, the plugin may read Quit so late after the call that the call ends first. A plugin
      // that breaks the rule does so with any grace, so a longer grace decides.
      if (await answersQuitBeforeCallEnds(bench, 2_000)) return;
      demand(
        await answersQuitBeforeCallEnds(bench, 20_000),
        'an answer to Quit within three quarters of a grace of 2000 ms, or of 20000 ms on a busy machine',
        'the result of a call of that length first',
      );
    },
  },
  {
    section: ends,
    name: 'answers Quit within the time that Quit names, if it announces grace',
    run: async (bench) => {
      const running = await bench.ready({ graceMs: 600_000 });
      if (!running.line.capabilities.has('grace'))
        throw new DoesNotApply('the plugin does not announce grace');
      const connection = await bench.dispense(running);
      await bench.call(connection, 'sleep', 0);
      connection.request('Plugin.sleep', [300_000]);
      await running.control.result('Control.Ping', true);
      const quit = running.control.request('Control.Quit', [1_000]);
      await running.control.response(quit, 'an answer to Quit with [1000]', leaveMs(bench));
      running.plugin.end();
      await demandLeaves(running, leaveMs(bench), ' after Quit and the end of descriptor 3');
    },
  },
  {
    section: ends,
    name: 'finishes its synced output after everything that was printed',
    run: async (bench) => {
      const running = await bench.ready({ graceMs: 20_000 });
      const connection = await bench.dispense(running);
      await bench.call(connection, 'print', { stream: 'stdout', text: '' });
      const { session, control, stdout } = running;
      // The text is longer than the window, so a part of the text waits in the plugin when Quit arrives.
      stdout.autoCredit = false;
      const printing = connection.callLarge('Plugin.print', [
        { stream: 'stdout', text: 'x'.repeat(400_000) },
      ]);
      await session.until(() => stdout.receivedBytes >= initialWindow, 'the window of stdout to be filled');
      const quitting = control.call('Control.Quit', true);
      await control.result('Control.Ping', true);
      stdout.autoCredit = true;
      stdout.grant(initialWindow);
      await Promise.all([printing, quitting]);
      running.plugin.end();
      await demandLeaves(running, leaveMs(bench), ' after Quit and the end of descriptor 3');
      demandEqual(stdout.receivedBytes, 400_000, 'the bytes on stdout before FIN');
    },
  },
  ...(['finishes', 'resets'] as const).map((ending): Check => ({
    section: ends,
    name: `leaves when the host ${ending} the control stream`,
    run: async (bench) => {
      const { control, plugin } = await bench.ready();
      await control.result('Control.Ping', true);
      if (ending === 'finishes') control.stream.finish();
      else control.stream.reset();
      await plugin.exit(leaveMs(bench), ' of the end of the control stream');
    },
  })),
  {
    section: ends,
    name: 'exits soon after the end of descriptor 3, with or without Quit',
    run: async (bench) => {
      const running = await bench.ready();
      await running.control.result('Control.Ping', true);
      running.plugin.end();
      await running.plugin.exit(leaveMs(bench), ' of the end of descriptor 3');
    },
  },
  {
    section: ends,
    name: 'exits at the end of descriptor 3 although a call runs',
    run: async (bench) => {
      const running = await bench.ready();
      const connection = await bench.dispense(running);
      await bench.call(connection, 'sleep', 0);
      connection.request('Plugin.sleep', [300_000]);
      await running.control.result('Control.Ping', true);
      running.plugin.end();
      await running.plugin.exit(leaveMs(bench), ' of the end of descriptor 3');
    },
  },
  {
    section: ends,
    name: 'exits when the host ends before the host has sent anything',
    run: async (bench) => {
      const plugin = bench.start();
      await plugin.line();
      plugin.end();
      await plugin.exit(leaveMs(bench), ' of the end of descriptor 3');
    },
  },
  {
    section: ends,
    name: 'continues after SIGINT, SIGHUP and a first SIGTERM, and leaves when the host asks',
    run: async (bench) => {
      const running = await bench.ready();
      const connection = await bench.dispense(running);
      // The Ping after each signal shows that the plugin has received the signal and still runs.
      for (const signal of hostsSignals) {
        running.plugin.signal(signal);
        await running.control.result('Control.Ping', true);
        demandEqual(
          await bench.call(connection, 'echo', signal),
          signal,
          `the answer to a call after ${signal}`,
        );
      }
      await running.control.result('Control.Quit', true);
      running.plugin.end();
      await demandLeaves(running, leaveMs(bench), ' after Quit and the end of descriptor 3');
    },
  },
  {
    section: ends,
    long: 'waits',
    name: 'exits ten seconds after a first SIGTERM, with status 0, if its host does not answer',
    run: async (bench) => {
      if (hostsSignals.length === 0) throw new DoesNotApply('this system has no SIGTERM');
      const running = await bench.ready();
      await running.control.result('Control.Ping', true);
      const started = realNow();
      running.plugin.signal('SIGTERM');
      await demandLeaves(running, termLatestMs, ' of a first SIGTERM');
      const ms = realNow() - started;
      demand(
        ms >= termEarliestMs,
        'ten seconds for its host to answer',
        `its exit after ${String(Math.round(ms))} ms`,
      );
    },
  },
  {
    section: ends,
    name: 'leaves at a second SIGTERM',
    run: async (bench) => {
      const running = await bench.ready();
      await running.control.result('Control.Ping', true);
      const started = realNow();
      running.plugin.signal('SIGTERM');
      await running.control.result('Control.Ping', true);
      // If a SIGTERM arrives before the plugin has handled an earlier one, the two count as one signal. So
      // the check repeats the signal until the plugin has left.
      let hasLeft = false;
      const left = running.plugin.exit(leaveMs(bench), ' of a second SIGTERM').finally(() => {
        hasLeft = true;
      });
      const signals = (async () => {
        for (; !hasLeft; await Promise.race([left, pause(200)])) running.plugin.signal('SIGTERM');
      })();
      await Promise.all([left, signals]);
      // An exit after `termEarliestMs` may be an effect of the first SIGTERM, so the exit must come earlier.
      const ms = realNow() - started;
      demand(
        ms < termEarliestMs,
        'an exit before the ten seconds after a first SIGTERM are over',
        `its exit ${String(Math.round(ms))} ms after the first SIGTERM`,
      );
    },
  },
];

/**
 * Returns true if the answer to Quit comes before the result of a call that takes the whole grace by the
 * plugin's own clock. The answer is due after three quarters of the grace. The plugin may also make the call
 * fail.
 */
async function answersQuitBeforeCallEnds(bench: Bench, graceMs: number): Promise<boolean> {
  const running = await bench.ready({ graceMs });
  const connection = await bench.dispense(running);
  await bench.call(connection, 'sleep', 0);
  const sleeping = connection.request('Plugin.sleep', [graceMs]);
  await running.control.result('Control.Ping', true);
  const quit = running.control.request('Control.Quit', [true]);
  await running.control.response(quit, 'an answer to Quit', graceMs * 1.5);
  const late = connection.responses.get(sleeping);
  if (late !== undefined && late.error === null) return false;
  running.plugin.end();
  await running.plugin.exit(leaveMs(bench), ' after Quit and the end of descriptor 3');
  return true;
}
