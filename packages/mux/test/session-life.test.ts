/** Tests of how sessions and streams begin and end. */

import { execFile } from 'node:child_process';
import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { encodeFrame, LeanSession, MuxError, type RawStream, toDuplex } from './support/internals.ts';
import { bytePair } from './support/byte-pair.ts';
import { ACK, data, FIN, goAway, ping, rawPeer, RST, settled, SYN, update } from './support/raw-peer.ts';
import { pattern, readAll, sessionPair, until } from './support/session-pair.ts';

const KiB = 1024;

describe('a session', () => {
  test('refuses an object that is not a transport', () => {
    for (const transport of [undefined, {}, { readable: process.stdin }, 'pipe'] as never[]) {
      expect(() => new LeanSession(transport, { role: 'client' })).toThrow(
        /^transport must be a Duplex, or \{ readable, writable \} of Node streams; got /,
      );
    }
  });

  test('runs over a pair of one-way streams', async () => {
    const [down, up] = [new PassThrough(), new PassThrough()];
    const host = new LeanSession({ readable: up, writable: down }, { role: 'client' });
    const plugin = new LeanSession({ readable: down, writable: up }, { role: 'server' });
    host.openStream().end('over two pipes');
    expect((await readAll(await plugin.acceptStream())).toString()).toBe('over two pipes');
    await host.close();
    await plugin.close();
  });

  test('reads the bytes that the transport held before the session began, even if the transport was paused', async () => {
    const [near, far] = bytePair();
    const stream = new LeanSession(near, { role: 'client' }).openStream();
    stream.end('early');
    await settled();
    far.pause();
    far.unshift(far.read() as Buffer);
    const server = new LeanSession(far, { role: 'server' });
    expect((await readAll(await server.acceptStream())).toString()).toBe('early');
  });

  test('reports an end of the transport that came before the session began', async () => {
    const [near, far] = bytePair();
    far.end();
    near.resume();
    await until(() => near.readableEnded, 'the end has come');
    await new LeanSession(near, { role: 'client' }).closed;
  });

  test('fails if the transport fails, with the transport’s error as the cause', async () => {
    const peer = rawPeer();
    const cause = new Error('the cable');
    const stream = peer.session.openStream();
    const outcome = readAll(stream).catch((error: unknown) => error);
    peer.sessionEnd.destroy(cause);
    await expect(peer.session.closed).rejects.toMatchObject({ code: 'MUX_TRANSPORT_FAILED', cause });
    const error = (await outcome) as MuxError;
    expect(error).toMatchObject({ code: 'MUX_TRANSPORT_FAILED', streamId: 2, initiator: 'transport' });
    expect((error.cause as MuxError).cause).toBe(cause);
  });

  test('refuses a transport that delivers strings', async () => {
    const peer = rawPeer();
    peer.sessionEnd.setEncoding('utf8');
    peer.send(ping(1));
    await expect(peer.session.closed).rejects.toThrow('it must not have an encoding');
  });

  test("keeps reading if only the transport's writable half has failed, and ends once everything has been read", async () => {
    const [down, up] = [new PassThrough(), new PassThrough()];
    const got: string[] = [];
    const closes: unknown[] = [];
    const onStream = (stream: RawStream): void =>
      stream.setHandler({
        onData: (chunk) => void got.push(String(Buffer.from(chunk))),
        onEnd: () => void got.push('end'),
        onClose: (error) => void closes.push(error?.code),
      });
    const session = new LeanSession({ readable: up, writable: down }, { role: 'server', onStream });
    const peerSession = new LeanSession({ readable: new PassThrough(), writable: up }, { role: 'client' });
    down.destroy(new Error('EPIPE'));
    await settled();
    peerSession.openStream().end('last words');
    await settled();
    up.end();
    await expect(session.closed).rejects.toMatchObject({ code: 'MUX_TRANSPORT_ENDED' });
    expect(got).toEqual(['last words', 'end']);
    expect(closes).toEqual(['MUX_TRANSPORT_ENDED']);
  });

  test('brands its errors', () => {
    const error = new MuxError('MUX_MISUSE', 'no');
    expect((error as unknown as Record<symbol, unknown>)[Symbol.for('pipework.error')]).toBe(true);
    expect(error).toMatchObject({ name: 'MuxError', code: 'MUX_MISUSE', initiator: 'local' });
  });
});

