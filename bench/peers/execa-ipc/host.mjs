import { execaNode } from 'execa';
import { messageHost } from '../support/messages.mjs';
import { pathOf } from '../support/processes.mjs';

export function open() {
  const subprocess = execaNode({
    ipc: true,
    buffer: false,
    stdout: 'inherit',
    stderr: 'inherit',
    reject: false,
  })(pathOf('./child.mjs', import.meta.url));
  const { peer, receive } = messageHost((message) => void subprocess.sendMessage(message));
  void deliver(subprocess, receive);
  const close = async () => {
    subprocess.disconnect();
    subprocess.kill();
    await subprocess;
  };
  return { ...peer, pids: [subprocess.pid], close };
}

async function deliver(subprocess, receive) {
  for await (const message of subprocess.getEachMessage()) receive(message);
}
