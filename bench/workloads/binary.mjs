// Sends bytes to the child and gets them back. Two workloads send 1 MiB again and again. One workload sends
// 64 MiB once, and measures by how much the memory of the host grows.
import { cpuPerCall, inFlight } from '../lib/loops.mjs';
import { residentMiB, resetPeak } from '../lib/memory.mjs';
import { checkBytes, makeBytes } from '../lib/values.mjs';

const MiB = 1024 * 1024;

export const binary1m = {
  name: 'binary-1m',
  title: '1 MiB of bytes each way',
  group: 'bytes',
  cores: 'two',
  needs: 'bytes',
  metrics: [
    { key: 'rate', title: 'MB/s one way', unit: 'MB/s', better: 'high' },
    { key: 'cpu', title: 'CPU a call', unit: 'µs', better: 'low' },
  ],
  async run({ peer, time, warmup }) {
    const value = makeBytes(MiB);
    checkBytes(value, await peer.bytes(value));
    const call = async () => {
      const back = await peer.bytes(value);
      if (back.length !== MiB || back[0] !== value[0] || back[MiB - 1] !== value[MiB - 1])
        checkBytes(value, back);
    };
    await inFlight(call, 1, warmup);
    const { rate, cpu } = await cpuPerCall(peer.pids ?? [], () => inFlight(call, 1, time));
    return { rate: (rate * MiB) / 1e6, cpu };
  },
};

/**
 * Runs `binary1m` in a host without the ballast, the 25 MB of objects that other hosts hold. The host's heap
 * is then so small that V8 collects the whole heap after each dozen megabytes of new buffers.
 */
export const smallHeap1m = {
  ...binary1m,
  name: 'small-heap-1m',
  title: '1 MiB of bytes each way, small heap',
  group: 'small-heap',
  peers: ['floor', 'pipework', 'fork-json', 'fork-advanced', 'execa-ipc', 'birpc-pipe', 'worker-port'],
  hasSmallHeap: true,
};

export const binary64m = {
  name: 'binary-64m',
  title: '64 MiB of bytes each way',
  group: 'big',
  cores: 'two',
  needs: 'bytes',
  metrics: [
    { key: 'ms', title: 'time', unit: 'ms', better: 'low' },
    { key: 'growth', title: "host's peak growth", unit: 'MiB', better: 'low' },
  ],
  async run({ peer }) {
    const value = makeBytes(64 * MiB);
    await peer.add(1, 2);
    const before = residentMiB();
    if (before !== undefined) resetPeak();
    const begin = performance.now();
    const back = await peer.bytes(value);
    const ms = performance.now() - begin;
    const growth = before === undefined ? undefined : residentMiB('self', 'VmHWM') - before;
    checkBytes(value, back);
    return { ms, growth };
  },
};
