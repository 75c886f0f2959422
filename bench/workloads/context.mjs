// Measures the cost of an AsyncLocalStorage for a call, a callback and an item of a stream. In Node 20 and
// 22, as soon as an AsyncLocalStorage is in use, V8 reports every promise of the process to Node. These
// reports make the floor slower too.
import { AsyncLocalStorage } from 'node:async_hooks';
import { cpuPerCall, inFlight, median } from '../lib/loops.mjs';
import { tinyCall } from './tiny.mjs';

const WIDTH = 64;
const COUNT = 10_000;
const SAMPLES = 3;

/** Returns a function that repeats `run(COUNT)` for `ms` milliseconds. */
const repeated = (run) => async (ms) => {
  let count = 0;
  for (const end = performance.now() + ms; performance.now() < end; count += COUNT) await run(COUNT);
  return { count };
};

const works = {
  call: (peer) => (ms) => inFlight(tinyCall(peer), WIDTH, ms),
  callback: (peer) => repeated((count) => peer.callbacks(count, (i) => i + 1)),
  item: (peer) => repeated((count) => peer.stream(count, () => {})),
};

const metricsOf = (name) => [
  { key: `${name}None`, title: `CPU a ${name}, no store`, unit: 'µs', better: 'low' },
  { key: `${name}Times`, title: `${name}: CPU with a store / without`, unit: '×', better: 'low' },
];

export const context = {
  name: 'context',
  title: 'calls, callbacks and items, with and without an AsyncLocalStorage',
  group: 'context',
  cores: 'one',
  needs: 'add',
  peers: ['floor', 'pipework', 'fork-json', 'birpc-pipe', 'worker-port'],
  metrics: Object.keys(works).flatMap(metricsOf),
  async run({ peer, time, warmup }) {
    const measureAll = async () => {
      const cpu = {};
      for (const [name, work] of Object.entries(works))
        cpu[name] = await measure(work(peer), peer.pids ?? [], time, warmup);
      return cpu;
    };
    // Measure without a store first. V8 stays slower after the first store, even if no store is in use any
    // more.
    const none = await measureAll();
    const used = await withStore(measureAll);
    return Object.fromEntries(
      Object.keys(works).flatMap((name) => [
        [`${name}None`, none[name]],
        [`${name}Times`, used[name] / none[name]],
      ]),
    );
  },
};

/** Returns the processor time of one call, callback or item, as the median of {@link SAMPLES} samples. */
async function measure(work, pids, time, warmup) {
  await warmUp(work, warmup);
  const samples = [];
  for (let i = 0; i < SAMPLES; i++) samples.push((await cpuPerCall(pids, () => work(time))).cpu);
  return median(samples);
}

/**
 * Warms up until this process has used `ms` milliseconds of processor time. On a busy machine, the same
 * elapsed time would contain fewer calls.
 */
async function warmUp(work, ms) {
  const used = () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  };
  const end = used() + ms;
  while (used() < end) await work(50);
}

/** Runs `action` while an AsyncLocalStorage is in use. */
async function withStore(action) {
  const storage = new AsyncLocalStorage();
  try {
    return await storage.run({ user: 'one' }, async () => {
      const result = await action();
      if (storage.getStore()?.user !== 'one') throw new Error('the context was lost');
      return result;
    });
  } finally {
    storage.disable();
  }
}
