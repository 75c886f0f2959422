// The host of the floor, which exchanges bytes with its child over two pipes, without a codec. The first byte
// of each body says what the child must do. To echo a body, the child returns it unchanged.
import { FrameWriter, readFrames } from '../support/frames.mjs';
import { pathOf, spawnWithPipes } from '../support/processes.mjs';
import {
  CALLBACK,
  CHUNK,
  DONE,
  ECHO,
  ITEM,
  RUN_CALLBACKS,
  RUN_CHUNKS,
  RUN_STREAM,
  order,
} from './bodies.mjs';

export function open() {
  const { down, up, pids, close } = spawnWithPipes(pathOf('./child.mjs', import.meta.url));
  const writer = new FrameWriter(down);
  // Answers come in the order of the requests.
  let waiting = [];
  let next = 0;
  let onItem;
  const settle = (body) => {
    const resolve = waiting[next++];
    if (next === waiting.length) {
      waiting = [];
      next = 0;
    }
    resolve(body);
  };
  readFrames(up, (body) => {
    if (body[0] === ITEM || body[0] === CHUNK) onItem(body);
    else if (body[0] === CALLBACK) writer.write(body);
    else settle(body);
  });
  const answer = () =>
    new Promise((resolve) => {
      waiting.push(resolve);
    });
  const small = (op, value) => {
    writer.write(order(op, value));
    return answer();
  };
  const echo = async (value) => {
    writer.writeTagged(ECHO, value);
    return (await answer()).subarray(1);
  };
  return {
    pids,
    close,
    add: async (a, b) => (await small(ECHO, a + b)).readUInt32BE(1),
    bytes: echo,
    // The floor has no codec, so it sends the bytes that a codec would make of the records.
    records: echo,
    recordsAsBytes: true,
    stream: async (count, listener) => {
      onItem = listener;
      const body = await small(RUN_STREAM, count);
      if (body[0] !== DONE) throw new Error('the stream did not end');
    },
    /** The floor has one pipe, so it sends the chunks of all streams one after another. */
    byteStreams: async (count, chunks) => {
      let bytes = 0;
      onItem = (body) => {
        bytes += body.length - 1;
      };
      await small(RUN_CHUNKS, count * chunks);
      return bytes;
    },
    callbacks: async (count) => (await small(RUN_CALLBACKS, count)).readUInt32BE(1),
  };
}
