/**
 * The time that reading plugins' output may take in one turn of the event loop. All plugins of a host share it, so that no flood of
 * lines, of however many plugins, keeps the host from its timers and from `kill()`.
 */

import { clock, realTimers } from '../../base/timers.ts';

/** Milliseconds of one turn. With the callbacks of the turn before it, some 10 ms without a look at timers. */
const budgetMs = 5;

/** Work that can be done piece by piece. */
export interface Backlog {
  /** Does a piece that takes a millisecond or two at most. Returns false if nothing is left. */
  workOn(): boolean;
}

/** The readers that wait for a further turn, in the order in which they get one. */
const waiting = new Set<Backlog>();
let turnBegan: number | undefined;

/** Works on `backlog` now, as long as this turn has time, and on what is left in the turns that follow. */
export function catchUp(backlog: Backlog): void {
  if (waiting.has(backlog)) return;
  while (hasTime()) if (!backlog.workOn()) return;
  waiting.add(backlog);
}

function hasTime(): boolean {
  const now = clock();
  if (turnBegan === undefined) {
    turnBegan = now;
    realTimers.setImmediate(nextTurn);
  }
  return now - turnBegan < budgetMs;
}

function nextTurn(): void {
  turnBegan = undefined;
  while (waiting.size > 0 && hasTime()) {
    for (const backlog of waiting) {
      // Taken out and put back: the next turn begins with the one behind it.
      waiting.delete(backlog);
      if (backlog.workOn()) waiting.add(backlog);
      if (!hasTime()) break;
    }
  }
}
