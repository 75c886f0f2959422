import type { RawStream, RawStreamHandler } from '@pipework/mux/lean';
import { expect, test } from 'vitest';
import type { StreamHost } from './stream-host.ts';
import { UnfinishedBudget } from '../../session/unfinished.ts';
import { TakenStream } from './taken-stream.ts';
import { produced } from './stream-protocol.ts';

type Sink = (word: number, value: unknown) => void;

/**
 * Makes a stream from a fake peer. When `arrive()` is called, `chunk` passes the messages of one chunk to the
 * sink. `onWrite` runs during each write to the peer.
 */
function streamOver(play: { chunk?: (sink: Sink) => void; onWrite?: (handler: RawStreamHandler) => void }): {
  stream: TakenStream;
  arrive: () => void;
} {
  let handler!: RawStreamHandler;
  const raw = {
    setHandler: (given: RawStreamHandler) => (handler = given),
    consume: () => {},
    reset: () => {},
    end: () => {},
  };
  const host = {
    shared: {
      broker: { dialRaw: () => raw as unknown as RawStream },
      count: () => {},
      budget: new UnfinishedBudget(1e6),
      options: {},
      peer: 'plugin p',
    },
    notify: () => {},
    discard: () => {},
    itemReader: (sink: Sink) => ({ push: () => play.chunk?.(sink), stop: () => {}, unfinished: 0 }),
    writeItem: () => play.onWrite?.(handler),
    toWire: (value: unknown) => value,
  } as unknown as StreamHost;
  const stream = new TakenStream(1, host, { outgoing: undefined }, { ended: () => {}, read: () => {} });
  return { stream, arrive: () => handler.onData(new Uint8Array(1)) };
}

test('return() settles if the peer resets the stream while the message of return() is being written', async () => {
  const { stream, arrive } = streamOver({
    chunk: (sink) => sink(produced.item, 1),
    onWrite: (handler) => handler.onClose(undefined),
  });
  const first = stream.next();
  arrive();
  expect(await first).toEqual({ done: false, value: 1 });
  await expect(stream.return()).rejects.toMatchObject({ code: 'RPC_CLOSED' });
});

test('a waiting consumer gets the end, even if invalid bytes follow the end', async () => {
  const { stream, arrive } = streamOver({
    chunk: (sink) => {
      sink(produced.done, 'over');
      throw new Error('garbage');
    },
  });
  const waiting = stream.next();
  arrive();
  expect(await waiting).toEqual({ done: true, value: 'over' });
});
