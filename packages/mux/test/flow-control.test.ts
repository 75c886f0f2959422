import { describe, expect, test } from 'vitest';
import type { RawStream } from './support/internals.ts';
import { ACK, data, FIN, rawPeer, settled, SYN, update } from './support/raw-peer.ts';
import { pattern, readAll, sessionPair, until } from './support/session-pair.ts';

const KiB = 1024;

describe('credit', () => {
  test('is granted when the reader takes the bytes, not when they arrive', async () => {
    const peer = rawPeer({ maxStreamWindowSize: 256 * KiB });
    peer.send(update(1, 0, SYN));
    const stream = await peer.session.acceptStream();
    await peer.expects('1 WindowUpdate ACK');
    peer.send(data(1, Buffer.alloc(200 * KiB)));
    await peer.expectsSilence();
    stream.resume();
    expect(await peer.next()).toMatch(/^1 WindowUpdate \+/);
  });

  test('is granted when the reader has taken half a window', async () => {
    const taken: RawStream[] = [];
    const peer = rawPeer({ maxStreamWindowSize: 256 * KiB, onStream: (stream) => void taken.push(stream) });
    peer.send(update(1, 0, SYN), data(1, Buffer.alloc(200_000)));
    await peer.expects('1 WindowUpdate ACK');
    taken[0]!.consume(128 * KiB - 1);
    await peer.expectsSilence();
    taken[0]!.consume(1);
    await peer.expects(`1 WindowUpdate +${128 * KiB}`);
  });

  test('beyond the first 256 KiB is announced with SYN and with ACK', async () => {
    const client = rawPeer({ role: 'client', maxStreamWindowSize: 300 * KiB });
    client.session.openStream();
    await client.expects(`1 WindowUpdate SYN +${44 * KiB}`);
    const server = rawPeer({ maxStreamWindowSize: 512 * KiB });
    server.send(update(1, 0, SYN));
    await server.session.acceptStream();
    await server.expects(`1 WindowUpdate ACK +${256 * KiB}`);
  });

  test('beyond the first 256 KiB is granted while the session’s budget lasts, and a reset gives it back to the budget', async () => {
    const peer = rawPeer({ role: 'client', maxStreamWindowSize: 512 * KiB, windowBudget: 600 * KiB });
    const first = peer.session.openStream();
    peer.session.openStream();
    peer.session.openStream();
    await peer.expects(
      `1 WindowUpdate SYN +${256 * KiB}`,
      `3 WindowUpdate SYN +${256 * KiB}`,
      '5 WindowUpdate SYN',
    );
    first.destroy();
    await peer.expects('1 WindowUpdate RST');
    peer.session.openStream();
    await peer.expects(`7 WindowUpdate SYN +${256 * KiB}`);
  });

  test('is no longer granted after the peer’s FIN', async () => {
    const peer = rawPeer({ maxStreamWindowSize: 256 * KiB });
    peer.send(update(1, 0, SYN), data(1, Buffer.alloc(256 * KiB)), update(1, 0, FIN));
    const stream = await peer.session.acceptStream();
    await peer.expects('1 WindowUpdate ACK');
    expect((await readAll(stream)).length).toBe(256 * KiB);
    await peer.expectsSilence();
  });

  test('is not granted for bytes that wait in a Duplex’s own buffer', async () => {
    const peer = rawPeer({ maxStreamWindowSize: 256 * KiB });
    peer.send(update(1, 0, SYN));
    const stream = await peer.session.acceptStream();
    await peer.expects('1 WindowUpdate ACK');
    stream.on('readable', () => {});
    peer.send(data(1, Buffer.alloc(150 * KiB)));
    await peer.expectsSilence();
    expect(stream.readableLength).toBeGreaterThan(0);
    while (stream.read() !== null);
    await until(() => peer.frames.length > 0, 'credit came');
    expect(await peer.next()).toMatch(/^1 WindowUpdate \+/);
  });
});

