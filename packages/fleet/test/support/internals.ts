/**
 * The only access of fleet's tests to what the package does not export. After a move inside `src`, only this
 * file changes.
 */

export type { Action, StateOptions, SupervisorEvent } from '../../src/supervisor/events.ts';
export { defer } from '../../src/deferred.ts';
export { SupervisorFacts } from '../../src/supervisor/state.ts';
export { PathWatch } from '../../src/supervisor/watch.ts';
