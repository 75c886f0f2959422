// Tests the Python plugin on the wire, with a host that sends single frames.
import { spawnSync } from 'node:child_process';
import { Flag, FrameType } from '@pipework/mux/frame';
import { describe, expect, test } from 'vitest';
import { command, missing } from './support/python.ts';
import { rawHost } from './support/raw-host.ts';
import { replay } from './support/transcript.ts';
import { replayVectors } from './support/vectors.ts';

const KiB = 1024;
const window = 256 * KiB;
const skipped = missing === undefined ? '' : ` (SKIPPED: ${missing})`;

describe.skipIf(missing !== undefined)(`the Python plugin on the wire${skipped}`, () => {
  test('announces itself in one line of seven fields', async () => {
    await using host = await rawHost(command);
    expect(host.line).toBe('1|pipe|3,4|msgpack-rpc|1|cancel,errors,describe|1\n');
  });

  test('writes byte for byte what docs/other-languages.md shows', async () => {
    const { expected, said, exit } = await replay(command);
    expect(expected.length).toBeGreaterThan(100);
    expect(said).toBe(expected);
    expect(exit).toEqual({ code: 0, signal: null });
  });

  test('answers each vector of RPC byte for byte', async () => {
    const { expected, said } = await replayVectors(command);
    expect(Object.keys(expected).length).toBeGreaterThan(10);
    expect(said).toEqual(expected);
  });

  test('acknowledges each of the first streams once', async () => {
    await using host = await rawHost(command);
    await host.settled();
    for (const id of [1, 3, 5]) expect(host.says(id)).toEqual(['WindowUpdate ACK']);
  });

  test('reads headers and messages that arrive byte by byte', async () => {
    await using host = await rawHost(command, { drip: true });
    await host.dispense('greeter', 7);
    host.request(7, 1, 'Plugin.greet', 'world');
    expect(await host.response(7, 1)).toEqual([1, 1, null, 'Hello, world!']);
  });

  test('accepts a stream whose only frame has SYN, the broker id, a request and FIN', async () => {
    await using host = await rawHost(command);
    host.request(1, 1, 'Dispenser.Dispense', 'greeter');
    const [, , , id] = await host.response(1, 1);
    // The broker id, then [0, 9, "Plugin.greet", ["x"]].
    const id32 = Buffer.from([0, 0, 0, id as number]);
    const request = Buffer.concat([
      Buffer.from([0x94, 0, 9, 0xac]),
      Buffer.from('Plugin.greet'),
      Buffer.from([0x91, 0xa1, 0x78]),
    ]);
    host.data(7, Buffer.concat([id32, request]), Flag.SYN | Flag.FIN);
    expect(await host.response(7, 9)).toEqual([1, 9, null, 'Hello, x!']);
    await host.until(() => host.says(7).at(-1) === 'WindowUpdate FIN', 'the end of the stream');
    expect(host.says(7)[0]).toBe('WindowUpdate ACK');
  });

  test('sends no more than the window, in frames of at most 64 KiB, and continues when credit arrives', async () => {
    await using host = await rawHost(command);
    await host.dispense('conformance', 7);
    host.request(7, 1, 'Plugin.bytes', 400 * KiB);
    await host.until(() => host.bytes(7).length >= window, 'a window of bytes');
    await host.settled();
    expect(host.bytes(7).length).toBe(window);
    const sizes = host.seen.filter((frame) => frame.type === FrameType.Data && frame.streamId === 7);
    expect(Math.max(...sizes.map((frame) => frame.length))).toBeLessThanOrEqual(64 * KiB);

    host.send({ type: FrameType.WindowUpdate, streamId: 7, length: 300 * KiB });
    const [, , error, result] = await host.response(7, 1);
    expect(error).toBeNull();
    expect((result as Uint8Array).every((byte, i) => byte === ((i * 7 + 3) & 255))).toBe(true);
  });

  test('gives credit for bytes that it has read, never for bytes that only arrived', async () => {
    await using host = await rawHost(command);
    host.open(7, 999); // Nothing waits for this id, so the stream is held, and its bytes are not read
    host.data(7, new Uint8Array(200 * KiB));
    await host.settled();
    expect(host.says(7)).toEqual(['WindowUpdate ACK']);

    await host.dispense('conformance', 9);
    host.request(9, 1, 'Plugin.echo', new Uint8Array(200 * KiB));
    host.send({ type: FrameType.WindowUpdate, streamId: 9, length: window });
    await host.response(9, 1);
    const granted = host.seen.filter(
      (frame) => frame.type === FrameType.WindowUpdate && frame.streamId === 9,
    );
    const sum = granted.reduce((total, frame) => total + frame.length, 0);
    expect(sum).toBeGreaterThanOrEqual(window / 2);
    expect(sum).toBeLessThanOrEqual(201 * KiB);
  });

  test.concurrent(
    'resets a stream after five seconds if it has no id, or if nothing in the plugin waits for its id',
    async () => {
      await using host = await rawHost(command);
      host.data(7, Buffer.from([0, 0]), Flag.SYN);
      host.open(9, 999);
      await host.settled();
      const held = Date.now();
      for (const id of [7, 9]) {
        expect(host.says(id)).toEqual(['WindowUpdate ACK']);
      }
      await host.until(() => [7, 9].every((id) => host.says(id).at(-1) === 'WindowUpdate RST'), 'two resets');
      expect(Date.now() - held).toBeGreaterThan(4000);
    },
  );

  test.concurrent('accepts only one stream for a broker id', async () => {
    await using host = await rawHost(command);
    host.request(1, 1, 'Dispenser.Dispense', 'greeter');
    const [, , , id] = await host.response(1, 1);
    host.open(7, id as number);
    host.request(7, 1, 'Plugin.greet', 'first');
    await host.response(7, 1);
    host.open(9, id as number);
    host.request(9, 1, 'Plugin.greet', 'second');
    await host.until(() => host.says(9).at(-1) === 'WindowUpdate RST', 'the second stream to be reset');
    expect(host.bytes(9).length).toBe(0);
  });

  test('skips frames of streams that it does not know, with their payload', async () => {
    await using host = await rawHost(command);
    host.data(77, new Uint8Array(5000));
    host.send({ type: FrameType.WindowUpdate, streamId: 79, length: 10 });
    host.send({ type: FrameType.WindowUpdate, streamId: 81, flags: Flag.RST });
    await host.settled();
    host.request(1, 1, 'Control.Ping', true);
    expect(await host.response(1, 1)).toEqual([1, 1, null, true]);
  });

  test('fails the call whose value is nested too deeply, and continues', async () => {
    await using host = await rawHost(command);
    await host.dispense('conformance', 7);
    const deep = Buffer.alloc(5000, 0x91); // arrays in arrays
    const head = Buffer.concat([Buffer.from([0x94, 0, 1, 0xab]), Buffer.from('Plugin.echo')]);
    host.data(7, Buffer.concat([head, deep, Buffer.from([0xc0])]));
    const [, , error] = await host.response(7, 1);
    expect(error).toBe('Plugin.echo got a value nested deeper than 128 levels');
    host.request(7, 2, 'Plugin.echo', [[['as deep as this']]]);
    expect(await host.response(7, 2)).toEqual([1, 2, null, [[['as deep as this']]]]);
  });

  test.each([
    ['a byte that begins no message', Buffer.from([0xc1])],
    ['an array of another length', Buffer.from([0x92, 0, 1])],
    ['a text of 4 GiB', Buffer.from([0x94, 0, 1, 0xdb, 0xff, 0xff, 0xff, 0xff])],
  ])('resets the stream that carries %s, and no other', async (_, bytes) => {
    await using host = await rawHost(command);
    await host.dispense('conformance', 7);
    await host.dispense('greeter', 9);
    host.data(7, bytes);
    await host.until(() => host.says(7).at(-1) === 'WindowUpdate RST', 'a reset');
    host.request(9, 1, 'Plugin.greet', 'you');
    expect(await host.response(9, 1)).toEqual([1, 1, null, 'Hello, you!']);
  });

  test.each([
    ['a frame of another version', { version: 1, type: FrameType.Ping }],
    ['a frame of an unknown type', { type: 4 }],
    ['an even stream id', { type: FrameType.WindowUpdate, flags: Flag.SYN, streamId: 2 }],
    ['a stream opened twice', { type: FrameType.WindowUpdate, flags: Flag.SYN, streamId: 1 }],
    [
      'more bytes than the window',
      { type: FrameType.Data, flags: Flag.SYN, streamId: 7, length: window + 1 },
    ],
    [
      'more bytes than any window, on an unknown stream',
      { type: FrameType.Data, streamId: 77, length: window + 1 },
    ],
  ])('ends the session with a protocol error at %s', async (_, frame) => {
    await using host = await rawHost(command);
    await host.settled();
    host.send(frame);
    expect(await host.exited).toEqual({ code: 1, signal: null });
    await host.ended();
    expect(host.seen.some((each) => each.says === 'GoAway protocol error')).toBe(true);
    expect(host.rawStderr).toContain('pipework: the session ends: ');
  });

  test('after Quit, sends FIN on stdout and stderr as its last frames, and exits with 0', async () => {
    await using host = await rawHost(command);
    await host.dispense('conformance', 7);
    host.request(7, 1, 'Plugin.print', { stream: 'stdout', text: 'printed' });
    await host.response(7, 1);
    host.request(1, 1, 'Control.Quit', true);
    expect(await host.response(1, 1)).toEqual([1, 1, null, true]);
    host.close();
    expect(await host.exited).toEqual({ code: 0, signal: null });
    await host.ended();
    expect(host.bytes(3).toString()).toBe('printed');
    expect(host.seen.slice(-2).map((frame) => [frame.streamId, frame.says])).toEqual([
      [3, 'WindowUpdate FIN'],
      [5, 'WindowUpdate FIN'],
    ]);
  });

  test('exits even if printed output waits for credit that never arrives', async () => {
    await using host = await rawHost(command);
    // One request cannot fill the window of stdout, and two do not fit into the window of one stream.
    for (const id of [7, 9]) {
      await host.dispense('conformance', id);
      host.request(id, 1, 'Plugin.print', { stream: 'stdout', text: 'x'.repeat(200 * KiB) });
    }
    await host.until(() => host.bytes(3).length === window, 'a window of output');
    host.request(7, 3, 'Plugin.echo', 'others go on');
    expect(await host.response(7, 3)).toEqual([1, 3, null, 'others go on']);
    host.close();
    expect(await host.exited).toEqual({ code: 0, signal: null });
  });

  test('announces the highest protocol version that both sides support, or its own if there is none', async () => {
    await using host = await rawHost(command, { env: { PIPEWORK_PROTOCOL_VERSIONS: '2,5' } });
    expect(host.line.split('|')[4]).toBe('1');
  });

  test('sends errors as maps to a host that announced `errors`', async () => {
    await using host = await rawHost(command, { env: { PIPEWORK_CAPABILITIES: 'cancel,errors' } });
    await host.dispense('conformance', 7);
    host.request(7, 1, 'Plugin.fail', 'oh no');
    const [, , error] = await host.response(7, 1);
    expect(error).toMatchObject({
      name: 'RuntimeError',
      message: 'oh no',
      stack: expect.stringContaining('plugin.py'),
    });
  });

  test('refuses to run without the cookie, and says why in a sentence for a person', async () => {
    const [file, ...args] = command;
    const run = spawnSync(file, args, {
      encoding: 'utf8',
      env: { ...process.env, OTTO_PLUGIN_MAGIC_COOKIE: '' },
    });
    expect(run.status).toBe(1);
    expect(run.stdout).toBe('');
    expect(run.stderr).toContain('This program is a plugin');
  });
});
