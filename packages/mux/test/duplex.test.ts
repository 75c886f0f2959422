/** Tests that a MuxStream works with Node's own tools for streams, like any other Duplex. */

import { once } from 'node:events';
import { Duplex, PassThrough, Readable, Writable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { describe, expect, test } from 'vitest';
import { type MuxError, MuxStream } from './support/internals.ts';
import { ACK, data, FIN, rawPeer, RST, settled, SYN, update } from './support/raw-peer.ts';
import { pattern, readAll, sessionPair, until } from './support/session-pair.ts';

const KiB = 1024;

/** Opens a stream, and returns both ends of it. */
async function connected(): Promise<{ near: MuxStream; far: MuxStream } & ReturnType<typeof sessionPair>> {
  const pair = sessionPair();
  const near = pair.client.openStream();
  return { ...pair, near, far: await pair.server.acceptStream() };
}

describe('a MuxStream', () => {
  test('is a Duplex that has its id and its session', async () => {
    const { near, far, client, server } = await connected();
    expect(near).toBeInstanceOf(Duplex);
    expect(near).toBeInstanceOf(MuxStream);
    expect([near.id, far.id]).toEqual([1, 1]);
    expect([near.session, far.session]).toEqual([client, server]);
  });

  test('goes through pipeline() both ways', async () => {
    const { near, far } = await connected();
    void pipeline(far, new PassThrough(), far);
    const bytes = pattern(3_000_000);
    const collected: Buffer[] = [];
    const sink = new Writable({
      write(chunk: Buffer, _encoding, callback) {
        collected.push(chunk);
        callback();
      },
    });
    await pipeline(Readable.from([bytes]), near, sink);
    expect(Buffer.concat(collected).equals(bytes)).toBe(true);
  });

  test('can be written to after it was iterated to the peer’s FIN', async () => {
    const { near, far } = await connected();
    near.end('what?');
    expect((await readAll(far)).toString()).toBe('what?');
    expect(far.destroyed).toBe(false);
    far.end('that.');
    expect((await readAll(near)).toString()).toBe('that.');
    await Promise.all([finished(near), finished(far)]);
    expect([near.errored, far.errored]).toEqual([null, null]);
  });

  test('is reset when a reader leaves an iteration early', async () => {
    const { near, far } = await connected();
    near.write('one');
    for await (const chunk of far) {
      expect(String(chunk)).toBe('one');
      break;
    }
    await expect(finished(near)).rejects.toMatchObject({
      code: 'MUX_STREAM_RESET',
      initiator: 'remote',
      streamId: 1,
    });
  });

  test('converts to web streams', async () => {
    const { near, far } = await connected();
    const { readable, writable } = Duplex.toWeb(near);
    far.pipe(far);
    const writer = writable.getWriter();
    void writer.write(Buffer.from('through the web')).then(() => writer.close());
    const chunks: Uint8Array[] = [];
    for await (const chunk of readable) chunks.push(chunk as Uint8Array);
    expect(Buffer.concat(chunks).toString()).toBe('through the web');
  });

  test('reads as text if an encoding is set, and grants credit for the bytes that are read', async () => {
    const { near, far } = await connected();
    far.setEncoding('utf8');
    near.end('ü'.repeat(700_000));
    let text = '';
    for await (const chunk of far) text += String(chunk);
    expect(text).toBe('ü'.repeat(700_000));
  });

  test('takes back the bytes that the reader unshifts', async () => {
    const { near, far } = await connected();
    near.write('headbody');
    await once(far, 'readable');
    far.unshift((far.read() as Buffer).subarray(4));
    near.end();
    expect((await readAll(far)).toString()).toBe('body');
  });

  test('obeys an AbortSignal through pipeline()', async () => {
    const { near, far } = await connected();
    const controller = new AbortController();
    const piping = pipeline(near, new PassThrough(), { signal: controller.signal });
    controller.abort();
    await expect(piping).rejects.toMatchObject({ name: 'AbortError' });
    await expect(readAll(far)).rejects.toMatchObject({ code: 'MUX_STREAM_RESET' });
  });

  test('joins the writes between cork() and uncork()', async () => {
    const peer = rawPeer({ role: 'client' });
    const stream = peer.session.openStream();
    stream.cork();
    for (const word of ['a', 'b', 'c']) stream.write(word);
    stream.uncork();
    await peer.expects('1 WindowUpdate SYN +786432', '1 Data 1', '1 Data 2');
  });

  test('returns false from write() if its buffer is full, and emits drain later', async () => {
    const { near, far } = await connected();
    far.resume();
    let writes = 0;
    while (near.write(Buffer.alloc(64 * KiB))) writes += 1;
    expect(writes).toBeLessThan(40);
    await once(near, 'drain');
  });
});

describe('destroy()', () => {
  test('resets the stream if it is called before both halves are finished', async () => {
    const { near, far } = await connected();
    near.destroy();
    await expect(readAll(far)).rejects.toMatchObject({ code: 'MUX_STREAM_RESET' });
    expect(near.errored).toBe(null);
  });

  test('passes its error to the code that uses the stream on this side', async () => {
    const { near } = await connected();
    near.destroy(new Error('changed my mind'));
    await expect(finished(near)).rejects.toThrow('changed my mind');
  });

  test('sends nothing if both halves have finished', async () => {
    const peer = rawPeer();
    peer.send(update(1, 0, SYN), update(1, 0, FIN));
    const stream = await peer.session.acceptStream();
    stream.resume();
    stream.end();
    await once(stream, 'close');
    await peer.expects('1 WindowUpdate ACK +786432', '1 WindowUpdate FIN');
    await peer.expectsSilence();
  });

  test('sends nothing at all if the stream’s SYN was not sent yet', async () => {
    const peer = rawPeer({ role: 'client', acceptBacklog: 1 });
    peer.session.openStream();
    peer.session.openStream().destroy();
    await peer.expects('1 WindowUpdate SYN +786432');
    peer.send(update(1, 0, ACK));
    await peer.expectsSilence();
    expect(peer.session.streamCount).toBe(1);
  });

  test('has the same effect as reset(error)', async () => {
    const { near, far } = await connected();
    near.reset(new Error('no more'));
    await expect(finished(near)).rejects.toThrow('no more');
    await expect(readAll(far)).rejects.toMatchObject({ code: 'MUX_STREAM_RESET' });
  });

  test('fails writes that were waiting', async () => {
    const { near } = await connected();
    const outcome = new Promise((resolve) => near.write(Buffer.alloc(3_000_000), resolve));
    near.write('more', () => {});
    near.destroy(new Error('enough'));
    expect(await outcome).toMatchObject({ message: 'enough' });
  });
});

describe('the peer’s reset', () => {
  test('destroys the stream with an error and drops the unread bytes', async () => {
    const peer = rawPeer();
    peer.send(update(1, 0, SYN), data(1, 'unread'));
    const stream = await peer.session.acceptStream();
    peer.send(update(1, 0, RST));
    await expect(readAll(stream)).rejects.toMatchObject({ code: 'MUX_STREAM_RESET', streamId: 1 });
  });

  test('does not end the process, even if the stream has no error listener', async () => {
    const { near, far } = await connected();
    far.destroy();
    await until(() => near.destroyed, 'the reset has come');
    await settled();
  });
});

describe('the end of the transport without FIN', () => {
  test('is an error on each open stream, never a clean end', async () => {
    const peer = rawPeer();
    peer.send(update(1, 0, SYN), data(1, 'half of it'), update(3, 0, SYN));
    const [first, second] = [await peer.session.acceptStream(), await peer.session.acceptStream()];
    peer.end.end();
    const outcomes = await Promise.allSettled([readAll(first), readAll(second), peer.session.closed]);
    expect(
      outcomes.map((outcome) => (outcome.status === 'rejected' ? (outcome.reason as MuxError).code : 'fine')),
    ).toEqual(Array.from({ length: 3 }, () => 'MUX_TRANSPORT_ENDED'));
  });

  test('delivers the bytes that had arrived before, and then the error', async () => {
    const peer = rawPeer();
    peer.send(update(1, 0, SYN), data(1, pattern(200 * KiB)));
    const stream = await peer.session.acceptStream();
    await settled();
    peer.end.end();
    await until(() => peer.session.hasEnded, 'the session is over');
    const chunks: Buffer[] = [];
    const outcome = await (async () => {
      for await (const chunk of stream) chunks.push(chunk);
    })().catch((error: unknown) => error);
    expect(Buffer.concat(chunks).equals(pattern(200 * KiB))).toBe(true);
    expect(outcome).toMatchObject({ code: 'MUX_TRANSPORT_ENDED' });
  });

  test('delivers the data and the clean end of a half that the peer had finished before', async () => {
    const peer = rawPeer();
    peer.send(update(1, 0, SYN), data(1, pattern(200 * KiB)), update(1, 0, FIN));
    const stream = await peer.session.acceptStream();
    await settled();
    peer.end.end();
    await until(() => peer.session.hasEnded, 'the session is over');
    expect((await readAll(stream)).equals(pattern(200 * KiB))).toBe(true);
    await until(() => stream.destroyed, 'the unfinished half fails');
    expect(stream.errored).toMatchObject({ code: 'MUX_TRANSPORT_ENDED' });
  });

  test('gives an error with the number of missing bytes if it comes in the middle of a frame', async () => {
    const peer = rawPeer();
    peer.send(update(1, 0, SYN), { type: 0, streamId: 1, length: 100, payload: Buffer.from('only this') });
    peer.end.end();
    await expect(peer.session.closed).rejects.toThrow('ended while 91 bytes of payload were still to come');
  });

  test('with no stream open is a clean end', async () => {
    const peer = rawPeer();
    peer.end.end();
    await peer.session.closed;
  });
});

test('read(n) returns n bytes in one chunk, even if they arrive in several frames', async () => {
  const peer = rawPeer();
  peer.send(update(1, 0, SYN), data(1, 'one'));
  const stream = await peer.session.acceptStream();
  const got: string[] = [];
  stream.on('readable', () => {
    for (
      let chunk = stream.read(6) as Buffer | null;
      chunk !== null;
      chunk = stream.read(6) as Buffer | null
    ) {
      got.push(chunk.toString());
    }
  });
  await settled();
  peer.send(data(1, 'two'), data(1, 'three'));
  await settled();
  peer.send(data(1, 'x'));
  await settled();
  expect(got).toEqual(['onetwo', 'threex']);
});

test('read(n) returns the bytes in order, even if the end of the stream arrives during a read', async () => {
  // The last byte is sent separately, after more bytes than a Duplex reads ahead.
  const peer = rawPeer();
  const bytes = pattern(80 * KiB + 1);
  peer.send(update(1, 0, SYN), data(1, bytes.subarray(0, 500)));
  const stream = await peer.session.acceptStream();
  const got: Buffer[] = [];
  const take = (): Buffer | null => (stream.read(977) ?? stream.read()) as Buffer | null;
  await once(stream, 'readable');
  peer.send(data(1, bytes.subarray(500, -1)), data(1, bytes.subarray(-1), FIN));
  await settled();
  const drain = (): void => {
    for (let chunk = take(); chunk !== null; chunk = take()) got.push(chunk);
  };
  stream.on('readable', drain);
  drain();
  await finished(stream, { writable: false });
  expect(Buffer.concat(got).equals(bytes)).toBe(true);
});
