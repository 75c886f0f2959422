// Starts a worker, and finds out which of the process's threads belongs to it.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { threadIds } from '../../lib/cores.mjs';

export async function startWorker(url) {
  const before = threadIds();
  const worker = new Worker(url);
  await once(worker, 'online');
  const threads = [...threadIds()].filter((id) => !before.has(id));
  return { worker, threads, close: () => worker.terminate() };
}
