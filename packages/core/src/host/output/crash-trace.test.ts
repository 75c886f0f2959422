import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import type { LogRecord } from './log-record.ts';
import { OutputLog } from './output-log.ts';
import { TraceGatherer } from './trace-gatherer.ts';

/** Returns the records of an output that arrives in these pieces. */
async function records(...pieces: (string | Uint8Array)[]): Promise<LogRecord[]> {
  const found: LogRecord[] = [];
  const log = new OutputLog((record) => found.push(record));
  for (const piece of pieces) log.push(typeof piece === 'string' ? Buffer.from(piece) : piece);
  await log.end();
  return found;
}

/** Returns the level and message of each record. */
async function brief(...pieces: string[]): Promise<string[]> {
  return (await records(...pieces)).map(({ level, message }) => `${level}: ${message}`);
}

describe('the log of an output', () => {
  test('keeps a trace of Node together', async () => {
    const trace = [
      '/app/plugin.js:3',
      "  throw new Error('boom');",
      '  ^',
      '',
      'Error: boom',
      '    at run (/app/plugin.js:3:9)',
      '    at node:internal/main:1:1 {',
      '  code: 7',
      '}',
      '',
      'Node.js v20.20.2',
    ].join('\n');
    expect(await brief(`before\n${trace}\nafter\n`)).toEqual([
      'debug: before',
      `error: ${trace}`,
      'debug: after',
    ]);
  });

  test('keeps a logged error with its stack and cause together', async () => {
    const trace = [
      'TypeError: no',
      '    at a (x.js:1:1)',
      '    at b (x.js:2:1) {',
      '  [cause]: Error: why',
      '      at c (x.js:3:1)',
      '}',
    ].join('\n');
    expect(await brief(`${trace}\nnext\n`)).toEqual([`error: ${trace}`, 'debug: next']);
  });

  test('makes the text of a trace printable', async () => {
    const raw = 'Error: \x1b[2J\x07\u202Eno\n    at f (/a.js:1:1)\n';
    expect(await brief(raw)).toEqual(['error: Error: \\x1b[2J\\x07\\u202eno\n    at f (/a.js:1:1)']);
  });

  test('keeps chained traces of Python together', async () => {
    const trace = [
      'Traceback (most recent call last):',
      '  File "a.py", line 1, in <module>',
      '    f()',
      'KeyError: 1',
      '',
      'During handling of the above exception, another exception occurred:',
      '',
      'Traceback (most recent call last):',
      '  File "a.py", line 3, in <module>',
      'a.b.MyError: bad',
    ].join('\n');
    expect(await brief(`${trace}\n[INFO] next line\n`)).toEqual([`error: ${trace}`, 'info: next line']);
  });

  test('does not add later lines to a trace of Python that did not end the program', async () => {
    const trace = 'Traceback (most recent call last):\n  File "a.py", line 1, in f\nValueError: x';
    const found: string[] = [];
    const log = new OutputLog(({ level, message }) => found.push(`${level}: ${message}`));
    log.push(Buffer.from(`${trace}\nlistening\n`));
    await expect.poll(() => found, { timeout: 5_000 }).toEqual([`error: ${trace}`, 'debug: listening']);
    await log.end();
    expect(found).toHaveLength(2);
  });

  test('keeps a panic of Go together to its end', async () => {
    const trace = 'panic: oh no\n\ngoroutine 1 [running]:\nmain.main()\n\t/x/main.go:4 +0x18\nexit status 2';
    expect(await brief(`${trace}\n`)).toEqual([`error: ${trace}`]);
  });

  test('keeps a panic of Rust together, up to the note about backtraces', async () => {
    const trace =
      "thread 'main' panicked at src/main.rs:2:5:\nboom\nnote: run with `RUST_BACKTRACE=1` environment variable to display a backtrace";
    expect(await brief(`${trace}\nnext\n`)).toEqual([`error: ${trace}`, 'debug: next']);
  });

  test('keeps the report of a full heap together', async () => {
    const trace =
      '<--- Last few GCs --->\n\n[1:0x1]  10 ms: Mark-Compact\n\nFATAL ERROR: Reached heap limit\n----- Native stack trace -----';
    expect(await brief(`${trace}\n`)).toEqual([`error: ${trace}`]);
  });

  test('keeps an aggregate error, and an exception of Java with its causes, together', async () => {
    const aggregate =
      'AggregateError: agg\n    at x (a.js:1:1) {\n  [errors]: [\n    Error: a\n        at y (a.js:2:1)\n  ]\n}';
    const java =
      'Exception in thread "main" java.lang.RuntimeException: x\n\tat A.main(A.java:3)\nCaused by: java.io.IOException: y\n\t... 1 more';
    expect(await brief(`${aggregate}\nnext\n${java}\nlast\n`)).toEqual([
      `error: ${aggregate}`,
      'debug: next',
      `error: ${java}`,
      'debug: last',
    ]);
  });

  test('keeps an exception group of Python together', async () => {
    const group =
      '  + Exception Group Traceback (most recent call last):\n  |   File "x"\n  | ExceptionGroup: g (2 sub-exceptions)\n  +-+---------------- 1 ----------------\n    | ValueError: 1\n    +------------------------------------';
    expect(await brief(`${group}\n`)).toEqual([`error: ${group}`]);
  });

  test('does not mistake a path for the start of a trace', async () => {
    expect(await brief('/etc/hosts:12\nfile ok\nanother\nError count: 0\n')).toEqual(
      ['/etc/hosts:12', 'file ok', 'another', 'Error count: 0'].map((line) => `debug: ${line}`),
    );
    expect(await brief('/etc/hosts:12\n')).toEqual(['debug: /etc/hosts:12']);
  });

  test('finds a trace after a line that only looked like the start of a trace', async () => {
    const trace = 'Traceback (most recent call last):\n  File "a.py", line 1, in f\nValueError: x';
    expect(await brief(`/etc/hosts:12\n${trace}\n`)).toEqual(['debug: /etc/hosts:12', `error: ${trace}`]);
    expect(await brief(`Exception ignored in: x\nplain\n`)).toEqual([
      'debug: Exception ignored in: x',
      'debug: plain',
    ]);
    expect(await brief('  File "a.py", line 1\nplain\n')).toEqual([
      'debug:   File "a.py", line 1',
      'debug: plain',
    ]);
  });

  test('does not add later lines to an error that has no stack', async () => {
    expect(await brief('Error: a\nnext\nTypeError: b\n    at c (x.js:1:1)\nlast\n')).toEqual([
      'error: Error: a',
      'debug: next',
      'error: TypeError: b\n    at c (x.js:1:1)',
      'debug: last',
    ]);
  });

  test('ends a trace at a line that a logger wrote', async () => {
    expect(await brief('panic: x\n\n[INFO] still here\n')).toEqual(['error: panic: x', 'info: still here']);
  });

  test('does not mistake the word error for a trace', async () => {
    const found = await brief('0 errors found\nerrors: none\nno Error here\n');
    expect(found.map((line) => line.split(':')[0])).toEqual(['debug', 'debug', 'debug']);
  });

  test('starts a new record when a trace exceeds the limit of lines', async () => {
    const frames = Array.from({ length: 1200 }, (_, i) => `main.f${i}()\n\t/x/main.go:${i} +0x18\n`);
    const found = await records('panic: x\n\ngoroutine 1 [running]:\n', ...frames);
    expect(found.map(({ level, message }) => [level, message.split('\n').length <= 500])).toEqual(
      Array.from({ length: 5 }, () => ['error', true]),
    );
  });
});

