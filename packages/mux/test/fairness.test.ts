import { describe, expect, test } from 'vitest';
import { type Frame, FrameType } from './support/internals.ts';
import { ACK, ping, rawPeer, settled, update } from './support/raw-peer.ts';

const KiB = 1024;

function dataOf(frames: Frame[]): [number, number][] {
  return frames
    .filter(({ type }) => type === FrameType.Data)
    .map(({ streamId, length }) => [streamId, length]);
}

describe('while the transport is full', () => {
  test('streams take turns in slices, so a small message does not wait for a bulk stream', async () => {
    const peer = rawPeer({ role: 'client', connectionWriteTimeout: 0 });
    peer.end.stall();
    const bulk = peer.session.openRaw();
    const small = peer.session.openRaw();
    peer.send(update(1, 0xffff_0000, ACK), update(3, 0, ACK));
    await settled();
    for (let i = 0; i < 64; i += 1) bulk.write(Buffer.alloc(64 * KiB));
    await settled();
    small.write(Buffer.from('urgent'));
    peer.end.resumeTaking();
    await settled();
    const frames = dataOf(peer.frames);
    const before = frames
      .slice(
        0,
        frames.findIndex(([id]) => id === 3),
      )
      .reduce((sum, [, bytes]) => sum + bytes, 0);
    // The bound is the sum of the bytes that the transport had accepted before, one batch, and one slice.
    expect(before).toBeLessThanOrEqual(400 * KiB);
  });

  test('two bulk streams get the same share', async () => {
    const peer = rawPeer({ role: 'client', connectionWriteTimeout: 0 });
    peer.end.stall();
    peer.session.openRaw().write(Buffer.alloc(64 * KiB));
    const streams = [peer.session.openRaw(), peer.session.openRaw()];
    await settled();
    for (const stream of streams) stream.write(Buffer.alloc(256 * KiB));
    peer.end.resumeTaking();
    await settled();
    const ids = dataOf(peer.frames).flatMap(([id]) => (id === 1 ? [] : [id]));
    expect(ids).toEqual(Array.from({ length: 8 }, (_, i) => (i % 2 === 0 ? 3 : 5)));
  });

  test('frames without payload are sent before payload', async () => {
    const peer = rawPeer({ role: 'client', connectionWriteTimeout: 0 });
    peer.end.stall();
    const bulk = peer.session.openRaw();
    for (let i = 0; i < 4; i += 1) bulk.write(Buffer.alloc(64 * KiB));
    await settled();
    peer.send(ping(7));
    await settled();
    peer.session.openRaw();
    peer.end.resumeTaking();
    await settled();
    const kinds = peer.frames.map(({ type, streamId }) => `${type}/${streamId}`);
    const lastData = kinds.lastIndexOf('0/1');
    expect(kinds.indexOf('2/0')).toBeLessThan(lastData);
    expect(kinds.indexOf('1/3')).toBeLessThan(lastData);
  });
});

describe('expedite()', () => {
  test('sends a stream’s bytes before all bytes that other streams write later', async () => {
    const peer = rawPeer({ role: 'client', connectionWriteTimeout: 0 });
    peer.end.stall();
    const [output, reply, bulk] = [peer.session.openRaw(), peer.session.openRaw(), peer.session.openRaw()];
    for (let i = 0; i < 3; i += 1) bulk.write(Buffer.alloc(64 * KiB));
    await settled();
    output.write(Buffer.alloc(100 * KiB));
    output.expedite();
    reply.write(Buffer.from('reply'));
    expect(output.queuedBytes).toBe(0);
    peer.end.resumeTaking();
    await settled();
    const ids = dataOf(peer.frames).map(([id]) => id);
    expect(ids.indexOf(output.id)).toBeGreaterThanOrEqual(0);
    expect(ids.lastIndexOf(output.id)).toBeLessThan(ids.indexOf(reply.id));
  });

  test('sends only the bytes that fit the window', async () => {
    const peer = rawPeer({ role: 'client' });
    const stream = peer.session.openRaw();
    stream.write(Buffer.alloc(300 * KiB));
    stream.expedite();
    expect(stream.queuedBytes).toBe(44 * KiB);
  });

  test('sends the stream’s FIN only after its bytes', async () => {
    const peer = rawPeer({ role: 'client', connectionWriteTimeout: 0 });
    peer.end.stall();
    const stream = peer.session.openRaw();
    for (let i = 0; i < 3; i += 1) stream.write(Buffer.alloc(64 * KiB));
    await settled();
    stream.end();
    stream.expedite();
    peer.end.resumeTaking();
    await settled();
    expect(peer.frames.at(-1)).toMatchObject({ streamId: 1, type: FrameType.WindowUpdate, flags: 4 });
  });
});

describe('one write', () => {
  test('carries all frames of a turn except the first', async () => {
    const peer = rawPeer({ role: 'client' });
    const streams = Array.from({ length: 100 }, () => peer.session.openRaw());
    await settled();
    const before = peer.sessionEnd.writes;
    for (const stream of streams) stream.write(Buffer.from('a message'));
    await settled();
    expect(peer.sessionEnd.writes - before).toBe(2);
  });

  test('carries the answers to all pings of one read', async () => {
    const peer = rawPeer();
    const before = peer.sessionEnd.writes;
    peer.send(...Array.from({ length: 100 }, (_, i) => ping(i)));
    await settled();
    expect(peer.sessionEnd.writes - before).toBe(1);
  });
});
