// Measures the cost of an AsyncLocalStorage for a call. In Node 20 and 22, as soon as one is in use, V8
// reports every promise of the process to Node. These reports make the floor slower too.
import { AsyncLocalStorage } from 'node:async_hooks';
import { cpuPerCall, inFlight } from '../lib/loops.mjs';
import { tinyCall } from './tiny.mjs';

const WIDTH = 64;

export const context = {
  name: 'context',
  title: '64 calls in flight beside an AsyncLocalStorage',
  group: 'context',
  cores: 'one',
  needs: 'add',
  peers: ['floor', 'pipework', 'fork-json', 'birpc-pipe', 'worker-port'],
  metrics: [
    { key: 'none', title: 'CPU a call without', unit: 'µs', better: 'low' },
    { key: 'used', title: 'CPU a call with', unit: 'µs', better: 'low' },
    { key: 'times', title: 'with / without', unit: '×', better: 'low' },
  ],
  async run({ peer, time, warmup }) {
    const call = tinyCall(peer);
    const measure = async () => {
      await inFlight(call, WIDTH, warmup);
      return (await cpuPerCall(peer.pids ?? [], () => inFlight(call, WIDTH, time))).cpu;
    };
    const none = await measure();
    const storage = new AsyncLocalStorage();
    const used = await storage.run({ user: 'one' }, async () => {
      const cpu = await measure();
      if (storage.getStore()?.user !== 'one') throw new Error('the context was lost');
      return cpu;
    });
    storage.disable();
    return { none, used, times: used / none };
  },
};
