import { describe, expect, test } from 'vitest';
import { checkOptions, type SessionOptions } from './options.ts';
import { realTimers } from './timers.ts';

describe('options', () => {
  test('have the defaults of yamux, with a larger window and without keep-alive', () => {
    expect(checkOptions({ role: 'client' })).toEqual({
      role: 'client',
      name: 'client',
      acceptBacklog: 256,
      maxInboundStreams: 4096,
      enableKeepAlive: false,
      keepAliveInterval: 30_000,
      connectionWriteTimeout: 10_000,
      maxStreamWindowSize: 1024 * 1024,
      windowBudget: 64 * 1024 * 1024,
      streamOpenTimeout: 75_000,
      streamCloseTimeout: 300_000,
      timers: realTimers,
    });
  });

  test('count as absent if they are undefined', () => {
    expect(
      checkOptions({ role: 'server', acceptBacklog: undefined } as unknown as SessionOptions).acceptBacklog,
    ).toBe(256);
  });

  test.each<[object, string]>([
    [{}, "role must be 'client' at one end and 'server' at the other; got undefined"],
    [{ role: 'host' }, "role must be 'client' at one end and 'server' at the other; got \"host\""],
    [{ acceptBacklog: 0 }, 'acceptBacklog must be an integer of streams from 1 to 65536; got 0'],
    [{ maxInboundStreams: -1 }, 'maxInboundStreams must be an integer of streams from 1 to 1048576; got -1'],
    [
      { keepAliveInterval: 0 },
      'keepAliveInterval must be an integer of milliseconds from 1 to 2147483647; got 0',
    ],
    [
      { connectionWriteTimeout: Number.NaN },
      'connectionWriteTimeout must be an integer of milliseconds (0 is off) from 0 to 2147483647; got NaN',
    ],
    [
      { maxStreamWindowSize: 262_143 },
      'maxStreamWindowSize must be an integer of bytes from 262144 to 4294967295; got 262143',
    ],
    [{ windowBudget: 1.5 }, 'windowBudget must be an integer of bytes from 0 to 9007199254740991; got 1.5'],
    [
      { streamOpenTimeout: '75s' },
      'streamOpenTimeout must be an integer of milliseconds (0 is off) from 0 to 2147483647; got "75s"',
    ],
    [
      { streamCloseTimeout: 3e9 },
      'streamCloseTimeout must be an integer of milliseconds (0 is off) from 0 to 2147483647; got 3000000000',
    ],
    [{ enableKeepAlive: 1 }, 'enableKeepAlive must be true or false; got 1'],
    [{ name: {} }, 'name must be a string; got an object of Object'],
    [
      { timers: { setTimeout } },
      'timers must be globalThis, or an object with its setTimeout, clearTimeout, setImmediate and performance; got an object of Object',
    ],
    [{ onStream: () => {} }, /^options must be an object of known options .*; got "onStream"$/ as never],
    [
      { maxStreamWindow: 1 },
      /^options must be an object of known options \(acceptBacklog, .*\); got "maxStreamWindow"$/ as never,
    ],
  ])('%o are refused: %s', (options, message) => {
    const withRole =
      'role' in options || Object.keys(options).length === 0 ? options : { role: 'client', ...options };
    expect(() => checkOptions(withRole as SessionOptions)).toThrow(message);
    expect(() => checkOptions(withRole as SessionOptions)).toThrow(
      expect.objectContaining({ code: 'MUX_OPTION_INVALID' }),
    );
  });
});
