/** One launched process: draining what it prints, knowing when it is gone, and reporting how. Knows nothing of sessions. */

import type { Readable } from 'node:stream';
import { ranOutOfMemory, type EndedBy, type PluginExit } from './exit.ts';
import { watchMemory } from './memory.ts';
import { climb, stepMs } from './ladder.ts';
import type { LaunchedProcess, ProcessExit } from '../launch/spawn.ts';
import { RawOutput, type OutputOptions } from '../output/raw-output.ts';
import { clock, defer, settlesWithin } from '../../base/timers.ts';
import { Tail } from '../output/tail.ts';

/** Output counts as drained when nothing has moved for this long after the exit, in milliseconds ... */
const drainIdleMs = 100;
/** ... and in any case after this. */
const drainMaxMs = 1_000;

/** A running (or ended) plugin process. */
export class PluginProcess {
  /** As `checkLaunched()` returns it: its `exited` never rejects. */
  readonly process: LaunchedProcess;
  /** Resolves as soon as the process is gone, also if another process holds its pipes. Never rejects. */
  readonly gone: Promise<ProcessExit>;
  /** Resolves once it is gone and what it printed is drained. Never rejects. */
  readonly exit: Promise<PluginExit>;
  /** The last of its standard error, raw and synced as they came; and of its raw standard output. */
  readonly stderrTail: Tail = new Tail();
  readonly stdoutTail: Tail = new Tail();
  /** True once the process is gone. */
  hasEnded = false;
  /** Asked for the calls that wait for an answer, at the moment of the exit. */
  callsInFlight: () => readonly string[] = () => [];
  /** Called once, right after the exit, before anything is drained. */
  onGone: () => void = () => {};

  readonly #startedAt = clock();
  readonly #gone = defer<ProcessExit>();
  readonly #outputs: readonly RawOutput[];
  #hasKernelKilled = (): boolean => false;
  #by: EndedBy = 'plugin';
  readonly #hurried = defer<void>();
  #climbing: Promise<boolean> | undefined;

  constructor(process: LaunchedProcess, outputs: { stdout: OutputOptions; stderr: OutputOptions }) {
    this.process = process;
    this.gone = this.#gone.promise;
    this.#outputs = [
      new RawOutput(process.stdout, this.stdoutTail, outputs.stdout),
      new RawOutput(process.stderr, this.stderrTail, outputs.stderr),
    ];
    for (const pipe of [process.readable, process.writable]) pipe.on('error', ignoreError);
    const left = (exit: ProcessExit): void => {
      this.hasEnded = true;
      this.#gone.resolve(exit);
    };
    this.watchMemory();
    void process.exited.then(left);
    this.exit = this.gone.then((exit) => this.#report(exit));
  }

  /** Climbs the ladder; `ask` is its first step, if there is a session to ask on. `hurry` leaves out the wait for the pipe's end. */
  async end(options: {
    ask?: (() => Promise<boolean>) | undefined;
    askMs?: number;
    closePipe: () => void;
    hurry?: boolean;
  }): Promise<PluginExit> {
    // After a failed start nothing reads the pipe any more, and its end would not be seen.
    if (options.hurry === true) this.process.readable.resume();
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
        closeMs: options.hurry === true ? 0 : stepMs,
        termMs: stepMs,
        killMs: stepMs,
      },
    );
    // What even SIGKILL does not end (a process stuck in the kernel, a launcher that never reports) must not hang its caller.
    if (!(await this.#climbing)) {
      this.#gone.resolve({ code: null, signal: null });
      this.#letGo();
    }
    return this.exit;
  }

  /** Notes the control group that the process is in now: a launcher may move it, so that this is done again after the start. */
  watchMemory(): void {
    const { pid } = this.process;
    if (pid !== undefined) this.#hasKernelKilled = watchMemory(pid);
  }

  /** Waits no longer than `ms` from now for the answer to the question whether the plugin leaves. */
  hurry(ms: number): void {
    void settlesWithin(this.gone, ms).then(() => this.#hurried.resolve());
  }

  /** Sends a signal if there still is a process. */
  signal(name: NodeJS.Signals): void {
    if (!this.hasEnded) this.process.kill(name);
  }

  /** A process that can't be ended must not hold the host's event loop for as long as it pleases. */
  #letGo(): void {
    try {
      this.process.unref?.();
    } catch {
      // A launcher made by hand, which holds nothing that could be let go of.
    }
  }

  async #report(exit: ProcessExit): Promise<PluginExit> {
    const uptimeMs = clock() - this.#startedAt;
    // A signal that the host did not send is no answer to its question.
    const by = this.#by === 'quit' && exit.signal !== null ? 'plugin' : this.#by;
    const kernelKilled = this.#hasKernelKilled();
    const callsInFlight = this.callsInFlight().slice(0, 100);
    this.onGone();
    await this.#drained();
    const leftBehind = this.#isPipeHeld;
    for (const output of this.#outputs) output.close();
    // The log may be a piece behind the pipe.
    await settlesWithin(Promise.all(this.#outputs.map((output) => output.ended)), drainIdleMs);
    this.process.writable.destroy();
    this.process.readable.destroy();
    const stderrTail = this.stderrTail.toString();
    const outOfMemory = exit.limit === 'memory' || ranOutOfMemory(exit, stderrTail, kernelKilled);
    return {
      ...exit,
      ...(outOfMemory ? { limit: 'memory' } : {}),
      by,
      stderrTail,
      outOfMemory,
      leftBehind,
      uptimeMs,
      callsInFlight,
    };
  }

  /** Waits until every pipe has ended, or nothing has moved for a while, or long enough: a grandchild may hold a pipe without end. */
  async #drained(): Promise<void> {
    const ended = Promise.all([...this.#outputs.map((output) => output.ended), over(this.process.readable)]);
    const deadline = clock() + drainMaxMs;
    for (let moved = -1; clock() < deadline;) {
      const now = this.#bytesMoved();
      if (now === moved) return;
      moved = now;
      if (await settlesWithin(ended, drainIdleMs)) return;
    }
  }

  /**
   * Whether another process holds descriptor 4, which ends with this one otherwise. Over standard output alone it says nothing:
   * any child of the plugin's holds that one.
   */
  get #isPipeHeld(): boolean {
    const { pid, stdout, readable } = this.process;
    if (!this.hasEnded || pid === undefined || stdout === undefined) return false;
    return !readable.readableEnded && !readable.destroyed;
  }

  #bytesMoved(): number {
    const upstream = (this.process.readable as { bytesRead?: number }).bytesRead ?? 0;
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

/** The exit says more than an EPIPE or ECONNRESET. */
function ignoreError(): void {}
