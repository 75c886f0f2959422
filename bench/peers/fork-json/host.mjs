// JSON has no bytes, so bytes are sent as base64 both ways. The cost of base64 is measured too.
import { fromText, messageHost, toText } from '../support/messages.mjs';
import { forkChild, pathOf } from '../support/processes.mjs';

export function open() {
  const { child, pids, close } = forkChild(pathOf('./child.mjs', import.meta.url), 'json');
  const { peer, receive } = messageHost((message) => child.send(message));
  child.on('message', receive);
  return { ...peer, bytes: async (value) => fromText(await peer.bytes(toText(value))), pids, close };
}
