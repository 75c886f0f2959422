/** Starts what a plan says, watches it, and tells how it ended. */

import { spawn, type ChildProcess, type IOType } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { constants, devNull } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import type { LaunchCommand, LaunchedProcess, LaunchReport, ProcessExit } from '@pipework/core';
import type { Resources } from './options.ts';
import { filterDescriptor, type Plan } from './plan.ts';
import { childrenOf, ResourceWatch } from './watch.ts';

const MiB = 2 ** 20;

/** Rejects with the system's error if there is no process. */
export async function launchPlan(
  plan: Plan,
  command: LaunchCommand,
  resources: Resources,
): Promise<LaunchedProcess> {
  const child = start(plan, command);
  const exit = new Promise<ProcessExit>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  const pipes: readonly unknown[] = child.stdio;
  // A pipe without a listener would end the host if the plugin died at the wrong moment. The exit says more.
  for (const pipe of child.stdio) pipe?.on('error', ignore);
  const { pid } = child;
  if (pid === undefined) throw (await once(child, 'error'))[0] as Error;
  if (plan.filter !== undefined) (pipes[filterDescriptor] as Writable).end(plan.filter);
  if (typeof command.stdin !== 'string') feed(command.stdin, child.stdin as Writable, exit);
  const life = new Life(child, pid, plan, command, resources);
  const handles = [child, ...pipes].filter(isReferable);
  return {
    pid,
    readable: child.stdio[4] as Readable,
    writable: child.stdio[3] as Writable,
    stdout: child.stdout ?? undefined,
    stderr: child.stderr ?? undefined,
    exited: exit.then((how) => life.report(how)),
    kill: (signal) => life.kill(signal),
    ref: () => handles.forEach((handle) => handle.ref()),
    unref: () => handles.forEach((handle) => handle.unref()),
  };
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
    return spawn(file, args, {
      ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
      env: { ...plan.env },
      stdio: Array.from(stdio, (entry) => entry ?? 'ignore'),
      // Ctrl-C and the end of a terminal go to the whole group, and would end bubblewrap: the host decides what ends its plugins.
      detached: command.processGroup || plan.filter !== undefined,
      windowsHide: true,
    });
  } finally {
    if (nothing !== undefined) closeSync(nothing);
  }
}

/** One process from its start to its report. */
class Life {
  readonly #child: ChildProcess;
  readonly #pid: number;
  readonly #plan: Plan;
  readonly #isGroup: boolean;
  readonly #resources: Resources;
  readonly #watch: ResourceWatch | undefined;
  #residentBytes: number | undefined;
  #isKilledByHost = false;

  constructor(child: ChildProcess, pid: number, plan: Plan, command: LaunchCommand, resources: Resources) {
    this.#child = child;
    this.#pid = pid;
    this.#plan = plan;
    this.#isGroup = command.processGroup;
    this.#resources = resources;
    const isWatched = resources.memoryBytes !== undefined || resources.cpuSeconds !== undefined;
    if (isWatched) this.#watch = new ResourceWatch(pid, resources, (bytes) => this.#endForMemory(bytes));
  }

  /** Called by the client: its ladder. */
  kill(signal: NodeJS.Signals): boolean {
    this.#isKilledByHost ||= signal === 'SIGKILL';
    return this.#signal(signal);
  }

  report(exit: ProcessExit): ProcessExit {
    this.#watch?.stop();
    const { code, signal } = this.#isSandbox ? ofSandbox(exit) : exit;
    return { code, signal, ...this.#limitBehind(signal), held: this.#plan.isolation.held };
  }

  #endForMemory(residentBytes: number): void {
    this.#residentBytes = residentBytes;
    this.#signal('SIGKILL');
  }

  #signal(signal: NodeJS.Signals): boolean {
    const { exitCode, signalCode } = this.#child;
    const isGone = exitCode !== null || signalCode !== null;
    // A group may live longer than its leader.
    if (isGone && !this.#isGroup) return false;
    if (!isGone && this.#isSandbox && ending.has(signal)) return endSandbox(this.#pid, signal);
    return send(signal, this.#isGroup ? -this.#pid : this.#pid);
  }

  get #isSandbox(): boolean {
    return this.#plan.filter !== undefined;
  }

  /** Which limit ended it, on evidence: the watch did, or the kernel's signal came when the time was used up. */
  #limitBehind(signal: NodeJS.Signals | null): LaunchReport {
    const { memoryBytes = 0, cpuSeconds = Infinity } = this.#resources;
    if (this.#residentBytes !== undefined) {
      const held = Math.round(this.#residentBytes / MiB);
      return {
        limit: 'memory',
        reason: `ended because it held ${held} MiB of memory (resources.memoryBytes: ${Math.round(memoryBytes / MiB)} MiB)`,
      };
    }
    const used = this.#watch?.cpuSeconds ?? 0;
    // The last look may be a moment old, and more than a moment in a host that was blocked.
    const isWarned = signal === 'SIGXCPU' && used > cpuSeconds / 2;
    const isKilled = signal === 'SIGKILL' && !this.#isKilledByHost && used >= cpuSeconds;
    if (!isWarned && !isKilled) return {};
    return {
      limit: 'cpu',
      reason: `ended because it used ${cpuSeconds} s of processor time (resources.cpuSeconds)`,
    };
  }
}

const ending: ReadonlySet<string> = new Set(['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGKILL']);

/**
 * Ends a sandbox with all that is in it. For some 20 ms after the start, the first process inside would outlive bubblewrap, because it
 * asks for its parent's death late. So that process is killed too.
 */
function endSandbox(pid: number, signal: NodeJS.Signals): boolean {
  const inside = childrenOf(pid);
  if (inside.length === 0) {
    // Bubblewrap may be about to make it. A fork fails if a deadly signal came, and until late in its setup the child is of this group.
    const isSent = send(signal, -pid);
    send('SIGKILL', -pid);
    return isSent;
  }
  // If the plugin alone is killed, bubblewrap reports its end once all of it is gone.
  if (signal !== 'SIGKILL') send(signal, pid);
  const killed = inside.filter((child) => send('SIGKILL', child));
  return killed.length > 0 || send(signal, pid);
}

function send(signal: NodeJS.Signals, pid: number): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

const signals = new Map(
  Object.entries(constants.signals).map(([name, number]) => [number, name as NodeJS.Signals]),
);

/** Bubblewrap ends with 128 + n if signal n ended the program, as a shell does. */
function ofSandbox(exit: ProcessExit): ProcessExit {
  const signal = exit.code === null ? undefined : signals.get(exit.code - 128);
  return signal === undefined ? exit : { code: null, signal };
}

/** Pipes the caller's stream in, and lets go of it when the process is gone: it is the caller's to end. */
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
