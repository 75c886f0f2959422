import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { decodeFrames } from './frame.ts';
import { FrameWriter } from './frame-writer.ts';
import { realTimers } from './timers.ts';

/**
 * Makes a writer, and a list of its writes. For each write the list has the payloads of the written frames.
 */
function makeWriter(): { send: (text: string) => void; writes: string[][] } {
  const writes: string[][] = [];
  const writable = new Writable({
    write(chunk: Buffer, _encoding, callback) {
      writes.push(decodeFrames(chunk).frames.map(({ payload = [] }) => Buffer.from(payload).toString()));
      callback();
    },
  });
  const writer = new FrameWriter(writable, {
    stallTimeoutMs: 0,
    timers: realTimers,
    onWritable: () => {},
    onStalled: () => {},
    onFrame: () => {},
    isWatched: () => false,
    onLeaving: () => {},
  });
  const send = (text: string): void => {
    writer.dataCopy(1, Buffer.from(text), 0, text.length);
    writer.leave();
  };
  return { send, writes };
}

const nextTurn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

test('sends the first frame of a turn immediately, and the others together at the end of the turn', async () => {
  const { send, writes } = makeWriter();
  send('a');
  expect(writes).toEqual([['a']]);
  send('b');
  send('c');
  expect(writes).toEqual([['a']]);
  await nextTurn();
  expect(writes).toEqual([['a'], ['bc']]);
});

test('sends all frames of a turn together if the turn before had several', async () => {
  const { send, writes } = makeWriter();
  for (const turn of ['abc', 'def', 'g', 'h']) {
    for (const text of turn) send(text);
    await nextTurn();
  }
  // The turn of 'g' had only one frame, so the first frame of a later turn is sent immediately again.
  send('i');
  expect(writes).toEqual([['a'], ['bc'], ['def'], ['g'], ['h'], ['i']]);
});

test('joins messages of any size into one frame of their stream', async () => {
  const { send, writes } = makeWriter();
  const texts = [1, 63, 64, 65, 300, 2].map((length, index) => String(index).repeat(length));
  send('first');
  for (const text of texts) send(text);
  await nextTurn();
  expect(writes).toEqual([['first'], [texts.join('')]]);
});
