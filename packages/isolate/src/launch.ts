/** Starts the program of a plan, watches it, and reports how it ended. */

import { spawn, type ChildProcess, type IOType } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, createReadStream, fstatSync, openSync, statSync } from 'node:fs';
import { constants, devNull } from 'node:os';
import type { Socket } from 'node:net';
import type { Duplex, Readable, Writable } from 'node:stream';
import type { LaunchCommand, LaunchedProcess, LaunchReport, ProcessExit } from '@pipework/core';
import { Keeper, keeperDescriptor } from './keeper.ts';
import { IsolateError } from './errors.ts';
import { ErrorTail } from './error-tail.ts';
import { whatIsHidden } from './hidden.ts';
import type { Resources } from './options.ts';
import { filterDescriptor, type Plan } from './plan.ts';
import { childrenOf, counting, heldByFiles, type Use } from './measure.ts';
import { read } from './system.ts';
import { lookMs, ResourceWatch } from './watch.ts';

/**
 * The maximum number of processes and threads of a plugin with `memoryBytes`. The watch needs about two
 * seconds to measure that many processes, because the watch uses only a small share of the host's time.
 */
const mostTasks = 2_000;

const MiB = 2 ** 20;
const toMiB = (bytes: number): string => `${Math.round(bytes / MiB)} MiB`;

/** Starts the process. Rejects with the system's error if the process cannot be started. */
export async function launchPlan(
  plan: Plan,
  command: LaunchCommand,
  resources: Resources,
): Promise<LaunchedProcess> {
  const stdin = inputOf(plan, command);
  const child = start(plan, { ...command, stdin });
  const exit = new Promise<ProcessExit>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  const pipes: readonly unknown[] = child.stdio;
  // Without an error listener, the broken pipe of a plugin that dies would end the host. The error is
  // ignored, because the exit report explains more.
  for (const pipe of child.stdio) pipe?.on('error', ignore);
  const { pid } = child;
  if (pid === undefined) throw (await once(child, 'error'))[0] as Error;
  if (plan.filter !== undefined) (pipes[filterDescriptor] as Writable).end(plan.filter);
  if (typeof stdin !== 'string') {
    feed(stdin, child.stdin as Writable, exit);
    if (stdin !== command.stdin) void exit.then(() => stdin.destroy());
  }
  const keeper = plan.isKept ? new Keeper(pipes[keeperDescriptor] as Duplex, plan.hasGroup) : undefined;
  const pipe = child.stdio[4] as Socket;
  const tail = new ErrorTail(
    child.stderr as Readable,
    () => plan.heapBytes !== undefined || pipe.bytesRead === 0,
  );
  const life = new Life({ child, pid, plan, command, resources, keeper, tail });
  const handles = [child, ...pipes].filter(isReferable);
  return {
    pid,
    readable: pipe,
    writable: child.stdio[3] as Writable,
    stdout: child.stdout ?? undefined,
    stderr: tail.passed,
    exited: exit.then((how) => life.report(how)),
    kill: (signal) => life.kill(signal),
    ref: () => handles.forEach((handle) => handle.ref()),
    unref: () => handles.forEach((handle) => handle.unref()),
  };
}

/**
 * Returns the plugin's standard input. A sandbox must not get the host's own descriptor, because through
 * /proc/self/fd the plugin could open the input's file for writing, or reach the directories above it. So the
 * plugin gets a pipe instead, with the file's contents from the host's position on. Throws
 * `ISOLATE_UNENFORCEABLE` if the host's standard input is a terminal, a pipe or a socket, because the plugin
 * could write to any of these.
 */
function inputOf(plan: Plan, { stdin }: LaunchCommand): LaunchCommand['stdin'] {
  if (stdin !== 'inherit' || plan.filter === undefined) return stdin;
  const kind = kindOf(0);
  if (kind === 'nothing') return 'ignore';
  if (kind === 'a channel')
    throw new IsolateError(
      'ISOLATE_UNENFORCEABLE',
      "stdin: 'inherit' would let the plugin write to the host's standard input, which is a terminal, a pipe or a socket. Pass a Readable, such as process.stdin, or 'ignore'",
    );
  const position = /^pos:\s*(\d+)/m.exec(read('/proc/self/fdinfo/0'))?.[1];
  return createReadStream('/proc/self/fd/0', { start: Number(position ?? 0) }).on('error', ignore);
}