/** Resolves to the records of an output that has not ended, as soon as there are `count` records. */
async function running(text: string, count: number): Promise<string[]> {
  const found: string[] = [];
  const log = new OutputLog(({ level, message }) => found.push(`${level}: ${message}`));
  log.push(Buffer.from(text));
  await expect.poll(() => found.length, { timeout: 5_000 }).toBe(count);
  return found;
}

describe('a whole trace', () => {
  test.each([
    [
      'of a panic of Go',
      [
        'panic: boom [recovered]',
        '\tpanic: again',
        '[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x45e0e0]',
        '',
        'goroutine 1 gp=0xc0000061c0 m=0 mp=0x57fd20 [running, locked to thread]:',
        'panic({0x45e0e0?, 0x4b5f38?})',
        '\t/usr/lib/go/src/runtime/panic.go:770 +0x132 fp=0xc000072f20 sp=0xc000072e70 pc=0x434d72',
        'main.(*Tree[...]).Walk(0xc00001c0a8, {0x1, 0x2, ...}, _)',
        '\t/x/main.go:4 +0x18',
        'main.sum[...](...)',
        '\t/x/main.go:9',
        'created by example.com/a/b.(*T).Start.func1 in goroutine 7',
        '\t/x/b.go:12 +0x65',
        '',
        'goroutine 5 [chan receive, 2 minutes]:',
        'main.main.func1()',
        '\t/x/main.go:12 +0x1f',
        '...additional frames elided...',
        'created by main.main',
        '\t/x/main.go:11 +0x5a',
        'exit status 2',
      ],
    ],
    [
      'of a signal in Go',
      [
        'SIGQUIT: quit',
        'PC=0x45d5c1 m=0 sigcode=0',
        '',
        'goroutine 0 [idle]:',
        'runtime.futex(0x52c8a8, 0x80, 0x0, 0x0, 0x0, 0x0)',
        '\t/usr/lib/go/src/runtime/sys_linux_amd64.s:557 +0x21',
        '',
        'rax    0xca',
        'r8     0x0',
        'rip    0x45d5c1',
      ],
    ],
    [
      'of a fatal error of Go',
      [
        'runtime: goroutine stack exceeds 1000000000-byte limit',
        'fatal error: stack overflow',
        '',
        'runtime stack:',
        'runtime.throw({0x46a3e5?, 0x0?})',
        '\t/usr/lib/go/src/runtime/panic.go:1047 +0x5d',
      ],
    ],
    [
      'of a failed check of V8',
      [
        '# Fatal error in , line 0',
        '# Check failed: it.IsValid().',
        '#',
        '#FailureMessage Object: 0x7ffe0c0d5b80',
        '----- Native stack trace -----',
        '',
        ' 1: 0xb1a5b1  [node]',
        '10: 0x1050bd5 V8_Fatal(char const*, ...) [node]',
      ],
    ],
    [
      'of a full heap of V8',
      [
        '<--- Last few GCs --->',
        '',
        '[12345:0x5581a0]    52 ms: Mark-Compact 4.1 (5.0) -> 4.0 (6.0) MB, 1.2 / 0.0 ms',
        '',
        '<--- JS stacktrace --->',
        '',
        'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory',
        '----- Native stack trace -----',
        '',
        ' 1: 0xb090e0 node::Abort() [node]',
        '----- JavaScript stack trace -----',
        '',
        '1: 0x7f2f19e0a1',
      ],
    ],
    [
      'of a panic of Rust',
      [
        "thread 'main' panicked at src/main.rs:2:5:",
        'several lines',
        'of message',
        'stack backtrace:',
        '   0: rust_begin_unwind',
        '             at /rustc/90b35a6/library/std/src/panicking.rs:597:5',
        'note: Some details are omitted, run with `RUST_BACKTRACE=full` for a verbose backtrace.',
      ],
    ],
    [
      'of a fatal error of Python',
      [
        'Fatal Python error: Segmentation fault',
        '',
        'Thread 0x00007f2f19e0a740 (most recent call first):',
        '  File "a.py", line 3 in wait',
        '',
        'Current thread 0x00007f2f19e0b740 (most recent call first):',
        '  File "a.py", line 9 in <module>',
        '',
        'Extension modules: numpy.core._multiarray_umath (total: 1)',
      ],
    ],
  ])('%s is one record', async (_name, lines) => {
    const trace = lines.join('\n');
    expect(await brief(`${trace}\nrequest (1) handled\n`)).toEqual([
      `error: ${trace}`,
      'debug: request (1) handled',
    ]);
  });
});

