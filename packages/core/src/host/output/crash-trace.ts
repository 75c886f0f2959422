/** Recognizing the multi-line reports of a crash, so that a trace stays one record at error level. Pure, a line at a time. */

/**
 * What a further line is to a trace: part of it, its last line, no part, or `perhaps`: that shows when a part follows it. Lines
 * that are perhaps part are held back, and are not in the `lines` of the next question.
 */
type Verdict = boolean | 'last' | 'perhaps';

/** A kind of trace: how it begins, and whether a further line still belongs to it. */
interface TraceKind {
  begins(line: string): boolean;
  goesOn(line: string, lines: readonly string[]): Verdict;
  /** Whether what began like a trace is one; undefined while that can't be told yet. Without it, the beginning is proof. */
  proves?(lines: readonly string[]): boolean | undefined;
  /** Whether what is perhaps part of it is part when the output ends there: the trace is then most likely why it ended. */
  readonly takesTheEnd?: true;
}

const pythonHead = /^(\s*\+ Exception Group )?Traceback \(most recent call last\):/;
/** Of a thread, of a finalizer: a traceback follows. */
const pythonPreface = /^Exception (in thread [^"].*:|ignored in: .*)$/;
/** A syntax error has no traceback: this, the line, perhaps a caret, the error. */
const pythonSyntaxHead = /^ {2}File ".*", line \d+$/;
const pythonChain = /^(During handling of the above|The above exception was)/;
/** An exception by its name, dotted, which may be of a class inside a function. */
const pythonException = /^[\w.<>]+(: |$)/;
const groupLine = /^\s*(\||\+[-+ ])/;
const groupEnd = /^\s*\+-+$/;

const python: TraceKind = {
  begins: (line) => pythonHead.test(line) || pythonPreface.test(line) || pythonSyntaxHead.test(line),
  goesOn: (line, lines) => {
    const last = lines.at(-1) ?? '';
    if (pythonChain.test(line)) return true;
    if (pythonHead.test(line)) return last === '' || pythonPreface.test(last);
    if (pythonPreface.test(last)) return false;
    const inGroup = lines.some((taken) => groupLine.test(taken));
    if (inGroup && groupLine.test(line)) return true;
    if (groupEnd.test(last)) return line === '' ? 'perhaps' : false;
    // Frames are indented; the first line that isn't is the exception itself, and its message may have further lines.
    const inFrames = last === '' || /^\s/.test(last) || pythonHead.test(last) || pythonChain.test(last);
    if (!inFrames) return 'perhaps';
    return /^\s/.test(line) || line === '' || pythonException.test(line) || (inGroup && 'perhaps');
  },
  proves: (lines) => {
    const first = lines[0] ?? '';
    if (pythonHead.test(first)) return true;
    if (lines.length === 1) return undefined;
    if (pythonPreface.test(first)) return pythonHead.test(lines[1] ?? '');
    const error = lines.find((line) => !/^\s/.test(line));
    if (error === undefined) return lines.length > 4 ? false : undefined;
    return /^(Syntax|Indentation|Tab)Error: /.test(error);
  },
  takesTheEnd: true,
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
  begins: (line) =>
    /^(node:|file:\/\/|\/|[A-Za-z]:\\|\[eval|\[stdin|<anonymous|evalmachine\.|undefined:).*:?\d+$/.test(line),
  goesOn: (line) => (/^Node\.js v\d/.test(line) ? 'last' : true),
  proves: (lines) => (lines.length < 3 ? undefined : /^\s*\^+\s*$/.test(lines[2] ?? '')),
};

/** V8's and Python's own last words: nothing follows them. */
const fatal: TraceKind = {
  begins: (line) =>
    /^(<--- Last few GCs --->|FATAL ERROR: |# Fatal error in |Fatal Python error: )/.test(line),
  goesOn: () => true,
};

/** A logged error: its name and message, then what is indented, of Node or of Java. */
const stack: TraceKind = {
  begins: (line) =>
    /^(Uncaught )?[\w$.]*(Error|Exception)( \[\w+\])?(: |$)/.test(line) ||
    /^[\w$.]+ \[Error\]: /.test(line) ||
    /^\[[\w$.]*(Error|Exception)(: .*)?\] \{$/.test(line) ||
    line.startsWith('Exception in thread '),
  goesOn: (line, lines) => {
    if (/^\s+at /.test(line)) return true;
    // Without a stack yet: the head opens a list of fields, or its message has further lines.
    if (lines.length === 1 && lines[0]?.endsWith(' {') !== true)
      return traceBegunBy(line) === undefined && 'perhaps';
    if (line.startsWith('}')) return 'last';
    return /^(\s+\S|\]|Caused by: )/.test(line);
  },
};

const kinds: readonly TraceKind[] = [python, go, rust, node, fatal, stack];

/** The trace that `line` begins, where it begins one. */
export function traceBegunBy(line: string): TraceKind | undefined {
  return kinds.find((kind) => kind.begins(line));
}

export type { TraceKind };
