import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readRecord, type LogRecord } from './log-record.ts';
import { OutputLog } from './output-log.ts';

/** The records of an output that comes in these pieces. */
function records(...pieces: (string | Uint8Array)[]): LogRecord[] {
  const found: LogRecord[] = [];
  const log = new OutputLog((record) => found.push(record));
  for (const piece of pieces) log.push(typeof piece === 'string' ? Buffer.from(piece) : piece);
  log.end();
  return found;
}

/** Level and message of each record. */
function brief(...pieces: string[]): string[] {
  return records(...pieces).map(({ level, message }) => `${level}: ${message}`);
}

describe('a line', () => {
  test.each([
    [
      '{"@level":"warn","@message":"low disk","@timestamp":"2024-01-01T00:00:00.000000Z","free":3}',
      'warn',
      'low disk',
      { timestamp: '2024-01-01T00:00:00.000000Z', free: 3 },
    ],
    [
      '{"@level":"error","@message":"x","@timestamp":"2024-01-01T00:00:00Z"}',
      'error',
      'x',
      { timestamp: '2024-01-01T00:00:00Z' },
    ],
    [
      '{"level":30,"time":1700000000000,"pid":7,"msg":"pino says"}',
      'info',
      'pino says',
      { timestamp: 1700000000000, pid: 7 },
    ],
    ['{"name":"b","level":50,"msg":"bunyan","v":0}', 'error', 'bunyan', { name: 'b', v: 0 }],
    ['{"level":"WARNING","message":"winston"}', 'warn', 'winston', {}],
    ['{"severity":"critical","message":"cloud"}', 'error', 'cloud', {}],
    ['{"level":60,"msg":"fatal"}', 'error', 'fatal', {}],
    ['[WARN] careful', 'warn', 'careful', {}],
    ['[ERROR]: broken', 'error', 'broken', {}],
    ['2024/01/02 03:04:05 [TRACE] deep', 'trace', 'deep', {}],
    ['[info]', 'info', '', {}],
    ['[2026-01-01] [ERROR] z', 'error', 'z', {}],
    ['WARNING:root:x', 'warn', 'root:x', {}],
    ['ERROR something', 'error', 'something', {}],
    ['\u001b[31m[ERROR]\u001b[0m red', 'error', 'red', {}],
  ])('%s is a record', (line, level, message, fields) => {
    expect(readRecord(line)).toEqual({ level, message, fields, tagged: true });
  });

  test.each([
    'plain text',
    '[ not a level ] x',
    '[SHOUT] x',
    'NOTE that',
    'error count: 0',
    '{"broken": ',
    '{}',
    '{"@message":5}',
    '{"@message":{"a":1}}',
    '[1,2,3]',
    '{"level":"constructor"}',
    '{"level":{"toString":1},"x":null}',
    `{"a":${'['.repeat(5000)}${']'.repeat(5000)}}`,
  ])('%.60s is text, as it stands', (line) => {
    expect(readRecord(line)).toEqual({ level: 'debug', message: line, fields: {}, tagged: false });
  });

  test('cannot reach a prototype', () => {
    const record = readRecord('{"msg":"x","__proto__":{"polluted":true},"constructor":1}');
    expect(Object.getPrototypeOf(record.fields)).toBe(Object.prototype);
    expect(Object.hasOwn(record.fields, '__proto__')).toBe(true);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  test('never makes the reader throw', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.object().map((value) => JSON.stringify(value)),
        ),
        (line) => {
          readRecord(line);
        },
      ),
    );
  });
});

