// Makes one tiny call at a time, which shows the cost of a call without pipelining or batching.
import { cpuPerCall, lone as measureLone } from '../lib/loops.mjs';
import { tinyCall } from './tiny.mjs';

const metrics = [
  { key: 'p50', title: 'p50', unit: 'µs', better: 'low' },
  { key: 'p99', title: 'p99', unit: 'µs', better: 'low' },
  { key: 'cpu', title: 'CPU a call', unit: 'µs', better: 'low' },
];

async function run({ peer, time, warmup }) {
  const call = tinyCall(peer);
  await measureLone(call, warmup);
  return cpuPerCall(peer.pids ?? [], async () => {
    const result = await measureLone(call, time);
    return { ...result, count: (result.rate * time) / 1000 };
  });
}

/**
 * Host and child run on one core. So the figure shows the cost of the software, without the time that the
 * machine needs to wake another core.
 */
export const lone = {
  name: 'lone',
  title: 'one call at a time, one core',
  group: 'calls',
  cores: 'one',
  needs: 'add',
  metrics,
  run,
};

/**
 * Host and child are not pinned to cores, as in a real program. The kernel may move each of them at any time.
 */
export const loneFree = {
  name: 'lone-free',
  title: 'one call at a time, not pinned',
  group: 'calls',
  cores: 'free',
  needs: 'add',
  peers: ['floor', 'pipework', 'fork-json', 'fork-advanced', 'vscode-jsonrpc', 'worker-port'],
  metrics,
  run,
};

export const loneTwo = {
  name: 'lone-two',
  title: 'one call at a time, two cores',
  group: 'calls',
  cores: 'two',
  needs: 'add',
  metrics,
  run,
};
