// JSON has no bytes: they travel as base64 both ways, its cost included.
import { fromText, messageHost, toText } from '../support/messages.mjs';
import { forkChild, pathOf } from '../support/processes.mjs';

export function open() {
  const { child, pids, close } = forkChild(pathOf('./child.mjs', import.meta.url), 'json');
  const { peer, receive } = messageHost((message) => child.send(message));
  child.on('message', receive);
  return { ...peer, bytes: async (value) => fromText(await peer.bytes(toText(value))), pids, close };
}