describe('an output', () => {
  test('gives the same records however it is cut', () => {
    const bytes = Buffer.from(
      '[INFO] grüße 🎉\nplain\n{"level":40,"msg":"ü"}\nTraceback (most recent call last):\n  File "x"\nValueError: 🎉\nend',
    );
    const whole = records(bytes);
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length)), (cuts) => {
        const places = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
        const pieces = places.slice(1).map((end, i) => bytes.subarray(places[i], end));
        expect(records(...pieces)).toEqual(whole);
      }),
    );
  });

  test('cuts a long line and says by how much, never inside a character', () => {
    const [record] = records(`[ERROR] ${'🎉'.repeat(50_000)}\n`);
    expect(record?.level).toBe('error');
    expect(record?.message).toMatch(/🎉 … \[\d+ characters cut\]$/);
    expect(record?.message.isWellFormed()).toBe(true);
    expect(record?.message.length).toBeLessThan(70_000);
  });

  test('drops carriage returns and empty lines', () => {
    expect(brief('a\r\n\r\n\nb\r\n')).toEqual(['debug: a', 'debug: b']);
  });

  test('keeps a trace of Node together', () => {
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
    expect(brief(`before\n${trace}\nafter\n`)).toEqual(['debug: before', `error: ${trace}`, 'debug: after']);
  });

  test('keeps a logged error with its stack and cause together', () => {
    const trace = [
      'TypeError: no',
      '    at a (x.js:1:1)',
      '    at b (x.js:2:1) {',
      '  [cause]: Error: why',
      '      at c (x.js:3:1)',
      '}',
    ].join('\n');
    expect(brief(`${trace}\nnext\n`)).toEqual([`error: ${trace}`, 'debug: next']);
  });

  test('keeps chained traces of Python together', () => {
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
    expect(brief(`${trace}\n[INFO] next line\n`)).toEqual([`error: ${trace}`, 'info: next line']);
  });

  test('leaves to themselves the lines behind a trace of Python that was not the end', async () => {
    const trace = 'Traceback (most recent call last):\n  File "a.py", line 1, in f\nValueError: x';
    const found: string[] = [];
    const log = new OutputLog(({ level, message }) => found.push(`${level}: ${message}`));
    log.push(Buffer.from(`${trace}\nlistening\n`));
    await expect.poll(() => found, { timeout: 5_000 }).toEqual([`error: ${trace}`, 'debug: listening']);
    log.end();
    expect(found).toHaveLength(2);
  });

  test('keeps a panic of Go together to the end', () => {
    const trace = 'panic: oh no\n\ngoroutine 1 [running]:\nmain.main()\n\t/x/main.go:4 +0x18\nexit status 2';
    expect(brief(`${trace}\n`)).toEqual([`error: ${trace}`]);
  });

  test('keeps a panic of Rust together up to its note', () => {
    const trace =
      "thread 'main' panicked at src/main.rs:2:5:\nboom\nnote: run with `RUST_BACKTRACE=1` environment variable to display a backtrace";
    expect(brief(`${trace}\nnext\n`)).toEqual([`error: ${trace}`, 'debug: next']);
  });

  test('keeps the report of a full heap together', () => {
    const trace =
      '<--- Last few GCs --->\n\n[1:0x1]  10 ms: Mark-Compact\n\nFATAL ERROR: Reached heap limit\n----- Native stack trace -----';
    expect(brief(`${trace}\n`)).toEqual([`error: ${trace}`]);
  });

  test('keeps an aggregate error, and Java’s causes, together', () => {
    const aggregate =
      'AggregateError: agg\n    at x (a.js:1:1) {\n  [errors]: [\n    Error: a\n        at y (a.js:2:1)\n  ]\n}';
    const java =
      'Exception in thread "main" java.lang.RuntimeException: x\n\tat A.main(A.java:3)\nCaused by: java.io.IOException: y\n\t... 1 more';
    expect(brief(`${aggregate}\nnext\n${java}\nlast\n`)).toEqual([
      `error: ${aggregate}`,
      'debug: next',
      `error: ${java}`,
      'debug: last',
    ]);
  });

  test('keeps an exception group of Python together', () => {
    const group =
      '  + Exception Group Traceback (most recent call last):\n  |   File "x"\n  | ExceptionGroup: g (2 sub-exceptions)\n  +-+---------------- 1 ----------------\n    | ValueError: 1\n    +------------------------------------';
    expect(brief(`${group}\n`)).toEqual([`error: ${group}`]);
  });

  test('does not take a path for the head of a trace', () => {
    expect(brief('/etc/hosts:12\nfile ok\nanother\nError count: 0\n')).toEqual(
      ['/etc/hosts:12', 'file ok', 'another', 'Error count: 0'].map((line) => `debug: ${line}`),
    );
    expect(brief('/etc/hosts:12\n')).toEqual(['debug: /etc/hosts:12']);
  });

  test('sees a trace behind what only looked like the head of one', () => {
    const trace = 'Traceback (most recent call last):\n  File "a.py", line 1, in f\nValueError: x';
    expect(brief(`/etc/hosts:12\n${trace}\n`)).toEqual(['debug: /etc/hosts:12', `error: ${trace}`]);
    expect(brief(`Exception ignored in: x\nplain\n`)).toEqual([
      'debug: Exception ignored in: x',
      'debug: plain',
    ]);
    expect(brief('  File "a.py", line 1\nplain\n')).toEqual(['debug:   File "a.py", line 1', 'debug: plain']);
  });

  test('gives back the lines behind an error that has no stack', () => {
    expect(brief('Error: a\nnext\nTypeError: b\n    at c (x.js:1:1)\nlast\n')).toEqual([
      'error: Error: a',
      'debug: next',
      'error: TypeError: b\n    at c (x.js:1:1)',
      'debug: last',
    ]);
  });

  test('ends a trace where a logger speaks', () => {
    expect(brief('panic: x\n\n[INFO] still here\n')).toEqual(['error: panic: x', 'info: still here']);
  });

  test('does not take the word error for a trace', () => {
    expect(
      brief('0 errors found\nerrors: none\nno Error here\n').every((line) => line.startsWith('debug')),
    ).toBe(true);
  });

  test('starts a new record where a trace does not end', () => {
    const found = records('panic: x\n', ...Array.from({ length: 1200 }, (_, i) => `line ${i}\n`));
    expect(found[0]?.message.split('\n').length).toBeLessThanOrEqual(500);
    expect(found.length).toBeGreaterThan(1);
  });
});

