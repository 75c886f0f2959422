// comlink has no streams. So the child calls a function of the host for each item, as users of comlink do.
import { parentPort } from 'node:worker_threads';
import * as comlink from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import * as service from '../../lib/service.mjs';
import { item } from '../../lib/values.mjs';

const methods = {
  add: service.add,
  records: service.records,
  bytes: service.bytes,
  stream: async (count, listener) => {
    for (let i = 0; i < count;) {
      const calls = [];
      for (const end = Math.min(count, i + service.ITEMS_A_TURN); i < end; i++) calls.push(listener(item(i)));
      await Promise.all(calls);
    }
  },
  callbacks: (count, call) => service.callBack(count, call),
};
comlink.expose(methods, nodeEndpoint(parentPort));
