import { forkChild, pathOf } from '../support/processes.mjs';
import { birpcHost } from '../support/birpc.mjs';
import { fromText, toText } from '../support/messages.mjs';

export function open() {
  const { child, pids, close } = forkChild(pathOf('./child.mjs', import.meta.url), 'json');
  const peer = birpcHost({
    post: (message) => child.send(message),
    on: (receive) => child.on('message', receive),
  });
  return { ...peer, bytes: async (value) => fromText(await peer.bytes(toText(value))), pids, close };
}