/** What a program prints on its standard error, and what is logged of it. */
function spoken(file: string, args: string[]): { output: string; found: string[] } {
  const { stderr } = spawnSync(file, args, { encoding: 'utf8', timeout: 20_000 });
  return { output: stderr.trimEnd().replace(/^\n/, ''), found: brief(stderr) };
}

const hasPython = spawnSync('python3', ['--version']).status === 0;

describe.skipIf(!hasPython)('what python3 prints (skipped without it on the PATH)', () => {
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
    ['a syntax error behind a traceback', 'exec("x = (")'],
    [
      'a fault in a thread',
      'import threading\nt = threading.Thread(target=lambda: 1/0)\nt.start()\nt.join()',
    ],
    ['a fault in a finalizer', 'class A:\n  def __del__(self): raise ValueError("d")\na = A()\ndel a'],
    [
      'an exception group behind another exception',
      String.raw`
try:
  raise ValueError("one\ntwo")
except ValueError as e:
  raise (ExceptionGroup("some\nfaults", [e, ExceptionGroup("inner", [KeyError("k")]), OSError()]) if "ExceptionGroup" in dir(__builtins__) else e)`,
    ],
  ])('%s is one record', (_name, program) => {
    const { output, found } = spoken('python3', ['-c', program]);
    expect(output).not.toBe('');
    expect(found).toEqual([`error: ${output}`]);
  });
});

describe('what node prints', () => {
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
    ['something that is no error', 'throw { a: 1 }'],
    ['a text', 'throw "text"'],
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
  ])('%s is one record', (_name, program) => {
    const { output, found } = spoken(process.execPath, ['-e', program]);
    expect(output).not.toBe('');
    expect(found).toEqual([`error: ${output}`]);
  });

  test('a program from standard input is traced too', () => {
    const { stderr } = spawnSync(process.execPath, ['-'], {
      encoding: 'utf8',
      input: 'throw new Error("x")',
    });
    expect(brief(stderr)).toEqual([`error: ${stderr.trim()}`]);
  });

  test('lines behind a logged error are not part of it', () => {
    const program =
      'console.error(new AggregateError([new Error("a")], "x")); console.error("next"); console.error("}")';
    const { found } = spoken(process.execPath, ['-e', program]);
    expect(found.slice(1)).toEqual(['debug: next', 'debug: }']);
  });
});
