/**
 * Re-exports internal parts of isolate for its tests. No other file in `test` imports internal parts, so a
 * move inside `src` changes only this file.
 */

import { counting, type Use } from '../../src/measure.ts';

export { childrenOf } from '../../src/measure.ts';
export { read } from '../../src/system.ts';

/** Returns the sums of every step of a measurement. The last one is the result. */
export function stepsOf(pid: number, mayFork = true): Use[] {
  const steps = [];
  const look = counting(pid, mayFork);
  for (let step = look.next(); ; step = look.next()) {
    steps.push(step.value);
    if (step.done === true) return steps;
  }
}

/** Returns what the process and its descendants use. */
export const measure = (pid: number): Use => stepsOf(pid).at(-1) as Use;
