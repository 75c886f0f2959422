/**
 * Recognises crash traces line by line, so that a trace of several lines becomes one record at error level.
 * For each kind of trace, a generator receives the lines, and yields how each line relates to the trace. Each
 * pattern in this file takes at most linear time.
 */

/**
 * How a line relates to a trace. `part`: it belongs to the trace. `maybe`: it is one of the first lines, and
 * only a later line can prove that these lines are a trace; at most five lines get this verdict. `perhaps`:
 * it belongs to the trace if a later line belongs to the trace. `last`: it is the last line of the trace.
 * `none`: it does not belong to the trace, which ended with the line before.
 */
export type Verdict = 'part' | 'maybe' | 'perhaps' | 'last' | 'none';

/**
 * A generator that yields the verdict on the line that it received last. The first verdict is on the first
 * line of the trace.
 */
export type Steps = Generator<Exclude<Verdict, 'last' | 'none'>, 'last' | 'none', string>;

/** A kind of trace. */
export interface TraceKind {
  begins(line: string): boolean;
  read(head: string): Steps;
  /**
   * True if the `perhaps` lines at the end of the output belong to the trace. No later line can prove this,
   * because the crash most likely ended the output.
   */
  readonly takesTheEnd?: true;
}

const isIndented = (line: string): boolean => line.startsWith(' ') || line.startsWith('\t');
const isFrame = (line: string): boolean => /^\s+at /.test(line);

