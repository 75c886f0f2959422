/**
 * The time that the host may spend on plugins' output in one turn of the event loop. All plugins of a host
 * share this time. Thus even a flood of lines from many plugins cannot delay the host's timers and `kill()`
 * for long.
 */

import { AsyncResource } from 'node:async_hooks';
import { clock, realTimers } from '../../base/timers.ts';

/**
 * The budget of one turn in milliseconds. A timer may wait for two of these budgets, about 10 ms: callbacks
 * spend one, and `nextTurn()` spends another.
 */
const budgetMs = 5;

/** Work that can be done in pieces. */
export interface Backlog {
  /** Does a piece of work that takes at most a millisecond or two. Returns false if nothing is left. */
  workOn(): boolean;
}

/** The backlogs that wait for a further turn, in order, each with the async context in which it was added. */
const waiting = new Map<Backlog, AsyncResource>();
let turnBegan: number | undefined;

/** Works on `backlog` while this turn has time, and on the rest in the next turns. */
export function catchUp(backlog: Backlog): void {
  if (waiting.has(backlog)) return;
  while (hasTime()) if (!backlog.workOn()) return;
  waiting.set(backlog, new AsyncResource('PIPEWORK_BACKLOG'));
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
    for (const [backlog, context] of waiting) {
      // The backlog is removed and added again, so that the next turn begins with another backlog.
      waiting.delete(backlog);
      if (context.runInAsyncScope(() => backlog.workOn())) waiting.set(backlog, context);
      if (!hasTime()) break;
    }
  }
}
