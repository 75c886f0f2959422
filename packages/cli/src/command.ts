/** The shape of a command: data from which parsing and help are made, and one function. */
import type { Io } from './io.ts';

export interface OptionSpec {
  readonly type: 'string' | 'boolean';
  /** What stands for the value in the help: `MS`. */
  readonly value?: string;
  /** The only values that it takes, if it takes no others. */
  readonly choices?: readonly string[];
  readonly help: string;
}

export interface Command {
  readonly name: string;
  /** What stands behind the name and the options: `NAME.METHOD [JSON...]`. */
  readonly operands: string;
  /** At least and at most so many operands. */
  readonly operandCount: readonly [atLeast: number, atMost: number];
  /** The only values of the operand, if it takes no others. */
  readonly operandChoices?: readonly string[];
  /** True if a plugin's command line follows behind `--`. */
  readonly takesPlugin: boolean;
  readonly summary: string;
  /** Paragraphs of the help. */
  readonly details: readonly string[];
  readonly options: Readonly<Record<string, OptionSpec>>;
  readonly examples: readonly string[];
  /** Returns the exit status. What it throws is reported and becomes a status. */
  run(line: CommandLine, io: Io): Promise<number>;
}

/** A command line, taken apart. */
export interface CommandLine {
  readonly operands: readonly string[];
  readonly values: Readonly<Record<string, string | boolean | undefined>>;
  /** The plugin's file and arguments; empty for a command without a plugin. */
  readonly plugin: readonly string[];
}
