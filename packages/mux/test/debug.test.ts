import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { unsubscribe, subscribe } from 'node:diagnostics_channel';
import { PassThrough } from 'node:stream';
import { describe, expect, onTestFinished, test } from 'vitest';
import { describeEvent, type FrameEvent, FrameType, isDebugged, LeanSession } from './support/internals.ts';
import { settled } from './support/raw-peer.ts';
import { readAll, sessionPair } from './support/session-pair.ts';

describe('debugging', () => {
  test('prints frames in a readable form', () => {
    const event = {
      session: 'host#1',
      direction: 'sent',
      type: 1,
      flags: 2,
      streamId: 5,
      length: 262_144,
    } as const;
    expect(describeEvent(event)).toBe('host#1/5 WindowUpdate ACK +262144');
    expect(describeEvent({ ...event, type: 2, flags: 1, streamId: 0, length: 3 })).toBe('host#1 Ping SYN 3');
  });

  test.each([
    ['mux', true],
    ['rpc, mux', true],
    ['muxer', false],
    ['', false],
    [undefined, false],
  ])('isDebugged() finds the word `mux` in a list of debug words: %o', (words, is) => {
    expect(isDebugged(words)).toBe(is);
  });

  test('publishes each sent or received frame on a diagnostics channel, with its length on the wire', async () => {
    const events: FrameEvent[] = [];
    const listen = (message: unknown): void => void events.push(message as FrameEvent);
    subscribe('pipework:mux:frame', listen);
    onTestFinished(() => void unsubscribe('pipework:mux:frame', listen));
    const { client } = sessionPair({
      client: { name: 'host' },
      server: { name: 'plugin', onStream: () => {} },
    });
    const stream = client.openRaw();
    stream.write(Buffer.from('1'));
    stream.write(Buffer.from('22'));
    stream.write(Buffer.from('333'));
    await settled();
    const frames = ['WindowUpdate SYN +786432', 'Data 1', 'Data 5'];
    const linesOf = (direction: string, name: string): string[] =>
      events
        .filter((event) => event.direction === direction && event.session.startsWith(name))
        .map((event) => describeEvent(event).replace(/#\d+/, ''));
    expect(linesOf('sent', 'host')).toEqual(frames.map((frame) => `host/1 ${frame}`));
    expect(linesOf('received', 'plugin')).toEqual(frames.map((frame) => `plugin/1 ${frame}`));
  });

  test('a listener of frames may write to a stream', async () => {
    const { client, server } = sessionPair();
    const [one, other] = [client.openRaw(), client.openRaw()];
    const texts = Promise.all([server.acceptStream(), server.acceptStream()]).then((streams) =>
      Promise.all(streams.map((stream) => readAll(stream).then(String))),
    );
    let heard = 0;
    const write = (message: unknown): void => {
      const { direction, type } = message as FrameEvent;
      if (direction === 'received' || type !== FrameType.Data || heard === 4) return;
      heard += 1;
      for (const stream of [one, other]) stream.write(Buffer.from(`${heard}`));
    };
    await settled();
    subscribe('pipework:mux:frame', write);
    onTestFinished(() => void unsubscribe('pipework:mux:frame', write));
    one.write(Buffer.from('small'));
    one.write(Buffer.alloc(10_000, '.'));
    await settled();
    one.end();
    other.end();
    expect((await texts).map((text) => text.replace(/\.{10000}/, 'large'))).toEqual([
      'small1234large',
      '1234',
    ]);
  });

  test('a frame is reported before its answer, even over a transport that answers immediately', async () => {
    const [near, far] = [new PassThrough(), new PassThrough()];
    const client = new LeanSession({ readable: near, writable: far }, { role: 'client' });
    const server = new LeanSession({ readable: far, writable: near }, { role: 'server' });
    const directions: string[] = [];
    const listen = (message: unknown): void => {
      const { session, direction } = message as FrameEvent;
      if (session === client.label) directions.push(direction);
    };
    subscribe('pipework:mux:frame', listen);
    onTestFinished(() => void unsubscribe('pipework:mux:frame', listen));
    await client.ping();
    expect(directions).toEqual(['sent', 'received']);
    await Promise.all([client.close(), server.close()]);
  });

  test('a listener of frames may close the session', async () => {
    const { client, server } = sessionPair();
    const close = (message: unknown): void => {
      if ((message as FrameEvent).session === client.label) void client.close();
    };
    subscribe('pipework:mux:frame', close);
    onTestFinished(() => void unsubscribe('pipework:mux:frame', close));
    client.openRaw().write(Buffer.from('last words'));
    await client.closed;
    const stream = await server.acceptStream();
    expect(String(await once(stream, 'data'))).toBe('last words');
  });

  test('PIPEWORK_DEBUG=mux prints to the descriptor of standard error', async () => {
    const program = `
      import { PassThrough } from 'node:stream';
      import { Session } from '@pipework/mux';
      const [a, b] = [new PassThrough(), new PassThrough()];
      const session = new Session({ readable: a, writable: b }, { role: 'client', name: 'host' });
      new Session({ readable: b, writable: a }, { role: 'server', name: 'plugin' });
      await session.ping();
      await session.close();`;
    const args = ['--input-type=module', '--eval', program];
    const env = { ...process.env, PIPEWORK_DEBUG: 'mux' };
    const cwd = new URL('..', import.meta.url).pathname;
    const { stderr } = await promisify(execFile)(process.execPath, args, { env, cwd });
    expect(stderr).toMatch(/^mux \d\d:\d\d:\d\d\.\d{3} > host#1 Ping SYN 0\n/);
    expect(stderr).toMatch(/ < plugin#2 Ping SYN 0\n/);
    const quiet = await promisify(execFile)(process.execPath, args, { cwd });
    expect(quiet.stderr).toBe('');
  });
});