const pythonHead = /^(\s*\+ Exception Group )?Traceback \(most recent call last\):/;
/** The line that precedes the traceback of a thread or a finalizer. */
const pythonPreface = /^Exception (in thread [^"].*:|ignored in: .*)$/;
/**
 * The start of a syntax error, which has no traceback. The next lines are the source line, perhaps a caret,
 * and the error.
 */
const pythonSyntaxHead = /^ {2}File ".*", line \d+$/;
const pythonChain = /^(During handling of the above|The above exception was)/;
/** The dotted name of an exception, whose class may be inside a function. */
const pythonException = /^[\w.<>]+(: |$)/;
const pythonGroupEnd = /^\s*\+-+$/;

const python: TraceKind = {
  begins: (line) => pythonHead.test(line) || pythonPreface.test(line) || pythonSyntaxHead.test(line),
  *read(head) {
    let line = head;
    if (pythonPreface.test(line)) {
      line = yield 'maybe';
      if (!pythonHead.test(line)) return 'none';
    }
    if (pythonSyntaxHead.test(line)) {
      for (let count = 0; count < 4 && isIndented(line); count++) line = yield 'maybe';
      if (!/^(Syntax|Indentation|Tab)Error: /.test(line)) return 'none';
    }
    for (;;) {
      if (pythonHead.test(line)) {
        const isGroup = isIndented(line);
        let last: string;
        do {
          last = line;
          line = yield 'part';
          // The message of an exception in a group may have further lines, which are not indented.
          while (isGroup && !pythonGroupEnd.test(last) && !isIndented(line)) line = yield 'perhaps';
        } while (isIndented(line));
        // A group of exceptions ends with a line of dashes, and any other trace ends with an exception.
        if (!pythonGroupEnd.test(last) && !pythonException.test(line)) return 'none';
        if (pythonGroupEnd.test(last)) {
          if (line === '') line = yield 'perhaps';
          if (!pythonChain.test(line)) return 'none';
        }
      }
      // The message of an exception may have any number of lines.
      if (!pythonChain.test(line)) line = yield 'part';
      while (!pythonChain.test(line)) line = yield 'perhaps';
      line = yield 'part';
      if (line !== '') return 'none';
      line = yield 'part';
      if (!pythonHead.test(line)) return 'none';
    }
  },
  takesTheEnd: true,
};

/** `goroutine 7 [running]:`. Go 1.23 and later write `gp=0xc0000061c0 m=0` before the state. */
const goHeader = /^(goroutine \d+ (\w+=\S+ )*\[.*\]:|runtime stack:)$/;
/** A line with a function and its arguments, such as `main.(*T).f(0x1, {0x2, ...})`. */
const goFunction = /^(panic|[^\s(.]+\.[^\s(]*(\([^\s()]+\)[^\s(]*)?)\([\da-fx?_., {}]*\)$/;
const goCreator = /^created by [^\s.]+\.\S+( in goroutine \d+)?$/;
const goRegister = /^[a-z0-9]{2,6} +0x[0-9a-f]+$/;

const go: TraceKind = {
  begins: (line) => /^(panic: |fatal error: |runtime: |SIG[A-Z]+: )/.test(line),
  *read(head) {
    let line = head;
    if (line.startsWith('SIG')) {
      // The program counter distinguishes the runtime's report from a message about a signal.
      line = yield 'maybe';
      if (!line.startsWith('PC=0x')) return 'none';
    }
    for (let count = 0; count < 4 && line.startsWith('runtime: '); count++) line = yield 'maybe';
    if (line.startsWith('runtime: ')) return 'none';
    if (head.startsWith('runtime: ') && !goHeader.test(line) && !line.startsWith('fatal error: '))
      return 'none';
    // This loop reads the message. Today Go indents the message's further lines, but older versions did not.
    for (let isFirst = true; !goHeader.test(line); isFirst = false)
      line = yield isFirst || /^(\t|\[signal |PC=0x)/.test(line) ? 'part' : 'perhaps';
    for (;;) {
      const isPart =
        line === '' ||
        line.startsWith('\t') ||
        line.startsWith('...') ||
        goHeader.test(line) ||
        goFunction.test(line) ||
        goCreator.test(line) ||
        goRegister.test(line);
      if (!isPart) return /^exit status \d+$/.test(line) ? 'last' : 'none';
      line = yield 'part';
    }
  },
};

const rustNote = /^note: [^`]*`RUST_BACKTRACE=/;
const rustHead = /^thread '.*' (\(\d+\) )?panicked at /;

const rust: TraceKind = {
  begins: (line) => rustHead.test(line.slice(0, 512)),
  *read(head) {
    let line = yield 'part';
    // The source position comes first, then the message. Before Rust 1.73 the message came first.
    if (head.endsWith(':')) line = yield 'part';
    while (!line.startsWith('stack backtrace:')) {
      if (rustNote.test(line)) return 'last';
      line = yield 'perhaps';
    }
    do line = yield 'part';
    while (isIndented(line));
    return rustNote.test(line) ? 'last' : 'none';
  },
};
const nodePlace = /^(node:|file:\/\/|\/|[A-Za-z]:\\|\[eval|\[stdin|<anonymous|evalmachine\.|undefined:)/;

/**
 * True if a line ends in a colon and a line number. The function checks from the end, because a regular
 * expression would try every position.
 */
function endsInNumber(line: string): boolean {
  let at = line.length - 1;
  while (at > line.length - 10 && isDigit(line.charCodeAt(at))) at--;
  return at < line.length - 1 && line[at] === ':';
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

const node: TraceKind = {
  // The report has `file:line`, the source line, a caret, an empty line, the error and its stack, and the
  // version.
  begins: (line) => nodePlace.test(line) && endsInNumber(line),
  *read() {
    yield 'maybe';
    let line = yield 'maybe';
    if (!/^\s*\^+\s*$/.test(line)) return 'none';
    line = yield 'part';
    if (line === '') line = yield 'part';
    // The first line of the thrown value is part of the report, whatever its text is. If a stack follows the
    // value's further lines, these belong to the report too.
    line = yield 'part';
    while (!isFrame(line) && !isIndented(line) && !line.startsWith('Node.js v')) line = yield 'perhaps';
    for (;;) {
      if (line.startsWith('Node.js v')) return 'last';
      if (isIndented(line) || line.startsWith('}') || line.startsWith(']')) line = yield 'part';
      else if (line === '') line = yield 'perhaps';
      else return 'none';
    }
  },
  takesTheEnd: true,
};

/** Matches a line of V8's report: a garbage collection, a heading, the error, or a frame. */
const v8Part = /^(\s|\[\d+:0x|<--- .*--->$|FATAL ERROR: |-{5} [A-Z].* -{5}$|={4} [A-Z].* ={4,}$|\d+: 0x)/;

/** V8's report of a fatal error. */
const v8: TraceKind = {
  begins: (line) => /^(<--- Last few GCs --->|FATAL ERROR: |# Fatal error in )/.test(line),
  *read(head) {
    let line = yield 'part';
    if (head.startsWith('#')) while (line.startsWith('#')) line = yield 'part';
    for (;;) {
      if (line === '') line = yield 'perhaps';
      else if (v8Part.test(line)) line = yield 'part';
      else return 'none';
    }
  },
};

/** Python's report of a fatal error. */
const pythonFatal: TraceKind = {
  begins: (line) => line.startsWith('Fatal Python error: '),
  *read() {
    let line = yield 'part';
    for (;;) {
      if (line === '') line = yield 'perhaps';
      else if (
        /^(\s|Python runtime state: |(Current thread|Thread) 0x[\da-f]+ |Current thread's |Extension modules: )/.test(
          line,
        )
      )
        line = yield 'part';
      else return 'none';
    }
  },
};

/** A logged error: its name and message, then indented lines, as Node or Java writes it. */
const stack: TraceKind = {
  begins: (line) =>
    /^(Uncaught )?[\w$.]*(Error|Exception)( \[\w+\])?(: |$)/.test(line) ||
    /^[\w$.]+ \[Error\]: /.test(line) ||
    (/^\[[\w$.]*(Error|Exception)(: |\])/.test(line) && line.endsWith('] {')) ||
    line.startsWith('Exception in thread '),
  *read(head) {
    let line = yield 'part';
    // If the first line opens no list of fields, the message may have further lines. If a stack follows these
    // lines, they belong to the trace.
    if (!head.endsWith(' {')) while (!isFrame(line)) line = yield 'perhaps';
    for (;;) {
      if (line.startsWith('}')) return 'last';
      if (/^(\s+\S|\]|Caused by: )/.test(line)) line = yield 'part';
      else return 'none';
    }
  },
};

const kinds: readonly TraceKind[] = [python, go, rust, node, v8, pythonFatal, stack];

/** Returns the kind of trace that `line` begins; undefined if `line` begins no trace. */
export function traceBegunBy(line: string): TraceKind | undefined {
  return kinds.find((kind) => kind.begins(line));
}
