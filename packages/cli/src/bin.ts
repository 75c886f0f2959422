#!/usr/bin/env node
/**
 * The program `pipework`. The process ends by itself, because `process.exit()` drops output that a pipe has
 * not accepted yet.
 */
/** How long the output of a command that was interrupted, or ran out of time, is waited for, in milliseconds. */
const lingerMs = 1_000;

/** The status `broken` of `exitStatuses`, which this file cannot import if the system opens no file. */
const brokenStatus = 3;

try {
  const { run, showWarnings } = await import('./run.ts');
  const { exitStatuses } = await import('./exit-status.ts');
  showWarnings();
  const status = await run(process.argv.slice(2));
  process.exitCode = status;
  // If the reader of an output reads nothing, the command must not make a user wait who has stopped it.
  if ([exitStatuses.deadline, exitStatuses.interrupted].some(([hasty]) => hasty === status))
    setTimeout(() => process.exit(), lingerMs).unref();
} catch (error) {
  if (error instanceof Error && 'syscall' in error) {
    // The system refused something, for example one more open file. A stack would explain nothing.
    process.stderr.write(`pipework: the command cannot run: ${error.message}\n`);
    process.exitCode = brokenStatus;
  } else {
    const { nodeCheck, supportsNode } = await import('./doctor/checks/node.ts');
    // An old Node may lack what these modules need.
    if (supportsNode(process.versions.node)) throw error;
    const { found, todo } = nodeCheck.run({ nodeVersion: process.versions.node });
    process.stderr.write(`pipework: ${found}\n  to do: ${todo}\n`);
    process.exitCode = 1;
  }
}
