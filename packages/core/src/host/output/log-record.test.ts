import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readRecord } from './log-record.ts';

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
    // A number below 8 is a syslog severity. slog writes a level as a name and a distance, as in `ERROR+2`.
    ['{"level":3,"msg":"syslog"}', 'error', 'syslog', {}],
    ['{"level":4,"short_message":"GELF"}', 'warn', 'GELF', {}],
    ['{"level":6,"msg":"notice"}', 'info', 'notice', {}],
    ['{"level":7,"msg":"quiet"}', 'debug', 'quiet', {}],
    ['{"level":"3","msg":"text"}', 'error', 'text', {}],
    ['{"level":"ERROR+2","msg":"slog"}', 'error', 'slog', {}],
    ['{"level":"INFO+3","msg":"slog"}', 'info', 'slog', {}],
    ['{"level":"DEBUG-1","msg":"slog"}', 'trace', 'slog', {}],
    ['{"level":"info","event":"structlog"}', 'info', 'structlog', {}],
    ['<3>out of disk', 'error', 'out of disk', {}],
    ['<30>a daemon speaks', 'info', 'a daemon speaks', {}],
    // logrus, slog, go-kit.
    [
      'time="2024-01-02T03:04:05Z" level=error msg="no \\"way\\"" code=7',
      'error',
      'no "way"',
      { timestamp: '2024-01-02T03:04:05Z', code: '7' },
    ],
    [
      'time=2024-01-02T03:04:05.000Z level=ERROR+2 msg=x',
      'error',
      'x',
      { timestamp: '2024-01-02T03:04:05.000Z' },
    ],
    ['level=warning msg="first"', 'warn', 'first', {}],
    ['ts=1 caller=main.go:12 level=debug msg=x', 'debug', 'x', { ts: '1', caller: 'main.go:12' }],
    ['level=error something else', 'error', 'level=error something else', {}],
    // Python's logging, zap, tracing, env_logger, loguru, logback, zerolog, Ruby.
    ['2024-01-02 03:04:05,678 ERROR broken', 'error', 'broken', {}],
    ['2024-01-02 03:04:05,678 - root - WARNING - careful', 'warn', 'careful', {}],
    ['2024-01-02T03:04:05.678Z\tERROR\tmain.go:12\tbroken', 'error', 'main.go:12\tbroken', {}],
    ['2024-01-02T03:04:05.678+0100\tinfo\tsmall letters', 'info', 'small letters', {}],
    ['2024-01-02T03:04:05.678901Z  WARN app::db: slow', 'warn', 'app::db: slow', {}],
    ['\u001b[2m2024-01-02T03:04:05Z\u001b[0m \u001b[31mERROR\u001b[0m app: red', 'error', 'app: red', {}],
    ['[2024-01-02T03:04:05Z ERROR app::db] lost', 'error', 'app::db: lost', {}],
    ['[03:04:05 INF] Serilog', 'info', 'Serilog', {}],
    ['2024-01-02 03:04:05.678 | ERROR    | app:f:12 - lost', 'error', 'app:f:12 - lost', {}],
    ['03:04:05.678 [main] ERROR com.Foo - lost', 'error', 'com.Foo - lost', {}],
    ['3:04PM ERR lost', 'error', 'lost', {}],
    ['2024/01/02 03:04:05 ERROR+2 slog', 'error', 'slog', {}],
    ['E, [2024-01-02T03:04:05.678 #12] ERROR -- : lost', 'error', 'lost', {}],
    ['2024-01-02 03:04:05,678 my.module ERROR lost', 'error', 'lost', {}],
    ['[2024-01-02 03:04:05,678: ERROR/MainProcess] celery', 'error', 'celery', {}],
    // env_logger and tracing without a time, and logrus on a terminal.
    ['[ERROR app::db] lost', 'error', 'app::db: lost', {}],
    ['[WARN  app] careful', 'warn', 'app: careful', {}],
    [' WARN app: careful', 'warn', 'app: careful', {}],
    [' ERROR app::db > lost', 'error', 'app::db > lost', {}],
    ['ERRO[0000] lost   key=value', 'error', 'lost   key=value', {}],
    ['FATA[0003] lost', 'error', 'lost', {}],
    ['INFO[0012] found', 'info', 'found', {}],
    // python-json-logger, Elastic's common schema, journald.
    ['{"levelname":"ERROR","message":"x"}', 'error', 'x', {}],
    ['{"log.level":"error","message":"ECS"}', 'error', 'ECS', {}],
    ['{"PRIORITY":"3","MESSAGE":"journald"}', 'error', 'journald', {}],
    ['priority=3 msg="x"', 'error', 'x', {}],
    // klog and glog.
    ['E0102 15:04:05.678901   12345 file.go:123] lost', 'error', 'lost', { caller: 'file.go:123' }],
    ['W20240102 15:04:05.678901 12345 file.cc:123] careful', 'warn', 'careful', { caller: 'file.cc:123' }],
    // Compilers and command-line tools.
    ['error: no such file', 'error', 'no such file', {}],
    ['warning: unused variable', 'warn', 'unused variable', {}],
    ['Warning: deprecated', 'warn', 'deprecated', {}],
    ['fatal: not a git repository', 'error', 'not a git repository', {}],
  ])('%s is a record', (line, level, message, fields) => {
    expect(readRecord(line)).toEqual({ level, message, fields, isTagged: true });
  });

  test.each([
    'plain text',
    '[ not a level ] x',
    '[SHOUT] x',
    '[ERROR handling is fun] x',
    ' ERROR handling is fun: it is',
    ' NOTE this: x',
    'ERRO[x] lost',
    '2024-01-02 03:04:05 this is an ERROR message',
    '2024-01-02 03:04:05 disk ERROR seen',
    'my priority=3 msg=x',
    'NOTE that',
    'error count: 0',
    'error:without a space',
    'errors: none',
    '2024-01-02 03:04:05 error connecting, so the other one',
    '2024-01-02 03:04:05 plain',
    'the level=error was set',
    'a=b c=d',
    '<999>x',
    'E0102 is a room',
    '/1',
    '{"broken": ',
    '{"msg": nothing that is JSON}',
    // A logger that recurses into this line's fields would exceed its stack.
    `{"msg":"x","a":${'['.repeat(5000)}${']'.repeat(5000)}}`,
    '{}',
    '{"@message":5}',
    '{"@message":{"a":1}}',
    '[1,2,3]',
    '{"level":"constructor"}',
    '{"level":{"toString":1},"x":null}',
    `{"a":${'['.repeat(5000)}${']'.repeat(5000)}}`,
  ])('%.60s is plain text and stays unchanged', (line) => {
    expect(readRecord(line)).toEqual({ level: 'debug', message: line, fields: {}, isTagged: false });
  });

  test('without a level gets the level of plain text', () => {
    expect(readRecord('{"msg":"x"}', 'info').level).toBe('info');
    expect(readRecord('x', 'info').level).toBe('info');
  });

  test('is logged with escaped control characters, in the message and in the fields', () => {
    const line = String.raw`{"msg":"a\u001b[2Jb\rc","k\u0007":["\u202ex",{"y":"\u009b"}]}`;
    expect(readRecord(line)).toMatchObject({
      message: String.raw`a\x1b[2Jb\x0dc`,
      fields: { [String.raw`k\x07`]: [String.raw`\u202ex`, { y: String.raw`\x9b` }] },
    });
    expect(readRecord('[WARN] a\rfaked\u001b[2J').message).toBe(String.raw`a\x0dfaked\x1b[2J`);
    expect(readRecord('plain \u001b]0;title\u0007').message).toBe(String.raw`plain \x1b]0;title\x07`);
    expect(readRecord(String.raw`level=info msg="a\u001b[2J"`).message).toBe(String.raw`a\x1b[2J`);
  });

  test('keeps keys such as __proto__ and 1020 when its texts are made printable', () => {
    const line = String.raw`{"msg":"x","__proto__":"\u0007","1020":["\u0007",{"2500":"\b","__proto__":{"\u0007":1}}],"a":{"1020":null}}`;
    const { fields } = readRecord(line);
    expect(JSON.stringify(fields)).toBe(
      String.raw`{"1020":["\\x07",{"2500":"\\x08","__proto__":{"\\x07":1}}],"__proto__":"\\x07","a":{"1020":null}}`,
    );
    expect(Object.getPrototypeOf(fields)).toBe(Object.prototype);
  });

  test('becomes a record that needs little memory, even if its keys are indexes', () => {
    setFlagsFromString('--expose-gc');
    const gc = runInNewContext('gc') as () => void;
    const objects = 5_000;
    const line = `{"msg":"\\u0007","1020":1,"a":[${Array.from({ length: objects }, () => '{"1020":1}').join(',')}]}`;
    gc();
    const before = process.memoryUsage().heapUsed;
    const record = readRecord(line);
    gc();
    expect((process.memoryUsage().heapUsed - before) / objects).toBeLessThan(1_000);
    expect((record.fields['a'] as unknown[]).length).toBe(objects);
  });

  test('cannot change a prototype', () => {
    const record = readRecord('{"msg":"x","__proto__":{"polluted":true},"constructor":1}');
    expect(Object.getPrototypeOf(record.fields)).toBe(Object.prototype);
    expect(Object.hasOwn(record.fields, '__proto__')).toBe(true);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  test('never makes readRecord() throw', () => {
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
