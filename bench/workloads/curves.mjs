// Measures how the cost grows with the number of services, of open streams or of plugins, and with the size
// of a value.
import { inFlight } from '../lib/loops.mjs';
import { place } from '../lib/cores.mjs';
import { makeBytes } from '../lib/values.mjs';
import { tinyCall } from './tiny.mjs';

const rates = [{ key: 'points', title: 'calls/s', unit: '/s', better: 'high', curve: true }];

/** Spreads calls over many dispensed services of one plugin. */
export const curveServices = {
  name: 'curve-services',
  title: 'calls/s by number of services, 64 in flight',
  axis: 'services',
  group: 'curve',
  cores: 'one',
  needs: 'services',
  peers: ['pipework'],
  metrics: rates,
  async run({ peer, time, warmup }) {
    const points = [];
    for (const count of [1, 2, 5, 10, 20, 50, 100]) {
      const calls = (await peer.services(count)).map(tinyCall);
      const call = (i) => calls[i % count](i);
      await inFlight(call, 64, warmup);
      points.push([count, (await inFlight(call, 64, time)).rate]);
    }
    return { points };
  },
};

/** Calls one service while many other streams of the same session are open. */
export const curveStreams = {
  name: 'curve-streams',
  title: 'calls/s by number of open streams, 64 in flight',
  axis: 'open streams',
  group: 'curve',
  cores: 'one',
  needs: 'openStreams',
  peers: ['pipework'],
  metrics: rates,
  async run({ peer, time, warmup }) {
    const points = [];
    const call = tinyCall(peer);
    for (const count of [1, 3, 10, 30, 100, 300, 1000]) {
      await peer.openStreams(count);
      await inFlight(call, 64, warmup);
      points.push([count, (await inFlight(call, 64, time)).rate]);
    }
    return { points };
  },
};

/**
 * Opens more and more plugins in one host, with 64 calls in flight to each plugin. The rate is that of all
 * plugins together.
 */
export const curvePlugins = {
  name: 'curve-plugins',
  title: 'calls/s of all plugins by number of plugins, 64 in flight each',
  axis: 'plugins',
  group: 'curve',
  cores: 'free',
  needs: 'add',
  opens: true,
  peers: ['floor', 'pipework', 'fork-json', 'fork-advanced', 'birpc-pipe', 'capnweb-pipe', 'worker-port'],
  metrics: rates,
  async run({ open, time, warmup }) {
    const points = [];
    for (const count of [1, 2, 4, 8]) {
      const opened = [];
      for (let i = 0; i < count; i++) opened.push(await open());
      for (const peer of opened) place('free', peer);
      const calls = opened.map(tinyCall);
      const all = async (ms) =>
        (await Promise.all(calls.map((call) => inFlight(call, 64, ms)))).map(({ rate }) => rate);
      await all(warmup);
      points.push([count, (await all(time)).reduce((sum, rate) => sum + rate, 0)]);
      await Promise.all(opened.map((peer) => peer.close()));
    }
    return { points };
  },
};

/** Sends bytes and gets them back, one call at a time, with larger and larger values. */
export const curveSize = {
  name: 'curve-size',
  title: 'time of a round trip by size of the value',
  axis: 'bytes',
  group: 'curve',
  cores: 'two',
  needs: 'bytes',
  peers: [
    'floor',
    'pipework',
    'fork-json',
    'fork-advanced',
    'execa-ipc',
    'birpc-pipe',
    'grpc-uds',
    'worker-port',
  ],
  metrics: [{ key: 'points', title: 'round trip', unit: 'µs', better: 'low', curve: true }],
  async run({ peer, time, warmup }) {
    const points = [];
    for (let size = 16; size <= 64 * 1024 * 1024; size *= 4) {
      points.push([size, await roundTrip(peer, size, time, warmup)]);
    }
    return { points };
  },
};

async function roundTrip(peer, size, time, warmup) {
  const value = makeBytes(size);
  const call = async () => {
    const back = await peer.bytes(value);
    if (back.length !== size) throw new Error(`${size} bytes came back as ${back.length}`);
  };
  // Values of different sizes run different code, so each size is warmed up separately. Otherwise the figure
  // of the first and smallest size would include the time of the compiler.
  await inFlight(call, 1, warmup / 2);
  return 1e6 / (await inFlight(call, 1, time / 2)).rate;
}
