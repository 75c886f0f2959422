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
    callbacks: (count, answer) => remote.callbacks(count, answer),
    pids,
    close,
  };
}
