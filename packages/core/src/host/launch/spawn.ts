/**
 * Starts a process with two pipes for the protocol. Defines the launcher's contract, and the ordinary
 * launcher, which uses execa.
 */

import type { ChildProcess } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { isError } from '../../base/realm.ts';
import { defer, settlesWithin } from '../../base/timers.ts';
import { killChild, killGroup } from './kill.ts';
import { pipeNameOf, type PipeName } from './pipe-name.ts';

/** The command that a launcher runs. */
export interface LaunchCommand {
  /** The program: a path, or a name to look up in `PATH`. */
  readonly file: string;
  /** The arguments of the program, without its own name. */
  readonly args: readonly string[];
  /** Working directory; the host's if undefined. */
  readonly cwd: string | undefined;
  /** The whole environment of the process, {@link LaunchCommand.handshakeEnv} included. */
  readonly env: Readonly<Record<string, string>>;
  /** The variables of the handshake alone, for a launcher whose program does not pass on its environment. */
  readonly handshakeEnv: Readonly<Record<string, string>>;
  /** The process's standard input: the host's own, an empty input, or the content of the given stream. */
  readonly stdin: 'inherit' | 'ignore' | Readable;
  /** True if the process must lead a new process group, and `kill` must reach the whole group. */
  readonly processGroup: boolean;
}

/**
 * Facts that only the launcher knows about the end of a process. The client copies these facts to the exit
 * report.
 */
export interface LaunchReport {
  /**
   * The limit that ended the process. A launcher sets this only on evidence: it ended the process itself, or
   * it has measured the use.
   */
  readonly limit?: 'memory' | 'cpu';
  /**
   * A sentence for people: why the launcher ended the process, or other facts that the launcher knows about
   * the end.
   */
  readonly reason?: string;
  /**
   * Which tool enforced each permission or limit of the process, for example `{ net: 'bubblewrap',
   * cpuSeconds: 'prlimit' }`.
   */
  readonly held?: Readonly<Record<string, string>>;
}

/** How a process ended. */
export interface ProcessExit extends LaunchReport {
  /** The exit code; null if a signal ended the process. */
  readonly code: number | null;
  /** The signal that ended the process; null if no signal did. */
  readonly signal: NodeJS.Signals | null;
}

/**
 * A process as a launcher returns it. The object must not be a thenable, because an `await` of a launcher's
 * result would then wait for that thenable. The launcher owns the object, and the client uses only these
 * members.
 */
export interface LaunchedProcess {
  /** The process id, if the process runs on this system. */
  readonly pid?: number | undefined;
  /** Protocol bytes from the plugin. */
  readonly readable: Readable;
  /** Protocol bytes to the plugin. The client ends this stream. */
  readonly writable: Writable;
  /** Raw standard output. The client drains this stream as soon as the launcher returns it. */
  readonly stdout?: Readable | undefined;
  /** Raw standard error, like `stdout`. */
  readonly stderr?: Readable | undefined;
  /** Sends a signal to the process. Returns false if there was nothing left to signal. */
  kill(signal: NodeJS.Signals): boolean;
  /** Resolves when the process is gone, even if another process holds its pipes; rejects if it never started. */
  readonly exited: Promise<ProcessExit>;
  /** Lets the process keep the host's event loop alive again. */
  ref?(): void;
  /**
   * Lets the host end while the process runs. The client calls this method if `unref()` of the client was
   * called and the plugin is idle.
   */
  unref?(): void;
}

/** Starts the process that `command` describes. */
export type Launcher = (command: LaunchCommand) => LaunchedProcess | Promise<LaunchedProcess>;

let execaModule: Promise<typeof import('execa')> | undefined;

function loadExeca(): Promise<typeof import('execa')> {
  execaModule ??= import('execa');
  return execaModule;
}

/** Starts to load execa before the first start. If loading fails, that start reports the failure. */
export function preloadExeca(): void {
  loadExeca().catch(() => {});
}

/** The ordinary launcher. Descriptors 3 and 4 carry the protocol. */
export const spawnLauncher: Launcher = async (command) => {
  const { stdin } = command;
  const child = await spawnWithPipes(command, [
    typeof stdin === 'string' ? stdin : 'pipe',
    'pipe',
    'pipe',
    'pipe',
    'pipe',
  ]);
  if (typeof stdin !== 'string' && child.process.stdin !== null)
    feed(stdin, child.process.stdin, child.exited);
  return handOver(child, child.process.stdio[4] as Socket, child.process.stdio[3] as Socket, command);
};

/**
 * @internal A spawned process and its exit. The process is wrapped in an object, because execa's process is a
 * thenable, and awaiting it would wait for every grandchild.
 */
export interface Spawned {
  readonly process: ChildProcess;
  readonly exited: Promise<ProcessExit>;
  /** Identifies the process's end of the protocol's pipe. */
  readonly pipeName: PipeName | undefined;
}

