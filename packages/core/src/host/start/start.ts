/**
 * One start, from the command to the verdict on the handshake line. Each failure becomes one error, which has
 * all known facts.
 */

import pTimeout from 'p-timeout';
import { writeSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { isObject } from '../../base/expect.ts';
import { printableLine } from '../../base/printable.ts';
import { envNames, writeHostGreeting, type TerminalSize } from '../../handshake/env.ts';
import { judgeLine, unrecognized, type PluginGreeting } from '../../handshake/line.ts';
import { hostCapabilities } from '../../session/capabilities.ts';
import { verifyChecksum } from './checksum.ts';
import type { ClientSettings } from './config.ts';
import { diagnose } from './diagnose.ts';
import { buildEnv } from './env.ts';
import { awaitLine, type Greeted } from './greeting.ts';
import { markOf, ownMark, selfStartAdvice, whyNotFromHere } from './self-start.ts';
import { hintOf, replacementOf } from '../launch/launch-hints.ts';
import { checkLaunched } from '../launch/check-launched.ts';
import {
  spawnLauncher,
  type LaunchCommand,
  type LaunchedProcess,
  type ProcessExit,
} from '../launch/spawn.ts';
import type { PluginProcess } from '../end/plugin-process.ts';
import { StartError, type StartErrorCode, type StartPhase } from './start-error.ts';
import { clock, patientTimers, settlesWithin } from '../../base/timers.ts';
import { isError } from '../../base/realm.ts';

/**
 * Milliseconds to wait for the exit after the pipe has ended. The exit explains the end of the pipe, and
 * often follows a moment after it.
 */
const exitFollowsMs = 500;

/** Milliseconds to wait, after the exit, for bytes that the process wrote right before its exit. */
const lastBytesMs = 100;

/** Milliseconds to wait for a launcher that has not finished when the start is given up. */
const launchMs = 1_000;

/** The failures whose message says everything. No notes are made about them. */
const needsNoNotes: ReadonlySet<StartErrorCode> = new Set([
  'PLUGIN_ABORTED',
  'PLUGIN_KILLED',
  'PLUGIN_CHECKSUM',
]);

/** The reason why a start is given up. The reason becomes a {@link StartError} once the process is gone. */
export class StartFailure extends Error {
  readonly code: StartErrorCode;
  /** How the process ended. Undefined unless the process exited before the start was given up. */
  readonly exit: ProcessExit | undefined;

  constructor(code: StartErrorCode, message: string, options: { exit?: ProcessExit; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.exit = options.exit;
  }
}

/** A plugin whose handshake is complete. */
export interface Started {
  readonly run: PluginProcess;
  readonly greeting: PluginGreeting;
}

/** Makes the `PluginProcess` of a launched process, and connects it to the client's sinks and log. */
export type MakeRun = (process: LaunchedProcess) => PluginProcess;

/** A start under way. */
export class Start {
  readonly #settings: ClientSettings;
  readonly #command: LaunchCommand;
  readonly #makeRun: MakeRun;
  readonly #began = clock();
  #phase: StartPhase = 'checksum';
  #run: PluginProcess | undefined;
  #reaching: Promise<Started> | undefined;
  #stopListening = (): void => {};
  #seen = (): string => '';
  #isGivenUp = false;
  /** Set if the launcher's `exited` rejects, which means that the process never started. */
  #neverRan: { readonly reason: unknown } | undefined;

  constructor(settings: ClientSettings, makeRun: MakeRun) {
    this.#settings = settings;
    this.#makeRun = makeRun;
    this.#command = commandOf(settings);
  }

  /**
   * Starts the plugin. If the start fails, rejects with a {@link StartError} as soon as the process is gone.
   * To end the start, abort `stop` with a {@link StartFailure} as the reason.
   */
  async go(stop: AbortSignal): Promise<Started> {
    const { startTimeout } = this.#settings;
    try {
      stop.throwIfAborted();
      this.#refuseSelfStart();
      this.#reaching = this.#reach();
      return await pTimeout(this.#reaching, {
        milliseconds: startTimeout,
        message: new StartFailure(
          'HANDSHAKE_TIMEOUT',
          `timeout while waiting for plugin to start: no handshake line within ${startTimeout} ms`,
        ),
        signal: stop,
        customTimers: patientTimers,
      });
    } catch (error) {
      this.#isGivenUp = true;
      this.#stopListening();
      throw await this.#endAndExplain(error);
    }
  }

  #refuseSelfStart(): void {
    const { file, args } = this.#command;
    const reason = whyNotFromHere([file, ...args], ownMark(process.env));
    if (reason === undefined) return;
    this.#phase = 'spawn';
    const message = `the plugin could not be started: ${reason}. In ${selfStartAdvice}`;
    printRefusal(message);
    throw new StartFailure('PLUGIN_NOT_STARTED', message);
  }

  async #reach(): Promise<Started> {
    await this.#verify();
    const run = await this.#launch();
    this.#phase = 'handshake';
    const { greeted, stop, seen } = awaitLine(run.launched.readable);
    this.#stopListening = stop;
    this.#seen = seen;
    // If a grandchild holds the pipe, the pipe does not end with the process.
    const gone = run.gone.then(() => lastLine(greeted, { ended: true, seen: '' }));
    const result = await Promise.race([greeted, gone]);
    stop();
    if ('refused' in result) throw new StartFailure('HANDSHAKE_UNRECOGNIZED', result.refused);
    if ('ended' in result) throw await this.#explainSilence(run, result.seen);
    const verdict = judgeLine(result.line, this.#settings.protocolVersions);
    if ('code' in verdict) throw new StartFailure(verdict.code, verdict.message);
    return { run, greeting: verdict };
  }

  async #verify(): Promise<void> {
    const { checksum } = this.#settings;
    if (checksum === undefined) return;
    const { file, cwd, env } = this.#command;
    const command = { file, cwd, env };
    const problem = await verifyChecksum(checksum, command, () => !this.#isGivenUp);
    if (problem !== undefined)
      throw new StartFailure('PLUGIN_CHECKSUM', `error verifying checksum: ${problem}`);
    this.#checkWanted();
  }

  async #launch(): Promise<PluginProcess> {
    this.#phase = 'spawn';
    const launcher = this.#settings.launcher ?? spawnLauncher;
    let made: LaunchedProcess;
    try {
      const launched = launcher(this.#command);
      // The process may be a thenable, like the one from execa, and awaiting it would wait for the process's
      // end.
      const isHere = isObject(launched) && 'readable' in launched;
      const handed = isHere ? launched : await launched;
      made = checkLaunched(handed);
      handed.exited.then(undefined, (reason: unknown) => (this.#neverRan = { reason }));
    } catch (error) {
      throw notStarted(error);
    }
    // Nothing may be awaited before this call, because output that arrives without a reader is lost.
    this.#run = this.#makeRun(made);
    if (this.#isGivenUp) void this.#endRun(this.#run);
    this.#checkWanted();
    return this.#run;
  }

  #checkWanted(): void {
    if (this.#isGivenUp) throw new StartFailure('PLUGIN_KILLED', 'the start was given up');
  }

  /**
   * Returns why the pipe ended without a line. The process may be gone, may be gone in a moment, or may have
   * closed the pipe and continue to run.
   */
  async #explainSilence(run: PluginProcess, seen: string): Promise<StartFailure> {
    if (await settlesWithin(run.gone, exitFollowsMs)) {
      const exit = await run.gone;
      if (this.#neverRan !== undefined) return notStarted(this.#neverRan.reason);
      const half = seen === '' ? '' : `, in the middle of its handshake line: ${printableLine(seen)}`;
      return new StartFailure('HANDSHAKE_EXITED', `plugin exited before we could connect${half}`, { exit });
    }
    if (seen !== '') return new StartFailure('HANDSHAKE_UNRECOGNIZED', unrecognized(seen).message);
    return new StartFailure('HANDSHAKE_CLOSED', 'plugin closed its pipe before we could connect');
  }

  /** Ends the process that was started, and returns the error that explains the failure. */
  async #endAndExplain(error: unknown): Promise<StartError> {
    const failure = error instanceof StartFailure ? error : notStarted(error);
    const elapsedMs = clock() - this.#began;
    const phase = this.#phase;
    // If the start was given up while the launcher was working, the process that the launcher makes must end
    // too.
    if (this.#phase === 'spawn' && this.#reaching !== undefined)
      await settlesWithin(this.#reaching, launchMs);
    const run = this.#run;
    if (run !== undefined) await this.#endRun(run);
    const half =
      failure.code === 'HANDSHAKE_TIMEOUT' && this.#seen() !== ''
        ? `, only ${printableLine(this.#seen())}`
        : '';
    const { file, args } = this.#command;
    const tails = {
      stdoutTail: run?.stdoutTail.toString() ?? '',
      stderrTail: run?.stderrTail.toString() ?? '',
    };
    const notes = needsNoNotes.has(failure.code) ? [] : await this.#notes(failure, phase, tails);
    return new StartError(
      failure.code,
      failure.message + half,
      { phase, command: [file, ...args], elapsedMs, exit: failure.exit, ...tails, notes },
      failure.cause === undefined ? {} : { cause: failure.cause },
    );
  }

  /** Resolves to notes on the likely causes of the failure, and on remedies. */
  #notes(
    failure: StartFailure,
    phase: StartPhase,
    tails: { readonly stdoutTail: string; readonly stderrTail: string },
  ): Promise<string[]> {
    const { file, args, cwd, env } = this.#command;
    const { launcher } = this.#settings;
    const hint = hintOf(launcher);
    return diagnose({
      file,
      args,
      cwd,
      env,
      exitCode: failure.exit?.code,
      spawnFailure: phase === 'spawn' ? failure.cause : undefined,
      isLaunching: phase === 'spawn' && failure.code === 'HANDSHAKE_TIMEOUT',
      stderr: tails.stderrTail,
      stdout: tails.stdoutTail,
      code: failure.code,
      isLocal: [undefined, spawnLauncher].includes(launcher) || hint !== undefined,
      replacement: replacementOf(this.#command),
      launcherNotes: hint?.(this.#command) ?? [],
    });
  }

  /**
   * Ends the process. Before the handshake no plugin reads descriptor 3. So after descriptor 3 is closed, the
   * next step follows without a wait.
   */
  async #endRun(run: PluginProcess): Promise<void> {
    await run.end({ closePipe: () => run.launched.writable.end(), waitsForPipe: false });
  }
}

/**
 * Prints why this process refuses to start itself. This process may handle the error and say nothing, but the
 * host that started this process shows its standard error.
 */
function printRefusal(message: string): void {
  try {
    writeSync(2, `pipework: ${message}\n`);
  } catch {
    // Standard error is closed, or its pipe is full. The error of the start has the same message.
  }
}

function commandOf(settings: ClientSettings): LaunchCommand {
  const { file, args } = settings;
  const greeting = writeHostGreeting(
    {
      fds: [3, 4],
      protocolVersions: settings.protocolVersions,
      capabilities: hostCapabilities(settings.provide !== undefined),
      graceMs: settings.gracePeriod,
      logLevel: settings.logLevel,
      terminals: { ...terminal('stdout', settings.syncStdout), ...terminal('stderr', settings.syncStderr) },
    },
    settings.handshake,
  );
  const handshakeEnv = { ...greeting, [envNames.command]: markOf([file, ...args], ownMark(process.env)) };
  return {
    file,
    args,
    cwd: settings.cwd,
    env: buildEnv(process.env, settings.commandEnv, settings.env, handshakeEnv),
    handshakeEnv,
    stdin: settings.stdin,
    processGroup: settings.processGroup,
  };
}

function notStarted(cause: unknown): StartFailure {
  const reason = isError(cause) ? cause.message : String(cause);
  return new StartFailure('PLUGIN_NOT_STARTED', `the plugin could not be started: ${reason}`, { cause });
}

function terminal(
  name: 'stdout' | 'stderr',
  target: Writable | 'log' | 'ignore',
): { [name: string]: TerminalSize } {
  const tty = target as Writable & Partial<NodeJS.WriteStream>;
  if (typeof target === 'string' || tty.isTTY !== true) return {};
  return {
    [name]: { columns: tty.columns ?? 80, rows: tty.rows ?? 24, colorDepth: tty.getColorDepth?.() ?? 1 },
  };
}

/**
 * Called when the process is gone. Waits a moment for a handshake line that is still under way, and resolves
 * to it. Resolves to `otherwise` if no line arrives.
 */
async function lastLine(greeted: Promise<Greeted>, otherwise: Greeted): Promise<Greeted> {
  return (await settlesWithin(greeted, lastBytesMs)) ? greeted : otherwise;
}