describe('ordinary lines that resemble lines of a trace are separate records', () => {
  test.each([
    [
      'a report of V8',
      'FATAL ERROR: cannot read config, using defaults',
      ['[12:00:01] GET / 200', '[1] ready', '# heading', '-----', '==== menu', '<--- sent', 'request done'],
    ],
    [
      'a panic of Go',
      'panic: recovered, going on',
      [
        'request 1 handled',
        'goroutine 7 finished its work',
        'request(2) handled()',
        'runtime stack: 5 frames',
      ],
    ],
    [
      'the frames of a panic of Go',
      'panic: x\n\ngoroutine 1 [running]:\nmain.main()\n\t/x/main.go:4 +0x18',
      ['request(2) handled()', 'f(2)', 'created by the user', 'goroutine 7 ended'],
    ],
    [
      'a panic of Rust',
      "thread 'worker' panicked at a.rs:4:5:\nboom",
      ['request 1', 'note: cache is warm', 'request 2'],
    ],
    ['an error of Python', 'Fatal Python error: not really', ['Thread 0x is fine', 'Current threads: 5']],
  ])('lines like those of %s', async (_name, head, lines) => {
    expect(await brief(`${[head, ...lines].join('\n')}\n`)).toEqual([
      `error: ${head}`,
      ...lines.map((line) => `debug: ${line}`),
    ]);
  });

  test('lines like those of the report of a signal', async () => {
    const lines = ['SIGTERM: shutting down', 'PC=5 connections', 'request 2', 'goroutine 1 ended', 'bye'];
    expect(await brief(`${lines.join('\n')}\n`)).toEqual(lines.map((line) => `debug: ${line}`));
  });
});

