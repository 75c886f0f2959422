/**
 * One launched process. `PluginProcess` drains the output, knows when the process is gone, and reports how
 * the process ended. The class knows nothing of sessions.
 */

import type { Readable } from 'node:stream';
import { ranOutOfMemory, type EndedBy, type PluginExit } from './exit.ts';
import { watchMemory } from './memory.ts';
import { climb, stepMs } from './ladder.ts';
import type { LaunchedProcess, ProcessExit } from '../launch/spawn.ts';
import { RawOutput, type OutputOptions } from '../output/raw-output.ts';
import { clock, defer, settlesWithin } from '../../base/timers.ts';
import { Tail } from '../output/tail.ts';

/** After the exit, output counts as drained when nothing has arrived for this many milliseconds. */
const drainIdleMs = 100;
/** Output counts as drained at the latest this many milliseconds after the exit. */
const drainMaxMs = 1_000;

/** A plugin process that runs or has ended. */
export class PluginProcess {
  /** The process that `checkLaunched()` returned. Its `exited` never rejects. */
  readonly launched: LaunchedProcess;
  /** Resolves as soon as the process is gone, even if another process holds its pipes. Never rejects. */
  readonly gone: Promise<ProcessExit>;
  /** Resolves once the process is gone and its output is drained. Never rejects. */
  readonly exit: Promise<PluginExit>;
  /**
   * The last bytes of the process's standard error, raw and synced in the order of arrival. `stdoutTail` has
   * the last bytes of its raw standard output.
   */
  readonly stderrTail: Tail = new Tail();
  readonly stdoutTail: Tail = new Tail();
  /** True once the process is gone. */
  hasEnded = false;
  /** Returns the methods of the calls that wait for an answer. Called at the moment of the exit. */
  callsInFlight: () => readonly string[] = () => [];
  /** Called once, right after the exit, before the rest of the output is drained. */
  onGone: () => void = () => {};

  readonly #startedAt = clock();
  readonly #gone = defer<ProcessExit>();
  readonly #outputs: readonly RawOutput[];
  #hasKernelKilled = (): boolean => false;
  #by: EndedBy = 'plugin';
  readonly #hurried = defer<void>();
  #climbing: Promise<boolean> | undefined;

  constructor(launched: LaunchedProcess, outputs: { stdout: OutputOptions; stderr: OutputOptions }) {
    this.launched = launched;
    this.gone = this.#gone.promise;
    this.#outputs = [
      new RawOutput(launched.stdout, this.stdoutTail, outputs.stdout),
      new RawOutput(launched.stderr, this.stderrTail, outputs.stderr),
    ];
    for (const pipe of [launched.readable, launched.writable]) pipe.on('error', ignoreError);
    const left = (exit: ProcessExit): void => {
      this.hasEnded = true;
      this.#gone.resolve(exit);
    };
    this.watchMemory();
    void launched.exited.then(left);
    this.exit = this.gone.then((exit) => this.#report(exit));
  }

