import { messageHost } from '../support/messages.mjs';
import { forkChild, pathOf } from '../support/processes.mjs';

export function open() {
  const { child, pids, close } = forkChild(pathOf('./child.mjs', import.meta.url), 'advanced');
  const { peer, receive } = messageHost((message) => child.send(message));
  child.on('message', receive);
  return { ...peer, pids, close };
}
