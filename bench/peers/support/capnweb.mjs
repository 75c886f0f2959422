// capnweb's transport over a pair of pipes, with one JSON text in each frame.
import { FrameWriter, readFrames } from './frames.mjs';

export function capnwebTransport(readable, writable) {
  const writer = new FrameWriter(writable);
  const arrived = [];
  let waiting;
  readFrames(readable, (body) => {
    const text = body.toString('utf8');
    const resolve = waiting;
    waiting = undefined;
    if (resolve === undefined) arrived.push(text);
    else resolve(text);
  });
  const transport = {
    send: async (text) => writer.write(Buffer.from(text, 'utf8')),
    receive: () =>
      arrived.length > 0
        ? Promise.resolve(arrived.shift())
        : new Promise((resolve) => {
            waiting = resolve;
          }),
  };
  // 64 MiB as base64 exceeds capnweb's default limit.
  return { transport, limits: { maxMessageSize: 256 * 1024 * 1024 } };
}
