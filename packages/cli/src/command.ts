/** Defines the parts of a command: the data for parsing and help, and the function that runs it. */
import type { Io } from './io.ts';

export interface OptionSpec {
  readonly type: 'string' | 'boolean';
  /** The name of the value in the help, such as `MS`. */
  readonly value?: string;
  /** The allowed values; absent if any text is allowed. */
  readonly choices?: readonly string[];
  /** True if the value may have several of `choices`, separated by commas. */
  readonly isList?: boolean;
  readonly help: string;
}

export interface Command {
  readonly name: string;
  /** The operands as the help shows them, such as `NAME.METHOD [JSON...]`. */
  readonly operands: string;
  /** The minimum and maximum number of operands. */
  readonly operandCount: readonly [atLeast: number, atMost: number];
  /**
   * The allowed values of the operand, or `'directory'` if the operand names a directory. Absent if any text
   * is allowed.
   */
  readonly operandChoices?: readonly string[] | 'directory';
  /** True if a plugin's command line follows after `--`. */
  readonly takesPlugin: boolean;
  readonly summary: string;
  /** Paragraphs of the help. */
  readonly details: readonly string[];
  readonly options: Readonly<Record<string, OptionSpec>>;
  readonly examples: readonly string[];
  /**
   * Runs the command, and resolves to the exit status. If `run` rejects, `main()` reports the error, and the
   * error decides the status.
   */
  run(line: CommandLine, io: Io): Promise<number>;
}

/** A parsed command line. */
export interface CommandLine {
  readonly operands: readonly string[];
  readonly values: Readonly<Record<string, string | boolean | undefined>>;
  /** The plugin's file and arguments; empty for a command without a plugin. */
  readonly plugin: readonly string[];
}
