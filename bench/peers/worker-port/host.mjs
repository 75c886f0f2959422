// oxlint-disable unicorn/require-post-message-target-origin -- a MessagePort has no origin
import { messageHost } from '../support/messages.mjs';
import { startWorker } from '../support/workers.mjs';

export async function open() {
  const { worker, threads, close } = await startWorker(new URL('./child.mjs', import.meta.url));
  const { peer, receive } = messageHost((message) => worker.postMessage(message));
  worker.on('message', receive);
  return { ...peer, threads, close };
}
