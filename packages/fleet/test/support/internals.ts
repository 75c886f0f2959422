/** The one door through which fleet's tests reach what the package does not export: a move inside `src` is followed here, and nowhere else. */

export type { Action, StateOptions, SupervisorEvent } from '../../src/supervisor/events.ts';
export { SupervisorFacts } from '../../src/supervisor/state.ts';
export { PathWatch } from '../../src/supervisor/watch.ts';
