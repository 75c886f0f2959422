/**
 * What a program needs that runs the `pipework` command inside itself.
 *
 * @module
 */
export { main } from './main.ts';
export { run } from './run.ts';
export type { Io } from './io.ts';
export { exitStatuses, type ExitName } from './exit-status.ts';