function kindOf(descriptor: number): 'on disk' | 'a channel' | 'nothing' {
  try {
    const stat = fstatSync(descriptor);
    if (stat.isFile() || stat.isDirectory() || stat.isBlockDevice()) return 'on disk';
    return stat.rdev === statSync(devNull).rdev && stat.isCharacterDevice() ? 'nothing' : 'a channel';
  } catch {
    // The host has closed its standard input.
    return 'nothing';
  }
}

function start(plan: Plan, command: LaunchCommand): ChildProcess {
  const [file, ...args] = plan.isolation.command as [string, ...string[]];
  const { stdin } = command;
  const stdio: (IOType | number | undefined)[] = [
    typeof stdin === 'string' ? stdin : 'pipe',
    'pipe',
    'pipe',
    'pipe',
    'pipe',
  ];
  const nothing = plan.unwanted.length === 0 ? undefined : openSync(devNull, 'r+');
  try {
    for (const descriptor of plan.unwanted) stdio[descriptor] = nothing;
    if (plan.filter !== undefined) stdio[filterDescriptor] = 'pipe';
    if (plan.isKept) stdio[keeperDescriptor] = 'pipe';
    return spawn(file, args, {
      ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
      env: { ...plan.env },
      stdio: Array.from(stdio, (entry) => entry ?? 'ignore'),
      // The signals of Ctrl-C and of a closed terminal go to the host's whole process group, and would end
      // bubblewrap. The host must decide what ends its plugins, so bubblewrap gets another group.
      detached: leadsGroup(plan, command),
      windowsHide: true,
    });
  } finally {
    if (nothing !== undefined) closeSync(nothing);
  }
}

/** True if the process leads its own process group, so that its id is also the group's id. */
const leadsGroup = (plan: Plan, command: LaunchCommand): boolean =>
  command.processGroup || plan.filter !== undefined;

/** A running process, with its plan and the objects that watch it. */
interface Started {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly plan: Plan;
  readonly command: LaunchCommand;
  readonly resources: Resources;
  readonly keeper: Keeper | undefined;
  readonly tail: ErrorTail;
}

/** Watches one process, sends signals to it, and reports how it ended. */
class Life {
  readonly #started: Started;
  readonly #watch: ResourceWatch | undefined;
  /** The reason why the watch has ended the process; undefined if it has not. */
  #reason: string | undefined;
  #isKilledByHost = false;
  #starting: NodeJS.Timeout | undefined;

  constructor(started: Started) {
    this.#started = started;
    const { pid, plan, resources, keeper } = started;
    if (this.#isSandbox && keeper !== undefined)
      this.#starting = setInterval(() => this.#releaseOnceUp(keeper), lookMs).unref();
    const isWatched = resources.memoryBytes !== undefined || resources.cpuSeconds !== undefined;
    if (!isWatched) return;
    // Under the filter of system calls, the plugin has no child processes. The programs that start the plugin
    // have children, but only one thread each.
    const mayFork = plan.isolation.held['run'] !== 'seccomp';
    this.#watch = new ResourceWatch(
      () => counting(pid, mayFork),
      (use) => this.#endAtLimit(use, keeper?.kills ?? 0),
    );
  }

  /** Sends a signal. Each step of the client's `kill()` calls this method. */
  kill(signal: NodeJS.Signals): boolean {
    this.#isKilledByHost ||= signal === 'SIGKILL';
    return this.#signal(signal);
  }

