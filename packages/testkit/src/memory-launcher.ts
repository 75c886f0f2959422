/** Starts any number of plugin processes in memory, for code that starts its clients itself. */
import type { LaunchCommand, LaunchedProcess } from '@pipework/core';
import { watched, type Plugins } from './connect.ts';
import { MemoryProcess, serving, type CrashReport, type MemoryProgram } from './memory/memory-process.ts';

/** A launcher for the option `launcher` of a `Client`, or of an object that makes its own clients. */
export interface MemoryLauncher {
  /** Starts a process in memory. A client calls this function. */
  (command: LaunchCommand): LaunchedProcess;
  /** How many processes the launcher has started. */
  readonly launches: number;
  /**
   * Ends the newest process like a crash, with an exit code or a signal, and with a final output on standard
   * error.
   */
  crash(report?: CrashReport): void;
}

const quiet = { onBytes: () => {}, onEvent: () => {} };

/**
 * Returns a launcher for plugins in memory. Each process that the launcher starts serves `plugins` with the
 * real `serve`, over pipes in memory. Give the launcher to code that starts its own clients, such as a
 * supervisor, to test error paths without real processes. For a peer that does not use `serve`, pass a
 * program of your own in place of `plugins`. That program gets the plugin's ends of the pipes.
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