describe('close()', () => {
  test('sends the written bytes, a go-away and the end', async () => {
    const peer = rawPeer({ role: 'client' });
    const stream = peer.session.openStream();
    stream.end('last');
    peer.end.end();
    await peer.session.close();
    await peer.expects('1 WindowUpdate SYN +786432', '1 Data 4', '1 WindowUpdate FIN', '0 GoAway normal');
    expect(peer.hasEnded).toBe(true);
  });

  test('ends every stream, accept and ping with its own error, and all errors have the same reason', async () => {
    const { client } = sessionPair();
    const stream = client.openStream();
    const waits = [readAll(stream), client.acceptStream(), client.ping()].map((wait) =>
      wait.then(() => undefined).catch((error: unknown) => error as MuxError),
    );
    await client.close();
    const errors = await Promise.all(waits);
    expect(errors.map((error) => error?.code)).toEqual(Array.from({ length: 3 }, () => 'MUX_SESSION_CLOSED'));
    expect(new Set(errors.map((error) => error?.message)).size).toBe(3);
    expect(errors[0]!.cause).toBe(errors[2]!.cause);
    await client.closed;
  });

  test('can be called a second time, and can be called after a fault', async () => {
    const peer = rawPeer();
    peer.send({ version: 9 });
    await peer.session.closed.catch(() => {});
    await peer.session.close();
    await peer.session.close();
  });

  test('waits until a slow reader has accepted the written bytes', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const { client, server, serverEnd } = sessionPair({ client: { timers: globalThis } });
    serverEnd.stall();
    client.openStream().end(pattern(200 * KiB));
    const closing = client.close();
    await vi.advanceTimersByTimeAsync(1_900);
    serverEnd.resumeTaking();
    await closing;
    expect((await readAll(await server.acceptStream())).equals(pattern(200 * KiB))).toBe(true);
  });

  test('keeps the event loop alive for its caller, as ping() does', async () => {
    const program = `
      import { PassThrough } from 'node:stream';
      import { Session } from '@pipework/mux';
      const nobody = () => new Session(
        { readable: new PassThrough(), writable: new PassThrough() },
        { role: 'client', connectionWriteTimeout: 30 },
      );
      await nobody().ping().catch((error) => console.log(error.code));
      await nobody().close();
      console.log('closed');`;
    const cwd = new URL('..', import.meta.url).pathname;
    const args = ['--input-type=module', '--eval', program];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd });
    expect(stdout.split('\n')).toEqual(['MUX_PING_TIMEOUT', 'closed', '']);
  });

  test('releases a transport that accepts nothing', async () => {
    const peer = rawPeer({ role: 'client' });
    peer.end.stall();
    peer.session.openStream().write(Buffer.alloc(200 * KiB));
    await peer.session.close();
    expect(peer.sessionEnd.destroyed).toBe(true);
  });

  test('also runs at the end of `await using`', async () => {
    const { client, server } = sessionPair();
    {
      await using session = client;
      expect(await session.ping()).toBeGreaterThan(0);
    }
    await server.closed;
    expect(client.hasEnded).toBe(true);
  });

  test('makes later openStream(), acceptStream() and ping() fail', async () => {
    const { client } = sessionPair();
    await client.close();
    expect(() => client.openStream()).toThrow(expect.objectContaining({ code: 'MUX_SESSION_CLOSED' }));
    await expect(client.acceptStream()).rejects.toMatchObject({ code: 'MUX_SESSION_CLOSED' });
    await expect(client.ping()).rejects.toMatchObject({ code: 'MUX_SESSION_CLOSED' });
    for await (const stream of client) expect.unreachable(String(stream.id));
  });
});

