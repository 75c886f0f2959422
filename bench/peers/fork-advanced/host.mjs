import { messageHost } from '../support/messages.mjs';
import { forkChild, pathOf } from '../support/processes.mjs';

export function open() {
  const { child, pids, close } = forkChild(pathOf('./child.mjs', import.meta.url), 'advanced');
  const { peer, receive } = messageHost((message) => child.send(message));
  const streams = new Map();
  child.on('message', (message) => {
    if (message.stream === undefined) receive(message);
    else streams.get(message.stream)(message.chunk);
  });
  const read = (stream, chunks) =>
    new Promise((resolve) => {
      let bytes = 0;
      streams.set(stream, (chunk) => {
        if (chunk === undefined) resolve(bytes);
        else bytes += chunk.length;
      });
      child.send({ stream, chunks });
    });
  const byteStreams = async (count, chunks) => {
    const sizes = await Promise.all(Array.from({ length: count }, (_, i) => read(i, chunks)));
    return sizes.reduce((sum, size) => sum + size, 0);
  };
  return { ...peer, byteStreams, pids, close };
}
