/** Recognizing the multi-line reports of a crash, so that a trace stays one record at error level. Pure, a line at a time. */

/** A kind of trace: how it begins, and whether a further line still belongs to it. */
interface TraceKind {
  begins(line: string): boolean;
  /** `last`: the line belongs and ends the trace. */
  goesOn(line: string, lines: readonly string[]): boolean | 'last';
  /** Whether what began like a trace is one; undefined while that can't be told yet. Without it, the beginning is proof. */
  proves?(lines: readonly string[]): boolean | undefined;
}

const python: TraceKind = {
  begins: (line) => /^(\s*\+ Exception Group )?Traceback \(most recent call last\):/.test(line),
  // Frames are indented; the first line that isn't is the exception itself. A chain goes on behind an empty line.
  goesOn: (line, lines) => {
    if (/^\s/.test(line) || line === '') return true;
    if (/^(During handling of the above|The above exception was)/.test(line)) return true;
    if (line.startsWith('Traceback (most recent')) return true;
    return /^[\w.]+(: |$)/.test(line) && (/^\s/.test(lines.at(-1) ?? '') || lines.length === 1);
  },
};

const go: TraceKind = {
  begins: (line) => /^(panic: |fatal error: |runtime: |SIG[A-Z]+: )/.test(line),
  goesOn: () => true,
};

const rust: TraceKind = {
  begins: (line) => /^thread '.*' (\(\d+\) )?panicked at /.test(line),
  goesOn: (line) => (line.startsWith('note: ') ? 'last' : true),
};

const node: TraceKind = {
  // `file:line`, the source line, a caret, an empty line, the error and its stack, and the version.
  begins: (line) => /^(node:|file:\/\/|\/|[A-Za-z]:\\|\[eval\])\S*:\d+$/.test(line),
  goesOn: (line) => (/^Node\.js v\d/.test(line) ? 'last' : true),
  proves: (lines) => (lines.length < 3 ? undefined : /^\s*\^+\s*$/.test(lines[2] ?? '')),
};

const v8: TraceKind = {
  begins: (line) => /^(<--- Last few GCs --->|FATAL ERROR: |# Fatal error in )/.test(line),
  goesOn: () => true,
};

/** A logged error: its name and message, then what is indented, of Node or of Java. */
const stack: TraceKind = {
  begins: (line) =>
    /^(Uncaught )?[\w$.]*(Error|Exception)( \[\w+\])?(: |$)/.test(line) ||
    line.startsWith('Exception in thread '),
  goesOn: (line, lines) =>
    /^\s+at /.test(line) || (lines.length > 1 && /^(\s+\S|[\]}]|Caused by: )/.test(line)),
};

const kinds: readonly TraceKind[] = [python, go, rust, node, v8, stack];

/** The trace that `line` begins, where it begins one. */
export function traceBegunBy(line: string): TraceKind | undefined {
  return kinds.find((kind) => kind.begins(line));
}

export type { TraceKind };