/** @internal Spawns a process with execa. The caller must drain the pipes immediately. */
export async function spawnWithPipes(
  command: LaunchCommand,
  stdio: readonly ('pipe' | 'inherit' | 'ignore')[],
): Promise<Spawned> {
  const { execa } = await loadExeca();
  const options = {
    ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
    env: command.env,
    extendEnv: false,
    stdio: stdio as readonly ['pipe', 'pipe', 'pipe'],
    buffer: false,
    reject: false,
    windowsHide: true,
    cleanup: false,
    encoding: 'buffer',
    // Windows can end a process tree without this option. With this option, Windows would open a console for
    // the process.
    detached: command.processGroup && process.platform !== 'win32',
  } as const;
  const descriptor = stdio.length > 3 ? 3 : 0;
  let pipeName: PipeName | undefined;
  const { child } = await hearChild(() => {
    const started = execa(command.file, command.args, options);
    // A wrapper may close its descriptor as soon as it has started the plugin, so the pipe's name is read
    // immediately.
    if (started.pid !== undefined) pipeName = pipeNameOf(started.pid, descriptor);
    return started;
  });
  const exit = defer<ProcessExit>();
  child.once('exit', (code, signal) => exit.resolve({ code, signal }));
  // If a pipe had no error listener, a plugin that dies during a write could end the host.
  for (const pipe of child.stdio) pipe?.on('error', ignoreError);
  if (child.pid !== undefined)
    return { process: child as unknown as ChildProcess, exited: exit.promise, pipeName };
  const result = await child;
  throw isError(result) ? (result.cause ?? result) : new Error('the process could not be started');
}

/** Milliseconds to wait for Node's report of a failed spawn. Node makes the report in the next tick. */
const reportMs = 100;

/**
 * Calls `spawn`, and listens for errors of the child from the moment when Node makes the child. If the host
 * is out of descriptors, Node makes a child without pipes. execa then throws before it listens for the
 * child's error event. Without a listener, that event would end the host.
 */
function hearChild<T>(spawn: () => T): { readonly child: T } | Promise<never> {
  const failed = defer<unknown>();
  let isMade = false;
  const listen = (message: unknown): void => {
    isMade = true;
    (message as { process: ChildProcess }).process.once('error', failed.resolve);
  };
  subscribe('child_process', listen);
  try {
    return { child: spawn() };
  } catch (error) {
    if (!isMade) throw error;
    return settlesWithin(failed.promise, reportMs).then(async (isReported) => {
      throw isReported ? await failed.promise : error;
    });
  } finally {
    unsubscribe('child_process', listen);
  }
}

const pipeNames = new WeakMap<Writable, PipeName>();

/**
 * @internal Returns the name of the plugin's end of the pipe to which `writable` writes. Undefined if no
 * launcher of this package made `writable`, or if the system has no such names.
 */
export function pipeNameBehind(writable: Writable): PipeName | undefined {
  return pipeNames.get(writable);
}

/** @internal Returns the client's view of a spawned process. */
export function handOver(
  spawned: Spawned,
  readable: Readable,
  writable: Writable,
  command: LaunchCommand,
): LaunchedProcess {
  const child = spawned.process;
  const { pid } = child;
  const handles = [child, ...new Set<unknown>(child.stdio)].filter(isReferable);
  if (spawned.pipeName !== undefined) pipeNames.set(writable, spawned.pipeName);
  return {
    pid,
    readable,
    writable,
    ...(child.stdout === readable ? {} : { stdout: child.stdout ?? undefined }),
    stderr: child.stderr ?? undefined,
    exited: spawned.exited,
    kill: (signal) => (command.processGroup ? killGroup(child, signal) : killChild(child, signal)),
    ref: () => handles.forEach((handle) => handle.ref()),
    unref: () => handles.forEach((handle) => handle.unref()),
  };
}

/**
 * Pipes `source`, which is the caller's stream, to the process, and unpipes it when the process is gone.
 * Never ends `source`.
 */
function feed(source: Readable, stdin: Writable, exited: Promise<ProcessExit>): void {
  // A stream that is destroyed or fails emits no 'end' that pipe() could pass on.
  const end = (): void => void stdin.end();
  if (source.destroyed) return end();
  source.once('close', end);
  source.pipe(stdin);
  void exited.then(() => {
    source.off('close', end);
    source.unpipe(stdin);
  });
}

/**
 * Ignores the error, because callers get the process's exit, which explains more than an EPIPE or ECONNRESET
 * on a pipe.
 */
function ignoreError(): void {}

interface Referable {
  ref(): void;
  unref(): void;
}

function isReferable(value: unknown): value is Referable {
  return typeof (value as Partial<Referable> | null)?.unref === 'function';
}
