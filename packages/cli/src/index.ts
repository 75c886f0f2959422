/**
 * Runs the `pipework` command inside another program.
 *
 * @module
 */
export { main } from './main.ts';
export { run } from './run.ts';
export type { Io } from './io.ts';
export { exitStatuses, type ExitName } from './exit-status.ts';
