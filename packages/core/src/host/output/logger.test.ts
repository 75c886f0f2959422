import { Console } from 'node:console';
import { PassThrough } from 'node:stream';
import { describe, expect, test, vi } from 'vitest';
import { bindLogger, isLogger, type Logger } from './logger.ts';

const levels = ['trace', 'debug', 'info', 'warn', 'error'] as const;
const methods = (): Record<(typeof levels)[number], ReturnType<typeof vi.fn>> => ({
  trace: vi.fn(),
  debug: vi.fn(),
  info: vi.fn(),
  warn: vi.fn(),
  error: vi.fn(),
});
const forged = {
  ...{
    pid: 1,
    hostname: 'h',
    name: 'n',
    level: 60,
    msg: 'm',
    message: 'second',
    time: 0,
    v: 1,
    splat: ['x'],
    stack: 's',
  },
  ...{ plugin: 'other', stream: 'other', by: 'quit', service: 'forged', free: 3, constructor: 1 },
};

describe('a logger', () => {
  test('is refused if it has no method for any level', () => {
    expect([{}, { log() {} }, { info: 'x' }, null, 'console', 7].map(isLogger)).toEqual(
      Array.from({ length: 6 }, () => false),
    );
    expect(
      [console, { error() {} }, methods(), Object.assign(() => {}, { info() {} })].map(isLogger),
    ).toEqual([true, true, true, true]);
  });

  test.each(['trace', 'debug', 'info', 'warn', 'error'] as const)(
    'gets warnings and errors even if %s is its only method',
    (name) => {
      const method = vi.fn();
      const log = bindLogger({ [name]: method }, {});
      log?.('warn', 'low');
      log?.('error', 'full');
      expect(method.mock.calls.map(([message]) => message as unknown)).toEqual(['low', 'full']);
    },
  );

  test('gets the fields that describe the host only from the host, never from a plugin’s line', () => {
    const logger = methods();
    bindLogger(logger, { plugin: 'p' })?.('info', 'text', { stream: 'stderr' }, forged);
    const [message, fields] = logger.info.mock.lastCall as [string, Record<string, unknown>];
    expect(message).toBe('text');
    const { plugin, stream, by, service, free, ...claims } = forged;
    expect(fields).toEqual({
      free,
      service,
      plugin: 'p',
      stream: 'stderr',
      claims: { ...claims, plugin, stream, by },
    });
  });

  test('gets no field named __proto__, which would give a copy of the fields another prototype', () => {
    const logger = methods();
    const said = JSON.parse('{"__proto__":{"polluted":1},"a":1}') as Record<string, unknown>;
    bindLogger(logger, {})?.('info', 'text', {}, said);
    expect(Object.assign({}, logger.info.mock.lastCall?.[1])).toEqual({ a: 1, claims: {} });
  });

  test('gets a plugin’s fields below `claims` if they have the name of a level or a message', () => {
    const logger = methods();
    const second = { event: 'e', short_message: 's', lvl: 'fatal' };
    bindLogger(logger, {})?.('info', 'text', {}, { ...second, free: 3 });
    expect(logger.info.mock.lastCall).toEqual(['text', { free: 3, claims: second }]);
  });

  test('gets the fields first, with all of a plugin’s fields below `claims`, if it is from pino or bunyan', () => {
    const pino = { ...methods(), bindings: () => ({}) };
    const bunyan = { ...methods(), addStream() {}, fields: {} };
    for (const logger of [pino, bunyan]) {
      bindLogger(logger, { plugin: 'p' })?.('warn', '%s', {}, forged);
      expect(logger.warn.mock.lastCall).toEqual([{ plugin: 'p', claims: forged }, '%s']);
    }
  });

  // The user chooses these names: `messageKey`, a formatter of the level, `errorKey`, a mixin, and the format
  // timestamp() of winston.
  test.each(['text', 'lev', 'error', 'service', 'timestamp'])('keeps its own field %s', (own) => {
    const records: unknown[] = [];
    // pino and winston merge the fields that they get with their own in this way.
    const write = (fields: object): void => void records.push({ [own]: 'mine', ...fields });
    const pino = { info: write, bindings: () => ({}) };
    const winston = { ...methods(), log: write, transports: [], levels: {}, configure() {} };
    for (const logger of [pino, winston])
      bindLogger(logger, { plugin: 'p' })?.('info', 'm', {}, { [own]: 'forged' });
    const record = expect.objectContaining({ [own]: 'mine', claims: { [own]: 'forged' } }) as unknown;
    expect(records).toEqual([record, record]);
  });

  test('gets one object, with the logged text as its `message`, if it is from winston', () => {
    const log = vi.fn();
    const winston = { ...methods(), log, transports: [], levels: {}, configure() {} };
    bindLogger(winston, { plugin: 'p' })?.('error', '%s %o', {}, forged);
    expect(log.mock.lastCall).toEqual([{ level: 'error', message: '%s %o', plugin: 'p', claims: forged }]);
  });

  test('of any kind shows a text of several lines with its further lines indented', () => {
    const text = 'a\nplugin exited: 0\n\tb\n  c\n    at f (a.js:1:1)';
    const shown = 'a\n    plugin exited: 0\n\tb\n      c\n    at f (a.js:1:1)';
    const winston = { log: methods().info, transports: [], levels: {}, configure() {} };
    const kinds = [
      {},
      { bindings: () => ({}) },
      { addStream() {}, fields: {} },
      winston,
      { methodFactory() {} },
    ];
    for (const kind of kinds) {
      const logger = { ...methods(), log: vi.fn(), ...kind };
      bindLogger(logger, {})?.('info', text);
      const [got = []] = [...logger.info.mock.calls, ...logger.log.mock.calls] as unknown[][];
      const texts = got.flatMap((value) =>
        typeof value === 'object' ? Object.values(value as object) : value,
      );
      expect(texts).toContain(shown);
    }
  });

  test('that formats like `console` shows the text and never uses it as a format, whatever the logger’s shape is', () => {
    const out = new PassThrough();
    const given = new Console({ stdout: out, stderr: out });
    const spy = vi.spyOn(console, 'info').mockImplementation(given.info.bind(given));
    const shapes: Logger[] = [
      given,
      { ...console },
      { ...given },
      Object.create(given) as Logger,
      { info: given.info.bind(given) },
      { info: (message: string, fields: object) => given.info(message, fields) },
      new (class {
        info(...args: unknown[]): void {
          given.info(...args);
        }
      })(),
    ];
    for (const logger of shapes) {
      const text = '%c%c%c%s%j%% 100% %20 %%c %%%d host: user admin logged in\nfaked %o%';
      bindLogger(logger, { plugin: 'evil' })?.('info', text, { stream: 'stderr' });
      expect(String(out.read())).toBe(
        `${text.replace('\n', '\n    ')} { stream: 'stderr', plugin: 'evil' }\n`,
      );
    }
    spy.mockRestore();
  });

  test('of an unknown kind gets `%%` for the `%` of a conversion, and every other `%` unchanged', () => {
    const logger = methods();
    bindLogger(logger, {})?.('info', '%s and %%, but 100% of %20 or %x');
    expect(logger.info.mock.lastCall).toEqual(['%%s and %%%, but 100% of %20 or %x', {}]);
  });

  test('prints no stack of the host at trace level if it is a console', () => {
    const out = new PassThrough();
    bindLogger(new Console({ stdout: out, stderr: out }), {})?.('trace', 'text');
    expect(String(out.read())).toBe('text {}\n');
  });
});
