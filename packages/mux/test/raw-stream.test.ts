/** Tests of the lean interface, and of the order of events that a handler gets. */

import { describe, expect, test, vi } from 'vitest';
import type { RawStream, RawStreamHandler } from './support/internals.ts';
import { ACK, data, FIN, rawPeer, RST, settled, SYN, update } from './support/raw-peer.ts';
import { until } from './support/session-pair.ts';

/** A handler that logs its calls. */
function recorder(log: string[], more: Partial<RawStreamHandler> = {}): RawStreamHandler {
  return {
    onData: (chunk) => void log.push(Buffer.from(chunk).toString()),
    onEnd: () => void log.push('end'),
    onClose: (error) => void log.push(`close ${error?.code ?? 'clean'}`),
    ...more,
  };
}

/** Makes a session with a peer that sends single frames. `streams` gets each stream that the peer opens. */
function opened(): { peer: ReturnType<typeof rawPeer>; streams: RawStream[] } {
  const streams: RawStream[] = [];
  return { peer: rawPeer({ onStream: (stream) => void streams.push(stream) }), streams };
}

describe('a handler', () => {
  test('gets all earlier events before setHandler() returns, if it is set late', async () => {
    const { peer, streams } = opened();
    peer.send(update(1, 0, SYN), data(1, 'one'), data(1, 'two'), update(1, 0, FIN));
    await settled();
    const log: string[] = [];
    streams[0]!.setHandler(recorder(log));
    expect(log).toEqual(['onetwo', 'end']);
    streams[0]!.end();
    expect(log).toEqual(['onetwo', 'end', 'close clean']);
  });

  test('that replaces an earlier handler gets first the bytes that the earlier handler gave back, then the end and the close', async () => {
    const { peer, streams } = opened();
    peer.send(update(1, 0, SYN), data(1, 'IDbody'), update(1, 0, FIN));
    await settled();
    const [stream] = streams as [RawStream];
    const first: string[] = [];
    const second: string[] = [];
    const onData = (chunk: Uint8Array): void => {
      first.push(Buffer.from(chunk.subarray(0, 2)).toString());
      stream.unshift(chunk.subarray(2));
      stream.consume(2);
    };
    stream.setHandler(recorder(first, { onData }));
    expect(first).toEqual(['ID']);
    stream.end();
    stream.setHandler(recorder(second));
    expect(second).toEqual(['body', 'end', 'close clean']);
    const third: string[] = [];
    stream.setHandler(recorder(third));
    expect(third).toEqual(['end', 'close clean']);
  });

  test('may be replaced in the middle of a chunk', async () => {
    const { peer, streams } = opened();
    peer.send(update(1, 0, SYN));
    await settled();
    const [stream] = streams as [RawStream];
    const log: string[] = [];
    const onData = (chunk: Uint8Array): void => {
      log.push(`first:${Buffer.from(chunk.subarray(0, 2)).toString()}`);
      stream.unshift(chunk.subarray(2));
      stream.setHandler(recorder(log));
    };
    stream.setHandler(recorder(log, { onData }));
    peer.send(data(1, 'IDbody'), data(1, 'more'));
    await settled();
    expect(log).toEqual(['first:ID', 'body', 'more']);
  });

  test('with onRange gets the bytes of each frame by onRange, and bytes that had to wait by onData', async () => {
    const { peer, streams } = opened();
    peer.send(update(1, 0, SYN), data(1, 'waited'));
    await settled();
    const log: string[] = [];
    const chunks = new Set<Uint8Array>();
    const onRange = (chunk: Uint8Array, start: number, end: number): void => {
      chunks.add(chunk);
      log.push(`range ${Buffer.from(chunk.subarray(start, end)).toString()}`);
    };
    streams[0]!.setHandler(recorder(log, { onRange }));
    peer.send(data(1, 'one'), data(1, 'two'));
    await settled();
    expect(log).toEqual(['waited', 'range one', 'range two']);
    expect(chunks.size).toBe(1);
  });

  test('gets the close exactly once, as the last event, after a reset', async () => {
    const { peer, streams } = opened();
    peer.send(update(1, 0, SYN), data(1, 'x'));
    await settled();
    const log: string[] = [];
    streams[0]!.setHandler(recorder(log));
    peer.send(update(1, 0, RST), data(1, 'y'), update(1, 0, FIN));
    await settled();
    streams[0]!.reset();
    streams[0]!.end();
    expect(streams[0]!.write(Buffer.from('dropped'))).toBe(true);
    expect(log).toEqual(['x', 'close MUX_STREAM_RESET']);
  });

  test('does not get a frame’s FIN if another handler resets the stream while that frame is handled', async () => {
    const peer = rawPeer({ role: 'client', acceptBacklog: 1 });
    const [first, queued] = [peer.session.openRaw(), peer.session.openRaw()];
    const log: string[] = [];
    first.setHandler(recorder(log));
    queued.setHandler(recorder([], { onDrain: () => first.reset() }));
    queued.write(Buffer.alloc(257 * 1024));
    await settled();
    peer.send(update(1, 0, ACK | FIN));
    await settled();
    expect(log).toEqual(['close MUX_STREAM_CLOSED']);
  });

  test('gets the close after a reset by its own side, with the error as the cause', async () => {
    const { peer, streams } = opened();
    peer.send(update(1, 0, SYN));
    await settled();
    const reason = new Error('enough');
    let closed: unknown;
    streams[0]!.setHandler(recorder([], { onClose: (error) => (closed = error) }));
    streams[0]!.reset(reason);
    expect(closed).toMatchObject({ code: 'MUX_STREAM_CLOSED', initiator: 'local', cause: reason });
  });

  test('ends only its own stream if it throws', async () => {
    const { peer, streams } = opened();
    const thrown: unknown[] = [];
    const { nextTick } = process;
    // The session throws an error of a handler again, in a later tick. Without this spy, that would end the
    // process.
    const spy = vi.spyOn(process, 'nextTick').mockImplementation(((
      run: (...args: unknown[]) => void,
      ...args: unknown[]
    ) => {
      nextTick(() => {
        try {
          run(...args);
        } catch (error) {
          thrown.push(error);
        }
      });
    }) as typeof process.nextTick);
    peer.send(update(1, 0, SYN), update(3, 0, SYN));
    await settled();
    const log: string[] = [];
    const onData = (): void => {
      throw new Error('handler');
    };
    streams[0]!.setHandler(recorder(log, { onData }));
    streams[1]!.setHandler(recorder(log));
    peer.send(data(1, 'x'), data(3, 'fine'));
    await until(() => log.length === 2 && thrown.length === 1, 'both streams have been told');
    spy.mockRestore();
    expect(log).toEqual(['close MUX_STREAM_CLOSED', 'fine']);
    expect(thrown).toEqual([new Error('handler')]);
  });
});

