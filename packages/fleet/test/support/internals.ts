/**
 * Re-exports internal parts of fleet for its tests. No other test file imports internal parts from `src`, so
 * only this file changes if a file inside `src` moves.
 */

export type { Action, StateOptions, SupervisorEvent } from '../../src/supervisor/events.ts';
export { realClock } from '../../src/clock.ts';
export { defer } from '../../src/deferred.ts';
export { SupervisorFacts } from '../../src/supervisor/state.ts';
export { PathWatch } from '../../src/supervisor/watch.ts';
