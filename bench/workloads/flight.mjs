// Keeps many tiny calls in flight, which shows the effect of pipelining and batching.
import { cpuPerCall, inFlight } from '../lib/loops.mjs';
import { tinyCall } from './tiny.mjs';

export const flightMetrics = [
  { key: 'rate', title: 'calls/s', unit: '/s', better: 'high' },
  { key: 'cpu', title: 'CPU a call', unit: 'µs', better: 'low' },
];

/** Warms a call up, then measures it with `width` calls in flight. */
export async function measureFlight(call, width, { peer, time, warmup }) {
  await inFlight(call, width, warmup);
  return cpuPerCall(peer.pids ?? [], () => inFlight(call, width, time));
}

const run = (width) => (context) => measureFlight(tinyCall(context.peer), width, context);

export const flight64 = {
  name: 'flight-64',
  title: '64 calls in flight, one core',
  group: 'calls',
  cores: 'one',
  needs: 'add',
  metrics: flightMetrics,
  run: run(64),
};

export const flight1000 = {
  name: 'flight-1000',
  title: '1,000 calls in flight, two cores',
  group: 'calls',
  cores: 'two',
  needs: 'add',
  metrics: flightMetrics,
  run: run(1000),
};