describe('writing', () => {
  test('writeCopy() copies its bytes before it returns', async () => {
    const peer = rawPeer({ role: 'client' });
    const stream = peer.session.openRaw();
    const buffer = Buffer.from('..hello..');
    stream.writeCopy(buffer, 2, 7);
    buffer.fill(0);
    await settled();
    expect(Buffer.from(peer.frames[1]!.payload!).toString()).toBe('hello');
  });

  test('writeCopy() also copies while the transport is full', async () => {
    const peer = rawPeer({ role: 'client' });
    peer.end.stall();
    const stream = peer.session.openRaw();
    stream.write(Buffer.alloc(64 * 1024));
    stream.write(Buffer.alloc(64 * 1024));
    const buffer = Buffer.from('hello');
    stream.writeCopy(buffer, 0, 5);
    buffer.fill(0);
    peer.end.resumeTaking();
    await settled();
    expect(Buffer.from(peer.frames.at(-1)!.payload!).subarray(-5).toString()).toBe('hello');
  });

  test('after end() throws MUX_WRITE_AFTER_END', () => {
    const peer = rawPeer({ role: 'client' });
    const stream = peer.session.openRaw();
    stream.end();
    expect(() => stream.write(Buffer.from('x'))).toThrow(
      expect.objectContaining({ code: 'MUX_WRITE_AFTER_END' }),
    );
  });

  test('no bytes sends no data frame', async () => {
    const peer = rawPeer({ role: 'client' });
    const stream = peer.session.openRaw();
    stream.write(new Uint8Array(0));
    stream.writeCopy(Buffer.from('abc'), 1, 1);
    await peer.expects('1 WindowUpdate SYN +786432');
    await peer.expectsSilence();
  });

  test('end() has no effect if it is called again', async () => {
    const peer = rawPeer({ role: 'client' });
    const stream = peer.session.openRaw();
    let finishes = 0;
    stream.setHandler(recorder([], { onFinish: () => void (finishes += 1) }));
    stream.end();
    stream.end();
    await peer.expects('1 WindowUpdate SYN +786432', '1 WindowUpdate FIN');
    await peer.expectsSilence();
    expect(finishes).toBe(1);
  });
});

test('consuming more bytes than were delivered throws MUX_MISUSE', async () => {
  const { peer, streams } = opened();
  peer.send(update(1, 0, SYN), data(1, 'abc'));
  await settled();
  for (const bytes of [4, -1, NaN]) {
    expect(() => streams[0]!.consume(bytes)).toThrow(expect.objectContaining({ code: 'MUX_MISUSE' }));
  }
});
