/**
 * Tests against a peer that breaks the protocol. Each fault of the peer gets a code, damages as little as
 * possible, and costs no memory.
 */

import { describe, expect, test } from 'vitest';
import type { RawStream } from './support/internals.ts';
import { ACK, data, FIN, goAway, ping, rawPeer, RST, settled, SYN, update } from './support/raw-peer.ts';
import { readAll, until } from './support/session-pair.ts';

const KiB = 1024;
const MiB = 1024 * KiB;

describe('ends the session, and sends the peer the reason, because of', () => {
  test.each([
    ['a version other than 0', [{ version: 1, type: 0, streamId: 1 }], 'MUX_BAD_VERSION'],
    ['a type that does not exist', [{ type: 4, streamId: 1 }], 'MUX_BAD_TYPE'],
    ['a stream opened under id 0', [update(0, 0, SYN)], 'MUX_BAD_STREAM_ID'],
    ['a stream opened with an id of our own parity', [update(2, 0, SYN)], 'MUX_BAD_STREAM_ID'],
    ['a stream opened twice', [update(1, 0, SYN), update(1, 0, SYN)], 'MUX_DUPLICATE_STREAM'],
    [
      'a first frame beyond the window',
      [{ type: 0, flags: SYN, streamId: 1, length: 256 * KiB + 1 }],
      'MUX_WINDOW_EXCEEDED',
    ],
    [
      'data beyond the window',
      [update(1, 0, SYN), { type: 0, streamId: 1, length: 256 * KiB + 1 }],
      'MUX_WINDOW_EXCEEDED',
    ],
    [
      'a length of 4 GiB on an open stream',
      [update(1, 0, SYN), { type: 0, streamId: 1, length: 0xffff_ffff }],
      'MUX_WINDOW_EXCEEDED',
    ],
    [
      'a length of 4 GiB for a stream that does not exist',
      [{ type: 0, streamId: 1, length: 0xffff_ffff }],
      'MUX_FRAME_TOO_LARGE',
    ],
  ])('%s', async (_what, frames, code) => {
    const peer = rawPeer();
    peer.send(...frames);
    await peer.expectsEnd(code, 'protocol error');
  });

  test('a SYN of another client, and the error says that both ends have the same role', async () => {
    const peer = rawPeer({ role: 'client' });
    peer.send(update(1, 0, SYN));
    await expect(peer.session.closed).rejects.toThrow("both ends were given the role 'client'");
  });

  test('data that exceeds the rest of a window', async () => {
    const peer = rawPeer();
    peer.send(update(1, 0, SYN));
    await peer.session.acceptStream();
    peer.send(data(1, Buffer.alloc(200 * KiB)), {
      type: 0,
      streamId: 1,
      length: 824 * KiB + 1,
    });
    await peer.expectsEnd('MUX_WINDOW_EXCEEDED', 'protocol error');
  });
});

describe('ends the session when the peer sends', () => {
  test.each([
    [1, 'protocol error'],
    [2, 'internal error'],
    [77, 'unknown reason 77'],
  ])('a go-away with reason %i (%s)', async (reason, words) => {
    const peer = rawPeer();
    const stream = peer.session.openStream();
    peer.send(goAway(reason));
    await expect(peer.session.closed).rejects.toMatchObject({
      code: 'MUX_REMOTE_ERROR',
      goAway: reason,
      initiator: 'remote',
    });
    await expect(readAll(stream)).rejects.toThrow(words);
  });
});

describe('resets one stream, and continues with the others, because of', () => {
  test.each([
    ['a window beyond 32 bits', [update(1, 0xffff_ffff)], 'MUX_WINDOW_OVERFLOW'],
    ['data after FIN', [update(1, 0, FIN), data(1, 'late')], 'MUX_DATA_AFTER_FIN'],
    ['FIN after FIN', [update(1, 0, FIN), update(1, 0, FIN)], 'MUX_DATA_AFTER_FIN'],
    ['FIN on data after FIN', [update(1, 0, FIN), data(1, '', FIN)], 'MUX_DATA_AFTER_FIN'],
  ])('%s', async (_what, frames, code) => {
    const closed: unknown[] = [];
    const streams: RawStream[] = [];
    const peer = rawPeer({
      onStream: (stream) => {
        streams.push(stream);
        const onData = (chunk: Uint8Array): void => void stream.write(Uint8Array.from(chunk));
        stream.setHandler({ onData, onEnd: () => {}, onClose: (error) => void closed.push(error?.code) });
      },
    });
    peer.send(update(1, 0, SYN), update(3, 0, SYN));
    await peer.expects('1 WindowUpdate ACK +786432', '3 WindowUpdate ACK +786432');
    peer.send(...frames, data(3, 'still here'));
    await peer.expects('1 WindowUpdate RST', '3 Data 10');
    expect(closed).toEqual([code]);
    expect(peer.session.streamCount).toBe(1);
  });
});

