// kkrpc sends bytes as JSON arrays of numbers. A user would send them as base64 instead, so this adapter does
// too.
import { NodeIo, RPCChannel } from 'kkrpc';
import { fromText, toText } from '../support/messages.mjs';
import { pathOf, spawnWithStdio } from '../support/processes.mjs';

export const missing = {
  callbacks: 'its callbacks return no value to their caller',
  'binary-64m': 'it searches its whole buffer again for each chunk, so a call takes minutes',
};

export function open() {
  const { child, pids, close } = spawnWithStdio(pathOf('./child.mjs', import.meta.url));
  const remote = new RPCChannel(new NodeIo(child.stdout, child.stdin)).getAPI();
  return {
    add: (a, b) => remote.add(a, b),
    records: (list) => remote.records(list),
    bytes: async (value) => fromText(await remote.bytes(toText(value))),
    stream: (count, listener) => remote.stream(count, listener),
    pids,
    close,
  };
}
