/** What a launcher knows about a command that did not start, for the notes of the failed start. */

import type { LaunchCommand, Launcher } from './spawn.ts';

type Hint = (command: LaunchCommand) => string[];

const hints = new WeakMap<Launcher, Hint>();

/** Registers `hint` for `launcher`, which runs programs of this system. */
export function giveHint(launcher: Launcher, hint: Hint): Launcher {
  hints.set(launcher, hint);
  return launcher;
}

/**
 * Returns the hint of a launcher. Undefined if it has none, because it may run its programs on another
 * system.
 */
export function hintOf(launcher: Launcher | undefined): Hint | undefined {
  return launcher && hints.get(launcher);
}