  /**
   * Ends the process by the steps of `climb()`. If there is a session on which the plugin can be asked to
   * leave, `ask` is the first step. If `waitsForPipe` is false, SIGTERM follows the close of the pipe without
   * a wait, because the plugin does not read the pipe yet. Only the options of the first call count.
   */
  async end(options: {
    ask?: (() => Promise<boolean>) | undefined;
    askMs?: number;
    closePipe: () => void;
    waitsForPipe?: boolean;
  }): Promise<PluginExit> {
    const { waitsForPipe = true } = options;
    // After a failed start no other code reads the pipe, and the end of an unread pipe causes no event.
    if (!waitsForPipe) this.launched.readable.resume();
    this.#climbing ??= climb(
      {
        gone: this.gone,
        hurried: this.#hurried.promise,
        ask: options.ask,
        closePipe: options.closePipe,
        signal: (name) => this.signal(name),
        blame: (step) => (this.#by = step),
      },
      {
        askMs: options.askMs ?? 0,
        closeMs: waitsForPipe ? stepMs : 0,
        termMs: stepMs,
        killMs: stepMs,
      },
    );
    // Even after SIGKILL, the process may be stuck in the kernel, or its launcher may never report the end.
    // The caller must not hang in these cases.
    if (!(await this.#climbing)) {
      this.#gone.resolve({ code: null, signal: null });
      this.#letGo();
    }
    return this.exit;
  }

  /**
   * Starts to watch the control group that the process is in now. A launcher may move the process to another
   * group, so this method is called again after the start.
   */
  watchMemory(): void {
    const { pid } = this.launched;
    if (pid !== undefined) this.#hasKernelKilled = watchMemory(pid);
  }

  /** Ends the wait for the plugin's answer to Quit at most `ms` milliseconds from now. */
  hurry(ms: number): void {
    void settlesWithin(this.gone, ms).then(() => this.#hurried.resolve());
  }

  /** Sends a signal if the process still exists. */
  signal(name: NodeJS.Signals): void {
    if (!this.hasEnded) this.launched.kill(name);
  }

  /**
   * Releases a process that cannot be ended, so that the process no longer keeps the host's event loop alive.
   */
  #letGo(): void {
    try {
      this.launched.unref?.();
    } catch {
      // A custom launcher's `unref()` may throw. There is no other way to release the process, so the error
      // is ignored.
    }
  }

  async #report(exit: ProcessExit): Promise<PluginExit> {
    const uptimeMs = clock() - this.#startedAt;
    // If the ladder got no further than Quit, the host has sent no signal. So if a signal ended the plugin,
    // the plugin did not leave because of Quit.
    const by = this.#by === 'quit' && exit.signal !== null ? 'plugin' : this.#by;
    const kernelKilled = this.#hasKernelKilled();
    const callsInFlight = this.callsInFlight().slice(0, 100);
    this.onGone();
    await this.#drained();
    const leftBehind = this.#isPipeHeld;
    for (const output of this.#outputs) output.close();
    // The last bytes of the pipe may not have been logged yet.
    await settlesWithin(Promise.all(this.#outputs.map((output) => output.ended)), drainIdleMs);
    this.launched.writable.destroy();
    this.launched.readable.destroy();
    const stderrTail = this.stderrTail.toString();
    const outOfMemory = exit.limit === 'memory' || ranOutOfMemory(exit, stderrTail, kernelKilled);
    // A launcher that limits memory has judged the plugin's output and set `limit` already. Here the output
    // is no evidence, because a plugin could print anything.
    const isJudged = exit.held?.['memoryBytes'] !== undefined;
    const isAtLimit = isJudged ? ranOutOfMemory(exit, '', kernelKilled) : outOfMemory;
    return {
      ...exit,
      ...(isAtLimit ? { limit: 'memory' } : {}),
      by,
      stderrTail,
      outOfMemory,
      leftBehind,
      uptimeMs,
      callsInFlight,
    };
  }

  /**
   * Waits until every pipe has ended, nothing has arrived for `drainIdleMs`, or `drainMaxMs` have passed.
   * Without these limits, a grandchild that holds a pipe could delay the report without end.
   */
  async #drained(): Promise<void> {
    const ended = Promise.all([...this.#outputs.map((output) => output.ended), over(this.launched.readable)]);
    const deadline = clock() + drainMaxMs;
    for (let moved = -1; clock() < deadline;) {
      const now = this.#bytesMoved();
      if (now === moved) return;
      moved = now;
      if (await settlesWithin(ended, drainIdleMs)) return;
    }
  }

  /**
   * True if the pipe at descriptor 4 has not ended with this process, because another process holds the pipe.
   * If standard output carries the protocol, returns false, because every child of the plugin holds that
   * descriptor.
   */
  get #isPipeHeld(): boolean {
    const { pid, stdout, readable } = this.launched;
    if (!this.hasEnded || pid === undefined || stdout === undefined) return false;
    return !readable.readableEnded && !readable.destroyed;
  }

  #bytesMoved(): number {
    const upstream = (this.launched.readable as { bytesRead?: number }).bytesRead ?? 0;
    return this.#outputs.reduce((sum, output) => sum + output.moved, upstream);
  }
}

/** Resolves when a readable has delivered everything, or was destroyed. */
function over(readable: Readable): Promise<void> {
  if (readable.readableEnded || readable.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    readable.once('end', resolve);
    readable.once('close', resolve);
  });
}

/** Ignores the error, because the exit explains more than an EPIPE or ECONNRESET. */
function ignoreError(): void {}
