/**
 * The tests of HashiCorp's own implementation, one by one, under their names. Our mux must meet the same
 * requirements. If our mux differs on purpose, the test's name has a note with "ours". If a test is scaled
 * down, its name has the original number after "theirs".
 */

import { once } from 'node:events';
import { addAbortSignal, PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import {
  decodeHeader,
  encodeFrame,
  LeanSession,
  type LeanSessionOptions,
  type LeanStream,
  type MuxError,
  type RawStream,
} from './support/internals.ts';
import { ACK, ping, rawPeer, settled, update } from './support/raw-peer.ts';
import { pattern, readAll, sessionPair, until } from './support/session-pair.ts';

const KiB = 1024;
const MiB = 1024 * KiB;

/** The carriers over which some tests run. The tests of the reference run over TCP and pipes. */
const carriers = {
  memory: (options: Partial<LeanSessionOptions>) =>
    Promise.resolve(sessionPair({ client: options, server: options })),
  pipes: (options: Partial<LeanSessionOptions>) => {
    const [down, up] = [new PassThrough(), new PassThrough()];
    return Promise.resolve({
      client: new LeanSession({ readable: up, writable: down }, { role: 'client', ...options }),
      server: new LeanSession({ readable: down, writable: up }, { role: 'server', ...options }),
    });
  },
};
type Carrier = keyof typeof carriers;
const everyCarrier = Object.keys(carriers) as Carrier[];

/** Accepts every stream, and sends its bytes back. */
function echo(session: LeanSession): void {
  void (async () => {
    for await (const stream of session) stream.pipe(stream);
  })().catch(() => {});
}

const outcomeOf = (promise: Promise<unknown>): Promise<MuxError> =>
  promise.then(
    () => expect.unreachable('it resolved'),
    (error: unknown) => error as MuxError,
  );

/** Returns the credit that the peer has granted to a stream of ours. No public member gives this number. */
function windowOf(stream: RawStream): number {
  return (stream as LeanStream).record.sendWindow.available;
}

describe('const_test.go', () => {
  test('TestConst: types, flags and codes have the numbers of the specification', () => {
    const bytes = encodeFrame({ type: 1, flags: 0b1111, streamId: 7, length: 9 });
    expect(Buffer.from(bytes).toString('hex')).toBe('0001000f0000000700000009');
  });

  test('TestEncodeDecode: a header survives encoding and decoding', () => {
    const fields = { version: 0, type: 1, flags: 3, streamId: 1234, length: 4321 };
    expect(decodeHeader(encodeFrame(fields))).toEqual(fields);
  });
});

describe('session_test.go', () => {
  test('1 TestPing: both sides measure a round trip', async () => {
    const { client, server } = sessionPair();
    for (const session of [client, server]) expect(await session.ping()).toBeGreaterThan(0);
  });

  test('2 TestPing_Timeout: a ping to a blocked peer fails, and a later ping works', async () => {
    const peer = rawPeer({ role: 'client', connectionWriteTimeout: 30 });
    expect((await outcomeOf(peer.session.ping())).code).toBe('MUX_PING_TIMEOUT');
    const later = peer.session.ping();
    peer.send(ping(1, ACK));
    expect(await later).toBeGreaterThan(0);
  });

  test.each(everyCarrier)(
    '3 TestCloseBeforeAck: streams that are closed before their ACK give their places back (%s)',
    async (carrier) => {
      const { client, server } = await carriers[carrier]({ acceptBacklog: 8 });
      for (let i = 0; i < 8; i += 1) client.openStream().end();
      for (let i = 0; i < 8; i += 1) (await server.acceptStream()).resume().end();
      await until(() => client.stats().unanswered === 0, 'every place is free');
      client.openStream().end('ninth');
      expect((await readAll(await server.acceptStream())).toString()).toBe('ninth');
    },
  );

  test('4 TestAccept: the client opens 1, the server 2, and both accept', async () => {
    const { client, server } = sessionPair();
    const ids = [client.openStream().id, server.openStream().id];
    expect(ids).toEqual([1, 2]);
    expect([(await server.acceptStream()).id, (await client.acceptStream()).id]).toEqual(ids);
  });

  test('5 TestOpenStreamTimeout: a stream that is never accepted ends after streamOpenTimeout (ours: only the stream ends, not the session)', async () => {
    const { client } = sessionPair({ client: { streamOpenTimeout: 30 } });
    const stream = client.openStream();
    expect((await outcomeOf(readAll(stream))).code).toBe('MUX_OPEN_TIMEOUT');
    expect(client.hasEnded).toBe(false);
  });

  test('6 TestClose_closeTimeout: a stream that only one side closes is gone on both sides after streamCloseTimeout', async () => {
    const { client, server } = sessionPair({ client: { streamCloseTimeout: 30 } });
    const stream = client.openStream();
    const far = await server.acceptStream();
    stream.end();
    await until(() => client.streamCount + server.streamCount === 0, 'both have forgotten it');
    expect(far.errored).toMatchObject({ code: 'MUX_STREAM_RESET' });
  });

  test('7 TestNonNilInterface: opening and accepting on a closed session fail', async () => {
    const { client } = sessionPair();
    await client.close();
    expect(() => client.openStream()).toThrow(expect.objectContaining({ code: 'MUX_SESSION_CLOSED' }));
    expect((await outcomeOf(client.acceptStream())).code).toBe('MUX_SESSION_CLOSED');
  });

  test('8 TestSendData_Small: a thousand little writes arrive whole, and the stream is counted and forgotten', async () => {
    const { client, server } = sessionPair();
    const stream = client.openStream();
    const far = await server.acceptStream();
    for (let i = 0; i < 1000; i += 1) stream.write('test');
    expect([client.streamCount, server.streamCount]).toEqual([1, 1]);
    stream.end();
    far.end();
    expect((await readAll(far)).toString()).toBe('test'.repeat(1000));
    stream.resume();
    await until(() => client.streamCount + server.streamCount === 0, 'both have forgotten it');
  });

  test('9 TestSendData_Large: one write of 64 MiB (theirs: 250) arrives, and is read in pieces', async () => {
    const { client, server } = sessionPair();
    const bytes = pattern(64 * MiB);
    client.openStream().end(bytes);
    const far = await server.acceptStream();
    let at = 0;
    for await (const chunk of far) {
      if (Buffer.compare(chunk, bytes.subarray(at, at + chunk.length)) !== 0)
        expect.unreachable(`differs at ${at}`);
      at += chunk.length;
    }
    expect(at).toBe(bytes.length);
  });

  test('10 TestGoAway: after the server’s go-away, the client cannot open a stream', async () => {
    const { client, server } = sessionPair();
    server.goAway();
    await settled();
    expect(() => client.openStream()).toThrow(expect.objectContaining({ code: 'MUX_GO_AWAY' }));
  });

  test('11 TestManyStreams: 50 streams of 1,000 writes arrive completely', async () => {
    const { client, server } = sessionPair();
    const writing = Array.from({ length: 50 }, async () => {
      const stream = client.openStream();
      for (let i = 0; i < 1000; i += 1) stream.write('12345678');
      stream.end();
      const far = await server.acceptStream();
      return (await readAll(far)).length;
    });
    expect(await Promise.all(writing)).toEqual(Array.from({ length: 50 }, () => 8000));
  });

  test('12 TestManyStreams_PingPong: 50 streams of 200 round trips each (theirs: 1,000)', async () => {
    const { client, server } = sessionPair();
    echo(server);
    const playing = Array.from({ length: 50 }, async () => {
      const stream = client.openStream();
      let trips = 0;
      stream.write('ping');
      for await (const chunk of stream) {
        expect(chunk.toString()).toBe('ping');
        trips += 1;
        if (trips === 200) stream.end();
        else if (trips < 200) stream.write('ping');
      }
      return trips;
    });
    expect(await Promise.all(playing)).toEqual(Array.from({ length: 50 }, () => 200));
  });

  test.each(everyCarrier)(
    '13 TestHalfClose: a side that has finished writing still reads the bytes that came before and that come later (%s)',
    async (carrier) => {
      const { client, server } = await carriers[carrier]({});
      const stream = client.openStream();
      stream.write('a');
      const far = await server.acceptStream();
      far.end();
      await settled();
      stream.end('b');
      expect((await readAll(far)).toString()).toBe('ab');
      expect((await readAll(stream)).length).toBe(0);
    },
  );

  test('14 TestHalfCloseSessionShutdown: a half that was finished before the session closed is still read to its end', async () => {
    const { client, server } = sessionPair();
    const stream = client.openStream();
    const far = await server.acceptStream();
    stream.end(pattern(256 * KiB));
    await client.close();
    expect((await readAll(far)).equals(pattern(256 * KiB))).toBe(true);
  });

  test('15 TestReadDeadline: a read can be given up (ours: by a signal, which ends the stream)', async () => {
    const { client } = sessionPair();
    const stream = addAbortSignal(AbortSignal.timeout(5), client.openStream());
    expect((await outcomeOf(readAll(stream))).name).toBe('AbortError');
  });

  test('16 TestReadDeadline_BlockedRead: a read in progress can be given up too', async () => {
    const { client } = sessionPair();
    const controller = new AbortController();
    const stream = client.openStream();
    const reading = outcomeOf(readAll(stream));
    await settled();
    addAbortSignal(controller.signal, stream);
    controller.abort();
    expect((await reading).name).toBe('AbortError');
  });

  test('17 TestWriteDeadline: writes stop when the window is used up, and a waiting write can be given up', async () => {
    const { client } = sessionPair();
    const stream = client.openStream();
    while (stream.write(Buffer.alloc(4 * KiB)));
    const waiting = new Promise((resolve) => stream.write('x', resolve));
    stream.destroy(new Error('deadline'));
    expect(await waiting).toMatchObject({ message: 'deadline' });
  });

  test('18 TestWriteDeadline_BlockedWrite: a write in progress can be given up too', async () => {
    const { client } = sessionPair();
    const stream = client.openStream();
    const waiting = new Promise((resolve) => stream.write(Buffer.alloc(4 * MiB), resolve));
    await settled();
    stream.destroy(new Error('deadline'));
    expect(await waiting).toMatchObject({ message: 'deadline' });
  });

  test('19 TestBacklogExceeded: with a backlog of 64, the 65th stream waits, and fails when the peer’s session ends', async () => {
    const { client, server } = sessionPair({ client: { acceptBacklog: 64 }, server: { acceptBacklog: 64 } });
    const streams = Array.from({ length: 65 }, () => client.openStream());
    await settled();
    expect(server.streamCount).toBe(64);
    const failing = outcomeOf(readAll(streams[64]!));
    await server.close();
    expect((await failing).code).toBe('MUX_GO_AWAY');
  });

  test('20 TestKeepAlive: both sides ping', async () => {
    const peer = rawPeer({ enableKeepAlive: true, keepAliveInterval: 10 });
    for (let value = 0; value < 3; value += 1) {
      await peer.expects(`0 Ping SYN ${value}`);
      peer.send(ping(value, ACK));
    }
  });

  test('21 TestKeepAlive_Timeout: a blocked peer ends the session, and a waiting accept gets the reason', async () => {
    const { client, serverEnd } = sessionPair({
      client: { enableKeepAlive: true, keepAliveInterval: 10, connectionWriteTimeout: 30 },
    });
    serverEnd.stall();
    serverEnd.peer.stall();
    expect((await outcomeOf(client.acceptStream())).code).toBe('MUX_KEEPALIVE_TIMEOUT');
    expect(client.hasEnded).toBe(true);
  });

  test('22 TestLargeWindow: a write of the whole enlarged window is sent without a reader', async () => {
    const { client, server } = sessionPair({ server: { maxStreamWindowSize: 512 * KiB } });
    const stream = client.openRaw();
    await server.acceptStream();
    await settled();
    stream.write(Buffer.alloc(512 * KiB));
    await until(() => stream.queuedBytes === 0, 'all is written');
  });

  test('23 TestSendData_VeryLarge: 16 streams of 8 MiB at the same time (theirs: 1 GiB)', async () => {
    const { client, server } = sessionPair();
    const writing = Array.from({ length: 16 }, async () => {
      client.openStream().end(Buffer.alloc(8 * MiB, 7));
      let bytes = 0;
      for await (const chunk of await server.acceptStream()) bytes += chunk.length;
      return bytes;
    });
    expect(await Promise.all(writing)).toEqual(Array.from({ length: 16 }, () => 8 * MiB));
  });

  test('24 TestBacklogExceeded_Accept: while the peer accepts, five times as many streams as the backlog are all answered', async () => {
    const { client, server } = sessionPair({ client: { acceptBacklog: 16 }, server: { acceptBacklog: 16 } });
    echo(server);
    const trips = Array.from({ length: 80 }, async () => {
      const stream = client.openStream();
      stream.end('hello');
      return (await readAll(stream)).toString();
    });
    expect(await Promise.all(trips)).toEqual(Array.from({ length: 80 }, () => 'hello'));
  });

  test('25 TestSession_WindowUpdateWriteDuringRead: if the carrier stalls, the reader fails (ours: because the session ends)', async () => {
    const peer = rawPeer({ connectionWriteTimeout: 40 });
    peer.end.stall();
    peer.send(update(1, 0, 1), { type: 0, streamId: 1, payload: pattern(256 * KiB) });
    const reading = outcomeOf(readAll(await peer.session.acceptStream()));
    peer.session.openStream().write(Buffer.alloc(200 * KiB));
    expect((await reading).code).toBe('MUX_WRITE_TIMEOUT');
  });

  test.each(everyCarrier)(
    '26 TestSession_PartialReadWindowUpdate: if a reader takes half a window and one byte, the peer gets exactly that credit (%s)',
    async (carrier) => {
      const taken: RawStream[] = [];
      const options = {
        maxStreamWindowSize: 256 * KiB,
        onStream: (stream: RawStream) => void taken.push(stream),
      };
      const { client, server } = await carriers[carrier](options);
      const stream = client.openRaw();
      stream.write(Buffer.alloc(256 * KiB));
      await until(() => server.stats().heldBytes === 256 * KiB, 'all has come');
      expect(windowOf(stream)).toBe(0);
      taken[0]!.consume(128 * KiB + 1);
      await until(() => windowOf(stream) > 0, 'credit has come');
      expect(windowOf(stream)).toBe(128 * KiB + 1);
    },
  );

  test('27 TestSession_sendNoWait_Timeout: a full queue towards a stalled carrier ends in the write timeout', async () => {
    const peer = rawPeer({ role: 'client', connectionWriteTimeout: 30 });
    peer.end.stall();
    peer.session.openStream().write(Buffer.alloc(256 * KiB));
    for (let i = 0; i < 100; i += 1) peer.session.openStream();
    expect((await outcomeOf(peer.session.closed)).code).toBe('MUX_WRITE_TIMEOUT');
  });

  test('28 TestSession_PingOfDeath: a ping to a peer that cannot write does not block that peer’s reader, and a later ping works', async () => {
    const { client, server, clientEnd } = sessionPair({ server: { connectionWriteTimeout: 0 } });
    clientEnd.stall();
    server.openStream().write(Buffer.alloc(200 * KiB));
    await settled();
    const stuck = client.ping();
    const stream = client.openStream();
    stream.write('still read');
    const [chunk] = (await once(await server.acceptStream(), 'data')) as [Buffer];
    expect(chunk.toString()).toBe('still read');
    clientEnd.resumeTaking();
    expect(await stuck).toBeGreaterThan(0);
    expect(await client.ping()).toBeGreaterThan(0);
  });

  test('29 TestSession_ConnectionWriteTimeout: a write that the carrier never takes fails', async () => {
    const peer = rawPeer({ role: 'client', connectionWriteTimeout: 30 });
    peer.end.stall();
    const stream = peer.session.openStream();
    stream.write(Buffer.alloc(200 * KiB));
    const waiting = new Promise((resolve) => stream.write(Buffer.alloc(2 * MiB), resolve));
    expect(await waiting).toMatchObject({ code: 'MUX_WRITE_TIMEOUT' });
  });

  test('30 TestCancelAccept: an accept fails with the reason of its signal if the signal aborts', async () => {
    const { server } = sessionPair();
    const controller = new AbortController();
    const accepting = outcomeOf(server.acceptStream({ signal: controller.signal }));
    controller.abort();
    expect((await accepting).name).toBe('AbortError');
  });
});