describe('skips without an answer:', () => {
  test.each([
    ['data for a stream that never existed', [data(7, 'ghost')]],
    ['a window update for a stream that never existed', [update(7, 1)]],
    ['FIN for a stream that never existed', [update(7, 0, FIN)]],
    ['RST for a stream that never existed', [update(7, 0, RST), data(8, '', RST)]],
    ['a stream opened and reset in one frame', [update(7, 0, SYN | RST), data(9, 'x', SYN | RST)]],
    ['frames for stream 0', [data(0, 'x'), update(0, 5)]],
    ['an answer to a ping that was never sent', [ping(9, ACK)]],
    ['an empty data frame for a stream that never existed', [data(7, '')]],
    ['flags that do not exist', [update(7, 0, 0x40)]],
  ])('%s', async (_what, frames) => {
    const peer = rawPeer();
    peer.send(...frames);
    await peer.expectsSilence();
    peer.send(ping(1));
    await peer.expects('0 Ping ACK 1');
  });

  test('frames that were under way to a stream when it was reset', async () => {
    const peer = rawPeer();
    peer.send(update(1, 0, SYN));
    const stream = await peer.session.acceptStream();
    await peer.expects('1 WindowUpdate ACK +786432');
    stream.destroy();
    peer.send(data(1, Buffer.alloc(300 * KiB)), update(1, 5000), update(1, 0, FIN));
    await peer.expects('1 WindowUpdate RST');
    await peer.expectsSilence();
    peer.send(ping(1));
    await peer.expects('0 Ping ACK 1');
  });

  test('the rest of a frame if the handler resets the stream at the first bytes of the frame', async () => {
    const seen: number[] = [];
    const peer = rawPeer({
      onStream: (stream) =>
        stream.setHandler({
          onData: (chunk) => {
            seen.push(chunk.length);
            stream.reset();
          },
          onEnd: () => expect.unreachable(),
          onClose: () => {},
        }),
    });
    peer.send({ ...data(1, Buffer.alloc(1000), SYN | FIN) });
    await peer.expects('1 WindowUpdate ACK +786432', '1 WindowUpdate RST');
    peer.send(ping(1));
    await peer.expects('0 Ping ACK 1');
    expect(seen).toEqual([1000]);
  });
});

