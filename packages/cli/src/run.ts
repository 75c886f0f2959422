/** The command in a process of its own. */
import { main } from './main.ts';

/**
 * Runs a command line, without the program's name, with this process's standard streams, variables and Ctrl-C. Resolves to the exit
 * status. A program that takes it over sets `process.exitCode` and never calls `process.exit()`, which cuts what a pipe has not taken yet.
 */
export async function run(argv: readonly string[]): Promise<number> {
  return await main(argv, {
    stdin: () => process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    onInterrupt: (listener) => {
      process.on('SIGINT', listener);
      return () => process.off('SIGINT', listener);
    },
  });
}
