import { RpcSession } from 'capnweb';
import { capnwebTransport } from '../support/capnweb.mjs';
import { pathOf, spawnWithPipes } from '../support/processes.mjs';

export function open() {
  const { down, up, pids, close } = spawnWithPipes(pathOf('./child.mjs', import.meta.url));
  const { transport, limits } = capnwebTransport(up, down);
  const remote = new RpcSession(transport, undefined, { limits }).getRemoteMain();
  return {
    add: (a, b) => remote.add(a, b),
    records: (list) => remote.records(list),
    bytes: (value) => remote.bytes(value),
    stream: async (count, listener) => {
      for await (const item of await remote.stream(count)) listener(item);
    },
    byteStreams: async (count, chunks) => {
      const read = async () => {
        let bytes = 0;
        for await (const chunk of await remote.chunks(chunks)) bytes += chunk.length;
        return bytes;
      };
      const sizes = await Promise.all(Array.from({ length: count }, read));
      return sizes.reduce((sum, size) => sum + size, 0);
    },
    callbacks: (count, answer) => remote.callbacks(count, answer),
    pids,
    close,
  };
}
