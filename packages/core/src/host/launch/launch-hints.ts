/**
 * Two registries for the notes on a failed start. One has the function of a launcher that returns likely
 * causes. The other has the program and arguments that ran in place of a command.
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

const replacements = new WeakMap<LaunchCommand, readonly string[]>();

/** Registers the program and arguments that a launcher runs in place of `command`. */
export function tellReplacement(command: LaunchCommand, words: readonly string[]): void {
  replacements.set(command, words);
}

/** Returns the program and arguments that were run in place of `command`. Undefined if `command` itself ran. */
export function replacementOf(command: LaunchCommand): readonly string[] | undefined {
  return replacements.get(command);
}
