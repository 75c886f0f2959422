/**
 * Keeps, for each launcher, a function that returns likely reasons why a command did not start. The notes on
 * a failed start include these reasons.
 */

import type { LaunchCommand, Launcher } from './spawn.ts';

type Hint = (command: LaunchCommand) => string[];

const hints = new WeakMap<Launcher, Hint>();

/** Registers `hint` for `launcher`, which must run programs of this system. Returns `launcher`. */
export function giveHint(launcher: Launcher, hint: Hint): Launcher {
  hints.set(launcher, hint);
  return launcher;
}

/**
 * Returns the hint of a launcher. Undefined if the launcher has no hint. A launcher without a hint may run
 * its programs on another system.
 */
export function hintOf(launcher: Launcher | undefined): Hint | undefined {
  return launcher && hints.get(launcher);
}
