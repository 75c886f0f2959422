/** The only parts of the process that a command uses. */
import type { Readable, Writable } from 'node:stream';

/**
 * The streams, environment, directory and interrupts that a command uses. A caller of `main()` can replace
 * those of the process.
 */
export interface Io {
  /**
   * Returns standard input. A command calls `stdin()` only if an argument needs it, because an open standard
   * input can keep the process alive.
   */
  stdin(): Readable;
  /** The stream for results. If `isTTY` is true, a person reads the results. */
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  /** The stream for messages and for the plugin's own output. */
  readonly stderr: Writable & { readonly isTTY?: boolean };
  /** The environment variables. The command reads its settings from them, and the plugin inherits them. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The directory that paths on the command line are relative to. */
  readonly cwd: string;
  /**
   * From now on, Ctrl-C calls `listener` and does not end the process. `run()` also calls `listener` at
   * SIGTERM and SIGHUP. Returns a function that removes the listener.
   */
  onInterrupt(listener: () => void): () => void;
}

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow';

const codes: Readonly<Record<Style, readonly [on: number, off: number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
};

/**
 * Returns the width of texts that a person reads: 80 columns, or the terminal's width if that is 40 to 79.
 */
export function widthOf({ stdout }: Pick<Io, 'stdout'>): number {
  const { isTTY, columns = 0 } = stdout;
  // A terminal of unknown width reports 0.
  return isTTY === true && columns >= narrowest && columns < widest ? columns : widest;
}

const widest = 80;
const narrowest = 40;

/**
 * Returns a function that adds a style to a text. The function adds no style if the output is not a terminal,
 * or if the user wants no colours.
 */
export function styler(
  io: Pick<Io, 'env' | 'stdout' | 'stderr'>,
  to: 'stdout' | 'stderr',
): (style: Style, text: string) => string {
  const { NO_COLOR: noColor = '', TERM: term } = io.env;
  const isStyled = io[to].isTTY === true && noColor === '' && term !== 'dumb';
  return (style, text) => {
    const [on, off] = codes[style];
    return isStyled ? `\u001b[${on}m${text}\u001b[${off}m` : text;
  };
}
