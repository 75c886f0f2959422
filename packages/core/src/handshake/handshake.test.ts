import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  envNames,
  hasCookie,
  MagicCookieKey,
  MagicCookieValue,
  takeHostGreeting,
  writeHostGreeting,
} from './env.ts';
import { formatLine, judgeLine } from './line.ts';
import { chooseVersion, parseVersions } from './negotiate.ts';

const handshake = { magicCookieKey: MagicCookieKey, magicCookieValue: MagicCookieValue };

describe('the handshake line', () => {
  test('has the protocol’s seven fields in one line', () => {
    const line = formatLine({
      address: '3,4',
      protocolVersion: 2,
      capabilities: ['cancel', 'refs'],
      protocolVersions: [5, 2],
    });
    expect(line).toBe('1|pipe|3,4|msgpack-rpc|2|cancel,refs|2,5\n');
  });

  test('is read as it was written', () => {
    const line = formatLine({
      address: '3,4',
      protocolVersion: 2,
      capabilities: ['cancel'],
      protocolVersions: [2],
    });
    expect(judgeLine(line.trimEnd(), [1, 2])).toEqual({
      address: '3,4',
      protocolVersion: 2,
      protocolVersions: [2],
      capabilities: new Set(['cancel']),
    });
  });

  test('needs only its first three fields', () => {
    expect(judgeLine('1|pipe|3,4', [1])).toEqual({
      address: '3,4',
      protocolVersion: 1,
      protocolVersions: [1],
      capabilities: new Set(),
    });
    expect(judgeLine('1|pipe|3,4|||', [1])).toEqual({
      address: '3,4',
      protocolVersion: 1,
      protocolVersions: [1],
      capabilities: new Set(),
    });
  });

  test('may end in a carriage return, and may have fields that a later version adds', () => {
    expect(judgeLine('1|pipe|3,4|msgpack-rpc|1|x|1|later|still later\r', [1])).toMatchObject({
      protocolVersion: 1,
    });
    expect(judgeLine('1|pipe|3,4\r', [1])).toMatchObject({ address: '3,4' });
  });

  test.each([
    ['', 'HANDSHAKE_UNRECOGNIZED', 'Unrecognized remote plugin message: '],
    ['hello', 'HANDSHAKE_UNRECOGNIZED', 'Unrecognized remote plugin message: hello'],
    ['1|pipe', 'HANDSHAKE_UNRECOGNIZED', 'Unrecognized remote plugin message: 1|pipe'],
    [
      '01|pipe|3,4',
      'HANDSHAKE_API_VERSION',
      'Incompatible API version with plugin. Plugin version: 01, Ours: 1',
    ],
    [
      '2|tcp|x|grpc',
      'HANDSHAKE_API_VERSION',
      'Incompatible API version with plugin. Plugin version: 2, Ours: 1',
    ],
    ['1|tcp|127.0.0.1:1|grpc', 'HANDSHAKE_NETWORK', 'Unknown address type: tcp'],
    [
      '1|3|unix|/tmp/p1|grpc|',
      'HANDSHAKE_NETWORK',
      'Unknown address type: unix (the line is that of a go-plugin',
    ],
    ['1|pipe|3,4|grpc|9', 'HANDSHAKE_PROTOCOL', 'unsupported plugin protocol "grpc"'],
    ['1|pipe|3,4||seven', 'HANDSHAKE_UNRECOGNIZED', 'Unrecognized remote plugin message: 1|pipe|3,4||seven'],
  ])('is refused if it is %j', (line, code, message) => {
    const verdict = judgeLine(line, [1]);
    expect(verdict).toMatchObject({ code });
    expect((verdict as { message: string }).message.startsWith(message)).toBe(true);
  });

  test('is refused if no version is common; the refusal has both sorted lists, and names the side to upgrade', () => {
    expect(judgeLine('1|pipe|3,4||3||3,1,2', [9, 5, 10])).toMatchObject({
      code: 'HANDSHAKE_VERSION',
      message:
        'incompatible protocol version with plugin. Plugin version: 3, Host versions: [5 9 10], Plugin versions: [1 2 3]. The plugin is older than this host: upgrade the plugin',
    });
    expect(judgeLine('1|pipe|3,4||12', [9])).toMatchObject({
      message: expect.stringMatching(
        /^incompatible .* Plugin version: 12, Host versions: \[9\]\. .*upgrade the host/,
      ),
    });
  });

  test('never makes judgeLine() throw, and a refusal is never long and has no control characters', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => `1|pipe|${text}`),
          fc.string({ unit: 'binary' }),
        ),
        (line) => {
          const verdict = judgeLine(line, [1]);
          if (!('code' in verdict)) return;
          expect(verdict.message.length).toBeLessThan(2_000);
          expect(verdict.message).not.toMatch(/\p{Cc}/u);
        },
      ),
    );
  });
});

