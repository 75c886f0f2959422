/**
 * Starts a process with two pipes for the protocol. Defines the launcher's contract, and the ordinary
 * launcher, which uses execa.
 */

import type { ChildProcess } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
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
  /** The variables of the handshake alone, for launchers that do not pass on an environment by themselves. */
  readonly handshakeEnv: Readonly<Record<string, string>>;
  /** The process's standard input: the host's own, an empty input, or the content of this stream. */
  readonly stdin: 'inherit' | 'ignore' | Readable;
  /** True if the process must lead a process group of its own, and `kill` must reach all of it. */
  readonly processGroup: boolean;
}

/** Facts about the end of a process that only the launcher knows. The client copies it to its exit report. */
export interface LaunchReport {
  /**
   * The limit that ended the process. A launcher sets it only on evidence: if the launcher ended the process
   * itself, or has measured the use.
   */
  readonly limit?: 'memory' | 'cpu';
  /** Why the launcher ended the process, or what it knows of the end, in a sentence for people. */
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
  /** The signal that ended the process; null if it ended by itself. */
  readonly signal: NodeJS.Signals | null;
}

/**
 * A process as a launcher returns it. The object must not be a thenable, because awaiting it would wait for
 * the end of the process. The launcher owns it, and the client uses only these members.
 */
export interface LaunchedProcess {
  /** The operating system's id, if it is a process of this system. */
  readonly pid?: number | undefined;
  /** Protocol bytes from the plugin. */
  readonly readable: Readable;
  /** Protocol bytes to the plugin; the client ends it. */
  readonly writable: Writable;
  /** Raw standard output. The client drains it from the moment when the launcher hands it over. */
  readonly stdout?: Readable | undefined;
  /** Raw standard error, like `stdout`. */
  readonly stderr?: Readable | undefined;
  /** Returns false if there was nothing left to signal. */
  kill(signal: NodeJS.Signals): boolean;
  /** Resolves when the process is gone, even if another process holds its pipes; rejects if it never started. */
  readonly exited: Promise<ProcessExit>;
  /** Lets the process keep the host's event loop alive again. */
  ref?(): void;
  /**
   * Lets the host end while the process runs. The client calls this when the client's own `unref()` is
   * called.
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
 * @internal A spawned process and its end. An object holds both, because execa's process is a thenable that
 * waits for every grandchild.
 */
export interface Spawned {
  readonly process: ChildProcess;
  readonly exited: Promise<ProcessExit>;
  /** Identifies the process's end of the protocol's pipe. */
  readonly pipeName: PipeName | undefined;
}

/** @internal Spawns by execa. The caller must drain the pipes at once. */
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
    // Windows can end a process tree without this option, and with it would open a console for the process.
    detached: command.processGroup && process.platform !== 'win32',
  } as const;
  const descriptor = stdio.length > 3 ? 3 : 0;
  let pipeName: PipeName | undefined;
  const { child } = await hearChild(() => {
    const started = execa(command.file, command.args, options);
    // A wrapper may close its descriptor once it has started the plugin, so this must not wait.
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
  throw result instanceof Error ? (result.cause ?? result) : new Error('the process could not be started');
}

/** Milliseconds to wait for Node's report of a failed spawn, which comes in the next tick. */
const reportMs = 100;

/**
 * Listens for errors of the child that `spawn` makes, from the child's first moment. If the host is out of
 * descriptors, Node makes a child without pipes. execa then throws before it listens for the error event that
 * follows. Without a listener, that event would end the host.
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
 * @internal Returns what identifies the plugin's end of the pipe behind a stream, if a launcher of this package
 * has made it.
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
 * Pipes the caller's stream to the process, and releases it when the process is gone. Only the caller ends
 * that stream.
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