describe('endOutput()', () => {
  test('ends our half and reads the peer’s to its end, without an error', async () => {
    const peer = rawPeer({ role: 'client' });
    const stream = peer.session.openStream();
    stream.write('question');
    peer.session.endOutput();
    await until(() => peer.hasEnded, 'our half has ended');
    peer.send(update(1, 0, ACK), data(1, 'late answer'), update(1, 0, FIN));
    peer.end.end();
    expect((await readAll(stream)).toString()).toBe('late answer');
    await peer.session.closed;
    await settled();
    expect(stream.errored).toBe(null);
    expect(stream.destroyed).toBe(true);
  });

  test('lets a later close() end a stream that only the peer has finished', async () => {
    const peer = rawPeer();
    peer.send(data(1, 'a', SYN | FIN), data(3, 'b', SYN | FIN));
    const [read, unread] = [await peer.session.acceptStream(), await peer.session.acceptStream()];
    read.resume();
    await settled();
    await peer.session.close();
    await expect(finished(read)).rejects.toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' });
    const error = await new Promise((resolve) => unread.write('too late', resolve));
    expect(error).toMatchObject({ code: 'MUX_SESSION_CLOSED' });
  });

  test('does not report a stream as finished if some of its bytes or its FIN were never sent', async () => {
    const peer = rawPeer({ role: 'client' });
    const [large, late] = [peer.session.openStream(), peer.session.openStream()];
    large.end(Buffer.alloc(300 * KiB));
    const outcomes = [large, late].map((stream) =>
      finished(stream.resume()).catch((error: unknown) => error),
    );
    await settled();
    peer.session.endOutput();
    late.end('behind the end');
    // The peer grants credit only now, after our half of the transport has ended.
    for (const id of [1, 3]) peer.send(update(id, 100 * KiB, ACK), update(id, 0, FIN));
    await settled();
    expect([large.writableFinished, late.writableFinished]).toEqual([false, false]);
    peer.end.end();
    for (const outcome of outcomes) expect(await outcome).toMatchObject({ code: 'MUX_TRANSPORT_ENDED' });
  });

  test('continues to read even if waiting replies had paused the reading', async () => {
    const peer = rawPeer({ role: 'client', connectionWriteTimeout: 0 });
    const stream = peer.session.openStream();
    peer.end.stall();
    stream.write(Buffer.alloc(200 * KiB));
    for (let i = 0; i < 10_000; i += 1) peer.send(ping(i));
    await until(() => peer.sessionEnd.isPaused(), 'the session reads no more');
    peer.session.endOutput();
    peer.send(update(1, 0, ACK), data(1, 'last words', FIN));
    expect((await readAll(stream)).toString()).toBe('last words');
  });

  test('makes a stream fail that the peer did not finish', async () => {
    const peer = rawPeer({ role: 'client' });
    const stream = peer.session.openStream();
    peer.session.endOutput();
    peer.end.end();
    await expect(readAll(stream)).rejects.toMatchObject({ code: 'MUX_TRANSPORT_ENDED' });
    await expect(peer.session.closed).rejects.toMatchObject({ code: 'MUX_TRANSPORT_ENDED' });
  });
});

describe('feed()', () => {
  test.each(['lean', 'duplex', 'waiting'])('copies the bytes of a reused buffer (%s)', async (face) => {
    const accepted: RawStream[] = [];
    const peer = rawPeer({ onStream: (stream) => void accepted.push(stream) });
    const buffer = Buffer.alloc(64 * KiB);
    const feed = (...frames: Parameters<typeof encodeFrame>[0][]): void => {
      const bytes = Buffer.concat(frames.map((frame) => encodeFrame(frame)));
      bytes.copy(buffer);
      peer.session.feed(buffer.subarray(0, bytes.length));
      buffer.fill(0xee);
    };
    feed(update(1, 0, SYN));
    const got: Buffer[] = [];
    const onData = (chunk: Uint8Array): void => void got.push(Buffer.from(chunk));
    const listen = (): void => accepted[0]!.setHandler({ onData, onEnd: () => {}, onClose: () => {} });
    if (face === 'lean') listen();
    if (face === 'duplex')
      toDuplex(accepted[0]!, peer.session).on('data', (chunk: Buffer) => got.push(chunk));
    await settled();
    for (const size of [10, 20_000, 50_000]) feed(data(1, pattern(size)));
    if (face === 'waiting') listen();
    await settled();
    const sent = Buffer.concat([pattern(10), pattern(20_000), pattern(50_000)]);
    expect(Buffer.concat(got).equals(sent)).toBe(true);
  });
});

describe('flush()', () => {
  test('passes all bytes that fit the windows to the transport before it returns', () => {
    const written: number[] = [];
    const transport = new PassThrough({ highWaterMark: 1 });
    transport.write = ((chunk: Buffer) => {
      written.push(chunk.length);
      return true;
    }) as never;
    const session = new LeanSession({ readable: new PassThrough(), writable: transport }, { role: 'client' });
    const stream = session.openRaw();
    for (let i = 0; i < 4; i += 1) stream.write(Buffer.alloc(100 * KiB));
    session.flush();
    expect(stream.queuedBytes).toBe(400 * KiB - 256 * KiB);
    expect(written.reduce((sum, bytes) => sum + bytes, 0)).toBeGreaterThanOrEqual(256 * KiB);
  });
});