  async report(exit: ProcessExit): Promise<ProcessExit> {
    const { plan, command, keeper, tail, pid } = this.#started;
    this.#watch?.stop();
    clearInterval(this.#starting);
    const { code, signal } = this.#isSandbox ? ofSandbox(exit) : exit;
    // V8's message alone is no evidence, because a plugin may print this message and abort.
    const mayBeFull = signal === 'SIGABRT' && this.#watch?.mayHaveHeld(plan.heapBytes ?? Infinity) === true;
    const [kills = 0, isHeapFull] = await Promise.all([
      keeper?.leave(() => void (leadsGroup(plan, command) && send('SIGKILL', -pid))),
      mayBeFull && tail.isHeapFull(),
    ]);
    const { held } = plan.isolation;
    const limit = this.#limitBehind(signal, kills, isHeapFull);
    const hidden = code === 0 || limit.reason !== undefined ? undefined : await this.#whatIsHidden();
    return { code, signal, ...(hidden === undefined ? {} : { reason: hidden }), ...limit, held };
  }

  /**
   * If the plugin ended before it wrote its handshake line, resolves with a sentence about the hidden files
   * that its standard error names.
   */
  async #whatIsHidden(): Promise<string | undefined> {
    const { child, plan, command, tail } = this.#started;
    if ((child.stdio[4] as Socket).bytesRead > 0) return undefined;
    const { read, write, added } = plan.isolation;
    return whatIsHidden(await tail.end(), [...read, ...write, ...added], command.cwd ?? process.cwd());
  }

  /**
   * Releases the keeper if the first process inside the sandbox has started the plugin. By then, that process
   * has asked the kernel to kill it when its parent dies.
   */
  #releaseOnceUp(keeper: Keeper): void {
    if (this.#inside === undefined) return;
    clearInterval(this.#starting);
    keeper.release();
  }

  /** The id of the first process inside the sandbox; undefined until that process has started the plugin. */
  get #inside(): number | undefined {
    const { pid } = this.#started;
    return isStarting(pid) ? undefined : childrenOf(pid).find((one) => childrenOf(one).length > 0);
  }

  /**
   * Ends the plugin and returns true in three cases: the plugin exceeds `memoryBytes`, it has more than
   * {@link mostTasks} processes and threads, or the kernel has killed a process of its control group.
   */
  #endAtLimit({ heldBytes, tasks }: Use, kills: number): boolean {
    const { memoryBytes = Infinity } = this.#started.resources;
    const { scratch } = this.#started.plan;
    const inside = memoryBytes === Infinity || scratch.length === 0 ? undefined : this.#inside;
    const fileBytes = inside === undefined ? 0 : heldByFiles(inside, scratch);
    const bytes = heldBytes + fileBytes;
    const inFiles = fileBytes < MiB ? '' : `, ${toMiB(fileBytes)} of it in files of ${scratch.join(', ')}`;
    if (bytes > memoryBytes) this.#reason = `it held ${toMiB(bytes)} of memory${inFiles}`;
    else if (kills > 0) this.#reason = byKernel;
    else if (tasks > mostTasks && memoryBytes !== Infinity)
      this.#reason = `it had more than ${mostTasks} processes and threads, the most with a limit of memory`;
    else return false;
    this.#signal('SIGKILL');
    return true;
  }

  #signal(signal: NodeJS.Signals): boolean {
    const { child, pid, command, keeper } = this.#started;
    const isGone = child.exitCode !== null || child.signalCode !== null;
    // A process group may exist longer than its leader, so the group gets the signal even after the plugin's
    // exit.
    if (isGone && !command.processGroup) return false;
    if (keeper?.isSettled === false) {
      void keeper.settle().then(() => this.#signal(signal));
      return true;
    }
    if (!isGone && this.#isSandbox && ending.has(signal)) return endSandbox(pid, signal);
    return send(signal, command.processGroup ? -pid : pid);
  }

  get #isSandbox(): boolean {
    return this.#started.plan.filter !== undefined;
  }

  /**
   * Returns the limit that ended the process, if there is evidence for one. There is evidence if the watch
   * ended the process, or if the kernel counted a kill in its control group. There is also evidence if V8
   * reported a full heap and the process may have held that much, or if a signal ended the process after its
   * processor time was used up.
   */
  #limitBehind(signal: NodeJS.Signals | null, kills: number, isHeapFull: boolean): LaunchReport {
    const { memoryBytes = 0, cpuSeconds = Infinity } = this.#started.resources;
    const isKilled = signal === 'SIGKILL' && !this.#isKilledByHost;
    const full = isHeapFull ? "V8's heap was full" : isKilled && kills > 0 ? byKernel : undefined;
    const reason = this.#reason ?? full;
    if (reason !== undefined) {
      const limit = `resources.memoryBytes: ${toMiB(memoryBytes)}`;
      return { limit: 'memory', reason: `ended because ${reason} (${limit})` };
    }
    const { cpuSeconds: used = 0 } = this.#watch ?? {};
    // The signal alone is no evidence, because a plugin may send SIGXCPU to itself.
    const isWarned = signal === 'SIGXCPU' && this.#watch?.mayHaveUsed(cpuSeconds) === true;
    if (!isWarned && !(isKilled && used >= cpuSeconds)) return {};
    return {
      limit: 'cpu',
      reason: `ended because it used ${cpuSeconds} s of processor time (resources.cpuSeconds)`,
    };
  }
}

