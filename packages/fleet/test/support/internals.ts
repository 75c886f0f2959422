/**
 * Gives fleet's tests what the package does not export. No other test file imports it from `src`. If a file
 * inside `src` moves, only this file changes.
 */

export type { Action, StateOptions, SupervisorEvent } from '../../src/supervisor/events.ts';
export { defer } from '../../src/deferred.ts';
export { SupervisorFacts } from '../../src/supervisor/state.ts';
export { PathWatch } from '../../src/supervisor/watch.ts';