describe('lines that follow a trace, or a line that looks like the start of a trace', () => {
  const lines = ['request 0 handled', '  indented', 'request 1 handled', '', 'request 2 handled'];
  const plain = lines.filter((line) => line !== '').map((line) => `debug: ${line}`);

  test.each([
    ['a recovered panic of Go', 'panic: assignment to nil map [recovered]', 'error'],
    ['a deadlock of Go', 'fatal error: all goroutines are asleep - deadlock!', 'error'],
    [
      'a panic of a thread of Rust',
      "thread 'worker' panicked at src/main.rs:4:5:\nindex out of bounds",
      'error',
    ],
    ['an older panic of Rust', "thread 'worker' panicked at 'boom', src/main.rs:4:5", 'error'],
    ['a message about a signal', 'SIGHUP: reloading configuration', 'debug'],
    ['a message about a runtime', 'runtime: goroutine stack exceeds', 'debug'],
    ['a logged exception', 'Error: caught and logged', 'error'],
    ['a place in a file', '/etc/hosts:12', 'debug'],
  ])('are separate records: after %s', async (_name, head, level) => {
    expect(await running(`${head}\n${lines.join('\n')}\n`, plain.length + 1)).toEqual([
      `${level}: ${head}`,
      ...plain,
    ]);
    expect(await brief(`${head}\n${lines.join('\n')}\n`)).toEqual([`${level}: ${head}`, ...plain]);
  });

  test.each([
    ['a fatal error of Python', 'Fatal Python error: not really', 'request handled'],
    ['a fatal error of V8', 'FATAL ERROR: Reached heap limit', 'request handled'],
    ['a logged error with its stack', 'Error: caught\n    at f (a.js:1:1)', 'request handled'],
    [
      'a whole panic of Go',
      'panic: x\n\ngoroutine 1 [running]:\nmain.main()\n\t/x/main.go:4 +0x18',
      'request (1) handled',
    ],
    [
      'a whole panic of Rust',
      "thread 'main' panicked at a.rs:1:1:\nboom\nstack backtrace:\n   0: main\n             at ./a.rs:1:1",
      'next',
    ],
    ['a whole trace of Node', '/app/a.js:3\n  f()\n  ^\n\nError: x\n    at f (a.js:1:1)', 'next'],
    [
      'a group of Python',
      '  + Exception Group Traceback (most recent call last):\n  | ExceptionGroup: g\n  +------------------------------------',
      'next',
    ],
  ])('are separate records without a wait: after %s', (_name, trace, next) => {
    const found: string[] = [];
    const gatherer = new TraceGatherer(({ level, message }) => found.push(`${level}: ${message}`), 'debug');
    for (const line of `${trace}\n${next}`.split('\n')) gatherer.take(line);
    // No timer is needed here, because the first line that cannot belong to a trace ends the trace.
    expect(found).toEqual([`error: ${trace}`, `debug: ${next}`]);
    gatherer.end();
  });

  test('are separate records even after a trace whose lines arrive slowly', async () => {
    const found: string[] = [];
    const log = new OutputLog(({ level, message }) => found.push(`${level}: ${message}`));
    log.push(Buffer.from('Traceback (most recent call last):\n  File "a.py", line 1, in f\n'));
    await expect.poll(() => found.length, { timeout: 5_000 }).toBe(1);
    log.push(Buffer.from('ValueError: late\nlistening\n'));
    await expect.poll(() => found.length, { timeout: 5_000 }).toBe(3);
    expect(found.slice(1)).toEqual(['error: ValueError: late', 'debug: listening']);
  });
});

