#!/usr/bin/env node
/**
 * The program `pipework`. It sets `process.exitCode` instead of calling `process.exit()`, because
 * `process.exit()` drops output that a pipe has not accepted yet.
 */
/** How long the process waits for the reader of its output after Ctrl-C or `--timeout`, in milliseconds. */
const lingerMs = 1_000;

/**
 * The number of the status `broken`. It is repeated here, because `exit-status.ts` cannot be loaded if the
 * system refuses to open files.
 */
const brokenStatus = 3;

try {
  const { run, showWarnings } = await import('./run.ts');
  const { exitStatuses } = await import('./exit-status.ts');
  showWarnings();
  const status = await run(process.argv.slice(2));
  process.exitCode = status;
  // After Ctrl-C or `--timeout`, a reader that does not read the output must not keep the user waiting.
  if ([exitStatuses.deadline, exitStatuses.interrupted].some(([hasty]) => hasty === status))
    setTimeout(() => process.exit(), lingerMs).unref();
} catch (error) {
  if (error instanceof Error && 'syscall' in error) {
    // The system refused an operation, for example to open one more file. A stack trace would explain
    // nothing.
    process.stderr.write(`pipework: the command cannot run: ${error.message}\n`);
    process.exitCode = brokenStatus;
  } else {
    const { nodeCheck, supportsNode } = await import('./doctor/checks/node.ts');
    // A version of Node that is not supported may lack a feature that the imported modules need.
    if (supportsNode(process.versions.node)) throw error;
    const { found, todo } = nodeCheck.run({ nodeVersion: process.versions.node });
    process.stderr.write(`pipework: ${found}\n  to do: ${todo}\n`);
    process.exitCode = 1;
  }
}
