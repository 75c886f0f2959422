/** Plugin processes in memory, as many as are asked for: for what starts clients by itself. */
import type { LaunchCommand, LaunchedProcess } from '@pipework/core';
import { watched, type Plugins } from './connect.ts';
import { MemoryProcess, serving, type CrashReport, type MemoryProgram } from './memory/memory-process.ts';

/** A launcher for the `launcher` option of a `Client`, or of what is made of one. */
export interface MemoryLauncher {
  /** Starts a process in memory. A client calls it. */
  (command: LaunchCommand): LaunchedProcess;
  /** How many processes it has started. */
  readonly launches: number;
  /** Lets the process that was started last die: by an exit code, or by a signal, with a final output on standard error. */
  crash(report?: CrashReport): void;
}

const quiet = { onBytes: () => {}, onEvent: () => {} };

/**
 * Returns a launcher that starts no process. Each plugin that it starts runs `plugins` in this process, through the real `serve` and over
 * pipes in memory. Give it to what starts its clients by itself, such as a supervisor, to test its error paths without processes.
 * In place of plugins it takes a program of your own, which gets the plugin's ends of the pipes, for a peer that is written by hand.
 *
 * @example
 * ```ts
 * import { Supervisor } from '@pipework/fleet';
 * import { memoryLauncher } from '@pipework/testkit';
 *
 * interface Greeter {
 *   greet(name: string): Promise<string>;
 * }
 *
 * const launcher = memoryLauncher<{ greeter: Greeter }>({ greeter: () => ({ greet: async (name) => `Hi, ${name}` }) });
 * await using supervisor = new Supervisor<{ greeter: Greeter }>({ cmd: ['in memory'], launcher });
 * const greeter = await supervisor.dispense('greeter');
 * console.log(await greeter.greet('world'), launcher.launches); // Hi, world 1
 * ```
 */
export function memoryLauncher<P, S = Record<never, never>>(
  plugins: Plugins<P, S> | MemoryProgram,
): MemoryLauncher {
  const started: MemoryProcess[] = [];
  const launch = (command: LaunchCommand): LaunchedProcess => {
    const program =
      typeof plugins === 'function' ? plugins : serving({ plugins: watched(plugins, () => process) });
    const process: MemoryProcess = new MemoryProcess(program, { toPlugin: quiet, toHost: quiet });
    started.push(process);
    return process.launch(command);
  };
  return Object.defineProperties(launch, {
    launches: { get: () => started.length },
    crash: { value: (report?: CrashReport) => started.at(-1)?.crash(report) },
  }) as MemoryLauncher;
}