describe('a sender', () => {
  test('stops at 256 KiB, and continues when the peer grants more credit', async () => {
    const peer = rawPeer({ role: 'client' });
    const stream = peer.session.openRaw();
    stream.write(Buffer.alloc(300 * KiB));
    await settled();
    const sent = (): number => peer.frames.reduce((sum, frame) => sum + (frame.payload?.length ?? 0), 0);
    expect(sent()).toBe(256 * KiB);
    peer.send(update(1, 1000, ACK));
    await settled();
    expect(sent()).toBe(256 * KiB + 1000);
    expect(stream.queuedBytes).toBe(44 * KiB - 1000);
  });

  test('finishes even with a window of 0, because FIN needs no credit', async () => {
    const peer = rawPeer({ role: 'client' });
    const stream = peer.session.openRaw();
    stream.write(Buffer.alloc(256 * KiB));
    stream.end();
    await settled();
    expect(peer.frames.at(-1)).toMatchObject({ type: 1, flags: FIN });
  });

  test('sends FIN only after data that waits for the window', async () => {
    const peer = rawPeer({ role: 'client' });
    const stream = peer.session.openStream();
    stream.end(Buffer.alloc(256 * KiB + 1));
    await settled();
    expect(peer.frames.some((frame) => (frame.flags & FIN) !== 0)).toBe(false);
    expect(stream.writableFinished).toBe(false);
    peer.send(update(1, 1, ACK));
    await settled();
    expect(peer.frames.slice(-2)).toMatchObject([
      { type: 0, length: 1 },
      { type: 1, flags: FIN },
    ]);
    expect(stream.writableFinished).toBe(true);
  });

  test('cuts its data into frames of at most 64 KiB', async () => {
    const peer = rawPeer({ role: 'client' });
    peer.session.openRaw().write(Buffer.alloc(200 * KiB));
    await settled();
    expect(peer.frames.slice(1).map((frame) => frame.length)).toEqual([
      64 * KiB,
      64 * KiB,
      64 * KiB,
      8 * KiB,
    ]);
  });

  test('learns from write() and onDrain when back-pressure begins and ends', async () => {
    const peer = rawPeer({ role: 'client' });
    const stream = peer.session.openRaw();
    let drains = 0;
    const onDrain = (): void => void (drains += 1);
    stream.setHandler({ onData: () => {}, onEnd: () => {}, onClose: () => {}, onDrain });
    expect(stream.write(Buffer.alloc(256 * KiB))).toBe(true);
    await settled();
    expect(stream.queuedBytes).toBe(0);
    expect(stream.write(Buffer.alloc(256 * KiB))).toBe(true);
    expect(stream.write(Buffer.alloc(1))).toBe(false);
    await settled();
    expect(drains).toBe(0);
    peer.send(update(1, 200 * KiB, ACK));
    await settled();
    expect(drains).toBe(1);
  });

  test('puts small writes of one turn into one frame', async () => {
    const peer = rawPeer({ role: 'client' });
    const stream = peer.session.openRaw();
    stream.write(Buffer.from('0'));
    for (let i = 1; i < 1000; i += 1) stream.write(Buffer.from(String(i % 10)));
    await peer.expects('1 WindowUpdate SYN +786432', '1 Data 1', '1 Data 999');
  });
});

describe('back-pressure', () => {
  test('of a slow reader reaches the writer, and costs the memory of one window', async () => {
    const { client, server } = sessionPair();
    const stream = client.openStream();
    let written = 0;
    const write = (): void => {
      while (stream.write(Buffer.alloc(16 * KiB))) written += 16 * KiB;
    };
    stream.on('drain', write);
    write();
    const accepted = await server.acceptStream();
    await settled();
    await settled();
    expect(server.stats().heldBytes).toBe(1024 * KiB);
    expect(written).toBeLessThan(2048 * KiB);
    const before = written;
    accepted.resume();
    await until(() => written > before + 4096 * KiB, 'the writer continues');
    stream.destroy();
  });

  test('on one stream does not affect another stream', async () => {
    const { client, server } = sessionPair();
    const stuck = client.openStream();
    stuck.write(Buffer.alloc(4096 * KiB));
    await server.acceptStream();
    const other = client.openStream();
    other.end(pattern(2048 * KiB));
    expect((await readAll(await server.acceptStream())).equals(pattern(2048 * KiB))).toBe(true);
  });

  test('lets both sides write a megabyte before either reads, and both continue afterwards', async () => {
    const { client, server } = sessionPair();
    const bytes = pattern(1024 * KiB);
    const stream = client.openStream();
    stream.end(bytes);
    const accepted = await server.acceptStream();
    accepted.end(bytes);
    await settled();
    const both = await Promise.all([readAll(stream), readAll(accepted)]);
    expect(both.every((got) => got.equals(bytes))).toBe(true);
  });
});
