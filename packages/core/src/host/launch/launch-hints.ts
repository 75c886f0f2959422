/**
 * Keeps, for each launcher, a function that knows why a command did not start. The notes of a failed start
 * use it.
 */

import type { LaunchCommand, Launcher } from './spawn.ts';

type Hint = (command: LaunchCommand) => string[];

const hints = new WeakMap<Launcher, Hint>();

/** Registers `hint` for `launcher`, which runs programs of this system. */
export function giveHint(launcher: Launcher, hint: Hint): Launcher {
  hints.set(launcher, hint);
  return launcher;
}

/**
 * Returns the hint of a launcher. Undefined if the launcher has no hint, because it may run its programs on
 * another system.
 */
export function hintOf(launcher: Launcher | undefined): Hint | undefined {
  return launcher && hints.get(launcher);
}
