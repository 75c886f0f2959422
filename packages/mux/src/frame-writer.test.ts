import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { decodeFrames } from './frame.ts';
import { FrameWriter } from './frame-writer.ts';
import { realTimers } from './timers.ts';

/** A writer, and what has left it: the payload of each frame, by write. */
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

test('the first frame of a turn leaves at once, the others together at its end', async () => {
  const { send, writes } = makeWriter();
  send('a');
  expect(writes).toEqual([['a']]);
  send('b');
  send('c');
  expect(writes).toEqual([['a']]);
  await nextTurn();
  expect(writes).toEqual([['a'], ['bc']]);
});

test('after a turn with several frames all of the next leave together', async () => {
  const { send, writes } = makeWriter();
  for (const turn of ['abc', 'def', 'g', 'h']) {
    for (const text of turn) send(text);
    await nextTurn();
  }
  // The turn with one frame is the last that waits for more.
  send('i');
  expect(writes).toEqual([['a'], ['bc'], ['def'], ['g'], ['h'], ['i']]);
});

test('frames of a stream grow across messages of any size', async () => {
  const { send, writes } = makeWriter();
  const texts = [1, 63, 64, 65, 300, 2].map((length, index) => String(index).repeat(length));
  send('first');
  for (const text of texts) send(text);
  await nextTurn();
  expect(writes).toEqual([['first'], [texts.join('')]]);
});
