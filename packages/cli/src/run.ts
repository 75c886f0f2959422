/** Runs the command in this process. */
import { fstatSync } from 'node:fs';
import { splitAtPlugin } from './correction.ts';
import { CommandBroken, UsageError } from './exit-status.ts';
import { main } from './main.ts';
import { warningLine } from './report.ts';

/**
 * Runs the command line `argv`, which begins after the program's name. Uses this process's standard streams,
 * environment and Ctrl-C. Resolves to the exit status. To end with that status, set `process.exitCode`. Do
 * not call `process.exit()`, because it drops output that a pipe has not accepted yet. SIGTERM and SIGHUP end
 * the command as Ctrl-C does, and then end this process.
 */
export async function run(argv: readonly string[]): Promise<number> {
  let stdin: NodeJS.ReadStream | undefined;
  const heard = new Set<NodeJS.Signals>();
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
        const onSignal = (name: NodeJS.Signals): void => {
          heard.add(name);
          listener();
        };
        for (const name of interrupts) process.on(name, onSignal);
        return () => interrupts.forEach((name) => process.off(name, onSignal));
      },
    });
  } finally {
    // An unfinished read would keep the process alive while standard input is open.
    stdin?.destroy();
    dieOf(heard);
  }
}

/**
 * The signals that interrupt a command. A plugin leads a process group of its own, so these signals do not
 * reach the plugin. Windows has only Ctrl-C.
 */
const interrupts: readonly NodeJS.Signals[] =
  process.platform === 'win32' ? ['SIGINT'] : ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Ends this process by a signal that a command has handled, because the sender of the signal expects the
 * process to end. After Ctrl-C, the process exits with status 130 instead. If the program has a listener of
 * its own for the signal, that listener decides.
 */
function dieOf(heard: ReadonlySet<NodeJS.Signals>): void {
  for (const name of heard)
    if (name !== 'SIGINT' && process.listenerCount(name) === 0) process.kill(process.pid, name);
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
  // If the user has turned warnings off, Node has no listener.
  for (const listener of process.listeners('warning')) {
    process.off('warning', listener);
    process.on('warning', (warning) => {
      if (warning.name !== 'PipeworkWarning') return listener.call(process, warning);
      const isForMachines = splitAtPlugin(process.argv).own.includes('--json');
      stderr.write(warningLine(warning.message, { env, stdout, stderr }, isForMachines));
    });
  }
}
