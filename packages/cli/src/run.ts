/** Runs the command in this process. */
import { fstatSync } from 'node:fs';
import { splitAtPlugin } from './correction.ts';
import { CommandBroken, UsageError } from './exit-status.ts';
import { main } from './main.ts';
import { warningLine } from './report.ts';

/**
 * Runs the command line `argv`, which begins after the program's name. Uses this process's standard streams,
 * environment and Ctrl-C. Resolves to the exit status. To end with that status, set `process.exitCode`. Do
 * not call `process.exit()`, because it drops output that a pipe has not accepted yet.
 */
export async function run(argv: readonly string[]): Promise<number> {
  let stdin: NodeJS.ReadStream | undefined;
  try {
    return await main(argv, {
      stdin: () => {
        refuseDirectory();
        return (stdin = process.stdin);
      },
      stdout: process.stdout,
      stderr: process.stderr,
      env: process.env,
      get cwd() {
        return workingDirectory();
      },
      onInterrupt: (listener) => {
        process.on('SIGINT', listener);
        return () => process.off('SIGINT', listener);
      },
    });
  } finally {
    // A read that is under way would keep the process alive while the input is open.
    stdin?.destroy();
  }
}

function workingDirectory(): string {
  try {
    return process.cwd();
  } catch (error) {
    throw new CommandBroken('the working directory does not exist any more. Change to another, by cd', {
      cause: error,
    });
  }
}

/** Throws if standard input is a directory, because Node would read a directory as an empty file. */
function refuseDirectory(): void {
  if (fstatSync(0).isDirectory())
    throw new UsageError('standard input cannot be read: it is a directory (EISDIR)');
}

/**
 * Prints pipework's warnings of this process (`PipeworkWarning`) in the form of the command's own warnings.
 * Other warnings keep Node's form.
 */
export function showWarnings(): void {
  const { env, stdout, stderr } = process;
  // Node has no listener if the user wants no warnings.
  for (const listener of process.listeners('warning')) {
    process.off('warning', listener);
    process.on('warning', (warning) => {
      if (warning.name !== 'PipeworkWarning') return listener.call(process, warning);
      const isForMachines = splitAtPlugin(process.argv).own.includes('--json');
      stderr.write(warningLine(warning.message, { env, stdout, stderr }, isForMachines));
    });
  }
}