describe('a flood', () => {
  test('of SYN frames fills only the backlog, and the other streams are refused', async () => {
    const peer = rawPeer({ acceptBacklog: 16 });
    peer.send(...Array.from({ length: 5000 }, (_, i) => update(2 * i + 1, 0, SYN)));
    for (let i = 16; i < 5000; i += 1) expect(await peer.next()).toBe(`${2 * i + 1} WindowUpdate RST`);
    expect(peer.session.streamCount).toBe(16);
    expect(peer.session.stats()).toMatchObject({ streams: 16, unaccepted: 16 });
  });

  test('of streams that we accept immediately stops at maxInboundStreams', async () => {
    const opened: RawStream[] = [];
    const peer = rawPeer({
      maxInboundStreams: 100,
      windowBudget: 0,
      onStream: (stream) => void opened.push(stream),
    });
    peer.send(...Array.from({ length: 300 }, (_, i) => update(2 * i + 1, 0, SYN)));
    for (let i = 0; i < 300; i += 1)
      expect(await peer.next()).toBe(`${2 * i + 1} WindowUpdate ${i < 100 ? 'ACK' : 'RST'}`);
    expect(opened).toHaveLength(100);
    opened[0]!.reset();
    await peer.expects('1 WindowUpdate RST');
    peer.send(update(601, 0, SYN));
    await peer.expects('601 WindowUpdate ACK');
  });

  test('of streams with SYN and RST leaves no stream behind', async () => {
    const peer = rawPeer();
    peer.send(
      ...Array.from({ length: 5000 }, (_, i) => [
        update(2 * i + 1, 0, SYN),
        update(2 * i + 1, 0, RST),
      ]).flat(),
    );
    await settled();
    expect(peer.session.stats()).toMatchObject({ streams: 0, unaccepted: 0, heldBytes: 0 });
  });

  test('of streams that break the protocol leaves no stream to accept', async () => {
    const peer = rawPeer({ acceptBacklog: 2 });
    for (const id of [1, 3, 5]) peer.send(update(id, 0, SYN | FIN), update(id, 0, FIN));
    peer.send(data(7, 'good', SYN | FIN));
    await settled();
    expect(peer.session.stats()).toMatchObject({ streams: 1, unaccepted: 1 });
    expect((await readAll(await peer.session.acceptStream())).toString()).toBe('good');
  });

  test('of pings from a peer that reads no answers stops our reading until the peer reads', async () => {
    const peer = rawPeer({ connectionWriteTimeout: 0 });
    peer.end.stall();
    const pings = 100_000;
    const batch = Array.from({ length: 1000 }, (_, i) => ping(i));
    for (let sent = 0; sent < pings; sent += batch.length) peer.send(...batch);
    await settled();
    // Whatever the peer sends, the queue holds at most its limit and the answers to one chunk of input.
    expect(peer.session.stats().queuedBytes).toBeLessThan(300 * KiB);
    expect(peer.end.writableLength).toBeGreaterThan(500 * KiB);
    peer.end.resumeTaking();
    await until(() => peer.frames.length === pings, 'every ping is answered');
  });

  test('of refused streams from a peer that reads nothing stops our reading too', async () => {
    const peer = rawPeer({ connectionWriteTimeout: 0, acceptBacklog: 1 });
    peer.end.stall();
    for (let batch = 0; batch < 100; batch += 1) {
      peer.send(...Array.from({ length: 1000 }, (_, i) => update(2 * (batch * 1000 + i) + 1, 0, SYN)));
    }
    await settled();
    expect(peer.session.stats().queuedBytes).toBeLessThan(300 * KiB);
    expect(peer.session.streamCount).toBe(1);
    peer.end.resumeTaking();
    await until(() => peer.frames.length === 99_999, 'every stream is refused');
  });

  test('of empty data frames costs no memory', async () => {
    const peer = rawPeer();
    peer.send(update(1, 0, SYN));
    peer.send(...Array.from({ length: 20_000 }, () => data(1, '')));
    peer.send(ping(1));
    await peer.expects('0 Ping ACK 1');
    expect(peer.session.stats().heldBytes).toBe(0);
  });
});

describe('a peer that never reads', () => {
  test('makes write() return false, and costs less than 1 MiB', async () => {
    const peer = rawPeer({ role: 'client', connectionWriteTimeout: 0 });
    peer.end.stall();
    const stream = peer.session.openRaw();
    let written = 0;
    while (stream.write(Buffer.alloc(16 * KiB))) written += 16 * KiB;
    await settled();
    expect(written).toBeLessThan(MiB);
    expect(peer.session.stats().queuedBytes).toBeLessThan(MiB);
  });

  test('ends the session after connectionWriteTimeout, with an error for each stream', async () => {
    const peer = rawPeer({ role: 'client', connectionWriteTimeout: 50 });
    peer.end.stall();
    const stream = peer.session.openStream();
    const outcome = readAll(stream).catch((error: unknown) => error);
    stream.write(Buffer.alloc(200 * KiB));
    await expect(peer.session.closed).rejects.toMatchObject({
      code: 'MUX_WRITE_TIMEOUT',
      initiator: 'transport',
    });
    expect(await outcome).toMatchObject({ code: 'MUX_WRITE_TIMEOUT', streamId: 1 });
    expect(stream.destroyed).toBe(true);
  });

  test('does not end the session if the timeout is off', async () => {
    const peer = rawPeer({ role: 'client', connectionWriteTimeout: 0 });
    peer.end.stall();
    const stream = peer.session.openStream();
    stream.write(Buffer.alloc(200 * KiB));
    await settled();
    expect(peer.session.hasEnded).toBe(false);
    peer.end.resumeTaking();
    await peer.expects('1 WindowUpdate SYN +786432');
  });
});
