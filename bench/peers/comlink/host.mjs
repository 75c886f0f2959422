import * as comlink from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { startWorker } from '../support/workers.mjs';

export async function open() {
  const { worker, threads, close } = await startWorker(new URL('./child.mjs', import.meta.url));
  const remote = comlink.wrap(nodeEndpoint(worker));
  return {
    add: (a, b) => remote.add(a, b),
    records: (list) => remote.records(list),
    bytes: (value) => remote.bytes(value),
    stream: (count, listener) => remote.stream(count, comlink.proxy(listener)),
    callbacks: (count, answer) => remote.callbacks(count, comlink.proxy(answer)),
    threads,
    close,
  };
}
