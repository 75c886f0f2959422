/** What a command is given of the process that it runs in. Nothing else of it is read or written. */
import type { Readable, Writable } from 'node:stream';

/** The streams, the environment and the interrupts that the command works with in place of those of the process. */
export interface Io {
  /** Asked for only if an argument comes from standard input: opening it can hold the process. */
  stdin(): Readable;
  /** Where results go. `isTTY` true means that they are shown to a person. */
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  /** Where messages and the plugin's own output go. */
  readonly stderr: Writable & { readonly isTTY?: boolean };
  /** The environment that the command reads its settings from, and that the plugin inherits. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The directory that paths on the command line are relative to. */
  readonly cwd: string;
  /** Calls `listener` at each Ctrl-C from now on, instead of what the process does by itself. Returns what undoes it. */
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

/** How wide the lines of a text for a person are: 80 columns, or fewer in a terminal that is narrower. */
export function widthOf({ stdout }: Pick<Io, 'stdout'>): number {
  const { isTTY, columns = 0 } = stdout;
  // A terminal of unknown width says 0.
  return isTTY === true && columns >= narrowest && columns < widest ? columns : widest;
}

const widest = 80;
const narrowest = 40;

/** Returns what puts a style on a text for this output: none if it is no terminal, or the user wants none. */
export function styler(io: Io, to: 'stdout' | 'stderr'): (style: Style, text: string) => string {
  const { NO_COLOR: noColor = '', TERM: term } = io.env;
  const isStyled = io[to].isTTY === true && noColor === '' && term !== 'dumb';
  return (style, text) => {
    const [on, off] = codes[style];
    return isStyled ? `\u001b[${on}m${text}\u001b[${off}m` : text;
  };
}
