/**
 * Replaces a plugin process by a program on pipes in memory. A Client starts the program through its
 * launcher.
 */
import { PassThrough, type Readable, type Writable } from 'node:stream';
import { serve, type LaunchCommand, type LaunchedProcess, type ServeOptions } from '@pipework/core';
import { realTurn } from '../real-time.ts';
import { BytePipe, type BytePipeOptions } from './byte-pipe.ts';

export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * The way in which a program in memory crashes. The program cannot end its own process, because the host runs
 * in the same process.
 */
export interface CrashReport {
  /** The exit code; 1 if it is absent. */
  readonly code?: number;
  /** The signal that ends the program, in place of an exit code. */
  readonly signal?: NodeJS.Signals;
  /** The last text that the program wrote to its raw standard error. */
  readonly stderr?: string;
}

/** A process that a test can crash. */
export interface Crashable {
  readonly exited: Promise<ProcessEnd>;
  crash(report?: CrashReport): void;
}

/**
 * Maps each implementation that can crash its process to a function. The kit calls this function with the
 * process. See `fakePlugin`.
 */
export const crashable: WeakMap<object, (process: Crashable) => void> = new WeakMap();

/**
 * The pipes and the environment of a program in memory. They replace the descriptors and the environment of a
 * real process.
 */
export interface MemoryEnd {
  /** The bytes from the host, in place of descriptor 3. */
  readonly readable: Readable;
  /** The bytes to the host, in place of descriptor 4. */
  readonly writable: Writable;
  /** Raw standard error. */
  readonly stderr: Writable;
  /** The environment that the host gave. */
  readonly env: Readonly<Record<string, string>>;
  /**
   * Ends the process by a signal or by an exit code. If neither is given, the exit code is 0. Bytes that the
   * process has already written arrive nevertheless. Later calls do nothing.
   */
  exit(end?: { readonly code?: number | null; readonly signal?: NodeJS.Signals | null }): void;
}

/**
 * A program for a process in memory. If the program throws or rejects, the process ends with exit code 1 and
 * the reason on standard error.
 */
export type MemoryProgram = (end: MemoryEnd) => void | Promise<void>;

/** Returns a program that runs the real `serve`. */
export function serving<P, S>(options: ServeOptions<P, S>): MemoryProgram {
  return async ({ exit, env, ...pipes }) => {
    await serve<P, S>({ ...options, transport: { ...pipes, env: { ...env } } });
    exit();
  };
}

export class MemoryProcess implements Crashable {
  readonly toPlugin: BytePipe;
  readonly toHost: BytePipe;
  readonly exited: Promise<ProcessEnd>;
  readonly #stderr: PassThrough = new PassThrough();
  readonly #program: MemoryProgram;
  #resolveExit!: (end: ProcessEnd) => void;
  #end: ProcessEnd | undefined;

  constructor(program: MemoryProgram, pipes: { toPlugin: BytePipeOptions; toHost: BytePipeOptions }) {
    this.#program = program;
    this.toPlugin = new BytePipe(pipes.toPlugin);
    this.toHost = new BytePipe(pipes.toHost);
    this.exited = new Promise((resolve) => {
      this.#resolveExit = resolve;
    });
  }

  /** Runs the program. A Client gets this method as its launcher. */
  launch(command: LaunchCommand): LaunchedProcess {
    void this.#main(command.env);
    return {
      readable: this.toHost.readable,
      writable: this.toPlugin.writable,
      stderr: this.#stderr,
      kill: (signal) => this.#exit({ code: null, signal }),
      exited: this.exited,
    };
  }

  /**
   * Ends the process as if its program had failed. The host receives all bytes that the program has already
   * written.
   */
  crash({ code = 1, signal, stderr = '' }: CrashReport = {}): void {
    if (stderr !== '') this.#stderr.write(stderr.endsWith('\n') ? stderr : `${stderr}\n`);
    this.#exit(signal === undefined ? { code, signal: null } : { code: null, signal });
  }

  async #main(env: Readonly<Record<string, string>>): Promise<void> {
    try {
      await this.#program({
        readable: this.toPlugin.readable,
        writable: this.toHost.writable,
        stderr: this.#stderr,
        env,
        exit: ({ signal = null, code = signal === null ? 0 : null } = {}) =>
          void this.#exit({ code, signal }),
      });
    } catch (error) {
      this.crash({ stderr: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  }

  #exit(end: ProcessEnd): boolean {
    if (this.#end !== undefined) return false;
    this.#end = end;
    // An exit closes every descriptor. The bytes that the program has written stay in the pipe, and the host
    // reads them to the end.
    this.toHost.writable.end();
    this.toPlugin.readable.destroy();
    this.#stderr.end();
    void realTurn().then(() => {
      this.#resolveExit(end);
    });
    return true;
  }
}