const byKernel = 'the kernel ended a process of its control group, which had no memory left';

const ending: ReadonlySet<string> = new Set(['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGKILL']);

/**
 * Ends a sandbox with everything in it. For some 20 ms after the start, the first process inside has not yet
 * asked the kernel to kill it with its parent, and would outlive bubblewrap. So that process is killed too.
 */
function endSandbox(pid: number, signal: NodeJS.Signals): boolean {
  const inside = isStarting(pid) ? [] : childrenOf(pid);
  if (inside.length === 0) {
    // Bubblewrap may be about to fork the first process inside. If the signal arrives before the fork, the
    // fork fails. If the signal arrives later, the new process gets the signals too, because the new process
    // is in this group until late in its setup.
    const isSent = send(signal, -pid);
    send('SIGKILL', -pid);
    return isSent;
  }
  // If only the processes inside are killed, bubblewrap can report the plugin's end after everything in the
  // sandbox is gone.
  if (signal !== 'SIGKILL') send(signal, pid);
  const killed = inside.filter((child) => send('SIGKILL', child));
  // A plugin may stop its whole process group, and a stopped bubblewrap would report nothing.
  send('SIGCONT', pid);
  return killed.length > 0 || send(signal, pid);
}

/** True if the process is still `sh` or `systemd-run`. A child that it has now can only be the keeper. */
function isStarting(pid: number): boolean {
  return ['sh', 'systemd-run'].includes(read(`/proc/${pid}/comm`).trim());
}

function send(signal: NodeJS.Signals, pid: number): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

/** The names of signals. If a number has several names, the first one is the common one. */
const signals = new Map(
  Object.entries(constants.signals)
    .map(([name, number]): [number, NodeJS.Signals] => [number, name as NodeJS.Signals])
    .reverse(),
);

/**
 * Translates bubblewrap's exit into the plugin's. If signal n ended the plugin, bubblewrap exits with the
 * code 128 + n.
 */
function ofSandbox(exit: ProcessExit): ProcessExit {
  const signal = exit.code === null ? undefined : signals.get(exit.code - 128);
  return signal === undefined ? exit : { code: null, signal };
}

/**
 * Pipes the caller's stream to the process, and detaches the stream when the process is gone. Does not end
 * the stream, because the caller owns it.
 */
function feed(source: Readable, stdin: Writable, exit: Promise<unknown>): void {
  const end = (): void => void stdin.end();
  if (source.destroyed) return end();
  source.once('close', end);
  source.pipe(stdin);
  void exit.then(() => {
    source.off('close', end);
    source.unpipe(stdin);
  });
}

function ignore(): void {}

interface Referable {
  ref(): void;
  unref(): void;
}

function isReferable(value: unknown): value is Referable {
  return typeof (value as Partial<Referable> | null)?.unref === 'function';
}