describe('go-away', () => {
  test('of the peer stops new streams and lets open streams continue', async () => {
    const { client, server } = sessionPair();
    const stream = client.openStream();
    const far = await server.acceptStream();
    server.goAway();
    await settled();
    expect(() => client.openStream()).toThrow(expect.objectContaining({ code: 'MUX_GO_AWAY' }));
    stream.end('still on');
    expect((await readAll(far)).toString()).toBe('still on');
    far.end('so am I');
    expect((await readAll(stream)).toString()).toBe('so am I');
  });

  test('of the peer ends our streams whose SYN was not sent yet', async () => {
    const peer = rawPeer({ role: 'client', acceptBacklog: 1 });
    peer.session.openStream();
    const waiting = peer.session.openStream();
    waiting.end('never sent');
    peer.send(goAway(0));
    await expect(readAll(waiting)).rejects.toMatchObject({ code: 'MUX_GO_AWAY', streamId: 3 });
    expect(peer.session.streamCount).toBe(1);
  });

  test('of ours makes us refuse streams that the peer opens nevertheless', async () => {
    const peer = rawPeer();
    peer.session.goAway();
    peer.session.goAway();
    peer.send({ ...data(1, 'hello'), flags: SYN }, ping(5));
    await peer.expects('0 GoAway normal', '1 WindowUpdate RST', '0 Ping ACK 5');
  });
});

describe('opening', () => {
  test('sends SYN with the window, then data, without waiting', async () => {
    const peer = rawPeer({ role: 'client' });
    peer.session.openStream().end('hi');
    await peer.expects('1 WindowUpdate SYN +786432', '1 Data 2', '1 WindowUpdate FIN');
  });

  test('allows as many unanswered streams as the backlog, and opens further ones when answers arrive', async () => {
    const peer = rawPeer({ role: 'client', acceptBacklog: 2, windowBudget: 0 });
    const streams = Array.from({ length: 4 }, () => peer.session.openStream());
    for (const stream of streams) stream.write('x');
    await peer.expects('1 WindowUpdate SYN', '3 WindowUpdate SYN', '1 Data 1', '3 Data 1');
    await peer.expectsSilence();
    expect(peer.session.stats()).toMatchObject({ streams: 4, unanswered: 4 });
    peer.send(update(3, 0, ACK));
    await peer.expects('5 WindowUpdate SYN', '5 Data 1');
    await peer.expectsSilence();
    peer.send(data(1, 'an answer is a proof too'));
    await peer.expects('7 WindowUpdate SYN', '7 Data 1');
    expect(peer.session.stats()).toMatchObject({ unanswered: 2 });
  });

  test.each([
    ['a reset by the peer', (peer: ReturnType<typeof rawPeer>) => peer.send(update(1, 0, RST))],
    ['our own reset', (_peer: unknown, stream: RawStream) => stream.reset()],
    ['FIN from the peer', (peer: ReturnType<typeof rawPeer>) => peer.send(update(1, 0, FIN))],
  ])('frees the stream’s place in the backlog after %s', async (_what, ends) => {
    const peer = rawPeer({ role: 'client', acceptBacklog: 1 });
    const stream = peer.session.openRaw();
    peer.session.openRaw();
    await peer.expects('1 WindowUpdate SYN +786432');
    await peer.expectsSilence();
    ends(peer, stream);
    await until(() => peer.frames.some(({ streamId }) => streamId === 3), 'the next stream opens');
  });

  test('fails after streamOpenTimeout, for the unanswered stream alone', async () => {
    const peer = rawPeer({ role: 'client', streamOpenTimeout: 30 });
    const [deaf, heard] = [peer.session.openStream(), peer.session.openStream()];
    peer.send(update(3, 0, ACK));
    await expect(readAll(deaf)).rejects.toMatchObject({ code: 'MUX_OPEN_TIMEOUT', streamId: 1 });
    expect(heard.destroyed).toBe(false);
    await until(() => peer.frames.length === 3, 'the peer has three frames');
    expect(await peer.next()).toContain('SYN');
    expect(await peer.next()).toContain('SYN');
    await peer.expects('1 WindowUpdate RST');
  });
});