describe('the version', () => {
  test.each([
    [[1], [1], 1],
    [[1, 2, 5], [2, 3, 5], 5],
    [[3, 1, 2], [2, 1], 2],
    [[4, 2], [3], 4],
    [[1, 2], [], 1],
  ])('that a plugin with %j chooses for a host with %j is %i', (ours, theirs, chosen) => {
    expect(chooseVersion(ours, theirs)).toBe(chosen);
  });

  test('list, as parseVersions() returns it, has each whole number once, in order', () => {
    expect(parseVersions('5,2, 10,2,x,-1,1.5,')).toEqual([2, 5, 10]);
    expect(parseVersions(undefined)).toEqual([]);
  });
});

describe('the environment', () => {
  const greeting = {
    fds: [3, 4] as const,
    protocolVersions: [5, 1],
    capabilities: ['cancel', 'refs'],
    graceMs: 1500,
    logLevel: 'warn' as const,
    terminals: { stdout: { columns: 80, rows: 24, colorDepth: 8 } },
  };

  test('is written as the protocol requires', () => {
    expect(writeHostGreeting(greeting, handshake)).toEqual({
      OTTO_PLUGIN_MAGIC_COOKIE: '11aab7ff21cb9ff7b0e9975d53f17a8dab571eac9b5ff0191730046698f07b7f',
      PIPEWORK_FDS: '3,4',
      PIPEWORK_PROTOCOL_VERSIONS: '1,5',
      PIPEWORK_CAPABILITIES: 'cancel,refs',
      PIPEWORK_GRACE_MS: '1500',
      PIPEWORK_LOG_LEVEL: 'warn',
      PIPEWORK_TERMINAL: 'stdout:80x24x8',
    });
  });

  test.each([
    [300.5, 301],
    [1e12, 0x7fff_ffff],
    [Infinity, 0x7fff_ffff],
  ])('carries a grace period of %s ms as %s', (graceMs, arrived) => {
    const env = writeHostGreeting({ ...greeting, graceMs }, handshake);
    expect(takeHostGreeting(env, handshake).graceMs).toBe(arrived);
  });

  test('loses the variables of the handshake once they are read', () => {
    const env = { ...writeHostGreeting(greeting, handshake), HOME: '/home/me' };
    expect(hasCookie(env, handshake)).toBe(true);
    expect(takeHostGreeting(env, handshake)).toEqual({ ...greeting, protocolVersions: [1, 5] });
    expect(env).toEqual({ HOME: '/home/me' });
  });

  test('gives a default for each variable that the host did not set, or set to an invalid value', () => {
    const defaults = {
      fds: [3, 4],
      protocolVersions: [],
      capabilities: [],
      graceMs: 2000,
      logLevel: 'info',
      terminals: {},
    };
    expect(takeHostGreeting({}, handshake)).toEqual(defaults);
    const nonsense = Object.fromEntries(Object.values(envNames).map((name) => [name, '|%$ -1']));
    expect(takeHostGreeting(nonsense, handshake)).toEqual({ ...defaults, capabilities: ['|%$ -1'] });
  });
});