/** Returns the text that a program prints on its standard error, and the records of that text. */
async function spoken(file: string, args: string[]): Promise<{ output: string; found: string[] }> {
  const { stderr } = spawnSync(file, args, { encoding: 'utf8', timeout: 20_000 });
  return { output: stderr.trimEnd().replace(/^\n/, ''), found: await brief(stderr) };
}

const hasPython = spawnSync('python3', ['--version']).status === 0;

describe.skipIf(!hasPython)(`output of python3${hasPython ? '' : ' (SKIPPED: needs python3)'}`, () => {
  test.each([
    ['an exception with several lines of message', String.raw`raise ValueError("multi\nline\n\n  last")`],
    ['an exception without a message', 'raise KeyboardInterrupt'],
    ['an exception of a class in a function', 'def f():\n  class E(Exception): pass\n  raise E("x")\nf()'],
    ['a note', String.raw`e = ValueError("x"); e.__notes__ = ["one\ntwo"]; raise e`],
    [
      'a chain whose messages have several lines',
      String.raw`
try:
  raise KeyError("b\nc")
except KeyError as e:
  raise RuntimeError("no\nway") from e`,
    ],
    ['a syntax error', 'x = = 1'],
    ['an indentation error', 'if 1:\npass'],
    ['a syntax error after a traceback', 'exec("x = (")'],
    [
      'a fault in a thread',
      'import threading\nt = threading.Thread(target=lambda: 1/0)\nt.start()\nt.join()',
    ],
    ['a fault in a finalizer', 'class A:\n  def __del__(self): raise ValueError("d")\na = A()\ndel a'],
    [
      'an exception group after another exception',
      String.raw`
try:
  raise ValueError("one\ntwo")
except ValueError as e:
  raise (ExceptionGroup("some\nfaults", [e, ExceptionGroup("inner", [KeyError("k")]), OSError()]) if "ExceptionGroup" in dir(__builtins__) else e)`,
    ],
  ])('%s is one record', async (_name, program) => {
    const { output, found } = await spoken('python3', ['-c', program]);
    expect(output).not.toBe('');
    expect(found).toEqual([`error: ${output}`]);
  });
});

describe('output of node', () => {
  test.each([
    ['an error with several lines of message', String.raw`throw new Error('a\nb\n\nc')`],
    [
      'an aggregate error',
      String.raw`throw new AggregateError([new Error('a'), new TypeError('b\nc')], 'x')`,
    ],
    ['a rejected aggregate error', 'Promise.any([Promise.reject(new Error("q"))])'],
    [
      'an error with a cause and fields',
      'throw Object.assign(new Error("x", { cause: new Error("c") }), { code: 7 })',
    ],
    ['a thrown object that is not an error', 'throw { a: 1 }'],
    ['a thrown text', 'throw "text"'],
    ['a rejected text', 'Promise.reject("text")'],
    ['a syntax error', 'this is none'],
    ['bad JSON', 'JSON.parse("{bad")'],
    ['a missing module', 'require("/none")'],
    ['a logged error', String.raw`console.error(new Error('a\nb\n\nc'))`],
    ['a logged error of a class', 'console.error(new (class Foo extends Error {})("m"))'],
    ['a logged aggregate error', 'console.error(new AggregateError([new Error("a")], "x"))'],
    [
      'a logged aggregate error without a stack',
      'Promise.any([Promise.reject(new Error("q"))]).catch(console.error)',
    ],
  ])('%s is one record', async (_name, program) => {
    const { output, found } = await spoken(process.execPath, ['-e', program]);
    expect(output).not.toBe('');
    expect(found).toEqual([`error: ${output}`]);
  });

  test('the trace of a program from standard input is one record', async () => {
    const { stderr } = spawnSync(process.execPath, ['-'], {
      encoding: 'utf8',
      input: 'throw new Error("x")',
    });
    expect(await brief(stderr)).toEqual([`error: ${stderr.trim()}`]);
  });

  test('lines after a logged error do not become part of the error’s record', async () => {
    const program =
      'console.error(new AggregateError([new Error("a")], "x")); console.error("next"); console.error("}")';
    const { found } = await spoken(process.execPath, ['-e', program]);
    expect(found.slice(1)).toEqual(['debug: next', 'debug: }']);
  });
});