describe('accepting', () => {
  test('sends one ACK, even if SYN, data and FIN came in one frame', async () => {
    const peer = rawPeer();
    peer.send(data(1, 'hello', SYN | FIN));
    await peer.expectsSilence();
    const stream = await peer.session.acceptStream();
    await peer.expects('1 WindowUpdate ACK +786432');
    expect((await readAll(stream)).toString()).toBe('hello');
    stream.end('bye');
    await peer.expects('1 Data 3', '1 WindowUpdate FIN');
    await peer.expectsSilence();
  });

  test('gives streams to waiting callers in order', async () => {
    const peer = rawPeer();
    const waiting = [peer.session.acceptStream(), peer.session.acceptStream()];
    peer.send(update(3, 0, SYN), update(1, 0, SYN));
    expect((await Promise.all(waiting)).map(({ id }) => id)).toEqual([3, 1]);
  });

  test('rejects with the reason of its signal if the signal aborts', async () => {
    const peer = rawPeer();
    const controller = new AbortController();
    const waiting = peer.session.acceptStream({ signal: controller.signal });
    controller.abort(new Error('never mind'));
    await expect(waiting).rejects.toThrow('never mind');
    await expect(
      peer.session.acceptStream({ signal: AbortSignal.abort(new Error('too late')) }),
    ).rejects.toThrow('too late');
    peer.send(update(1, 0, SYN));
    expect((await peer.session.acceptStream()).id).toBe(1);
  });

  test('forgets a stream that was reset while it waited', async () => {
    const peer = rawPeer();
    peer.send(update(1, 0, SYN), update(1, 0, RST), update(3, 0, SYN));
    await settled();
    expect((await peer.session.acceptStream()).id).toBe(3);
  });

  test('fails with MUX_MISUSE if the session has an onStream', async () => {
    const { server } = sessionPair({ server: { onStream: () => {} } });
    await expect(server.acceptStream()).rejects.toMatchObject({ code: 'MUX_MISUSE' });
  });
});

describe('half-closed', () => {
  test('streams are reset when the peer sends nothing for streamCloseTimeout', async () => {
    const peer = rawPeer({ role: 'client', streamCloseTimeout: 40 });
    const stream = peer.session.openStream();
    stream.end();
    await expect(readAll(stream)).rejects.toMatchObject({ code: 'MUX_CLOSE_TIMEOUT', streamId: 1 });
    await peer.expects('1 WindowUpdate SYN +786432', '1 WindowUpdate FIN', '1 WindowUpdate RST');
  });

  test('streams stay open while the peer sends', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    try {
      const peer = rawPeer({ role: 'client', streamCloseTimeout: 1000, timers: globalThis });
      const stream = peer.session.openStream();
      stream.end();
      stream.resume();
      await settled();
      for (let i = 0; i < 5; i += 1) {
        peer.send(data(1, 'more'));
        await settled();
        vi.advanceTimersByTime(900);
      }
      expect(stream.destroyed).toBe(false);
      for (let i = 0; i < 2; i += 1) {
        vi.advanceTimersByTime(1000);
        await settled();
      }
      expect(stream.errored).toMatchObject({ code: 'MUX_CLOSE_TIMEOUT' });
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('pings', () => {
  test('each get their own answer, whatever the order of the answers is', async () => {
    const peer = rawPeer({ role: 'client' });
    const pings = [peer.session.ping(), peer.session.ping()];
    await peer.expects('0 Ping SYN 0', '0 Ping SYN 1');
    peer.send(ping(1, ACK), ping(0, ACK));
    for (const roundTrip of await Promise.all(pings)) expect(roundTrip).toBeGreaterThan(0);
  });

  test('time out, and the session continues', async () => {
    const peer = rawPeer({ role: 'client', connectionWriteTimeout: 30 });
    await expect(peer.session.ping()).rejects.toMatchObject({ code: 'MUX_PING_TIMEOUT' });
    peer.send(ping(0, ACK));
    const again = peer.session.ping();
    peer.send(ping(1, ACK));
    expect(await again).toBeGreaterThan(0);
  });

  test('are sent as keep-alive only if enableKeepAlive is set, and not while the peer sends', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    try {
      const peer = rawPeer({ enableKeepAlive: true, keepAliveInterval: 1000, timers: globalThis });
      peer.send(update(7, 0));
      await settled();
      vi.advanceTimersByTime(1000);
      await peer.expectsSilence();
      vi.advanceTimersByTime(1000);
      await peer.expects('0 Ping SYN 0');
    } finally {
      vi.useRealTimers();
    }
  });

  test('end the session if one that was sent as keep-alive gets no answer', async () => {
    const peer = rawPeer({ enableKeepAlive: true, keepAliveInterval: 10, connectionWriteTimeout: 20 });
    await peer.expectsEnd('MUX_KEEPALIVE_TIMEOUT', 'internal error');
  });
});
