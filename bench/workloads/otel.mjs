// Measures what @pipework/otel costs a call if everything is turned on: spans and metrics of every call in
// both processes. `node bench/otel/run.mjs` measures the parts.
import { measure } from '../otel/measure.mjs';

export const otel = {
  name: 'otel',
  title: 'telemetry on, 64 calls in flight, one core',
  group: 'otel',
  peers: ['pipework'],
  opens: true,
  metrics: [
    { key: 'off', title: 'CPU a call without', unit: 'µs', better: 'low' },
    { key: 'on', title: 'CPU a call with all', unit: 'µs', better: 'low' },
    { key: 'busyOff', title: 'CPU of one that works, without', unit: 'µs', better: 'low' },
    { key: 'busyOn', title: 'the same with all', unit: 'µs', better: 'low' },
  ],
  async run() {
    const off = await measure('off');
    const on = await measure('all');
    return { off: off.empty, on: on.empty, busyOff: off.busy, busyOn: on.busy };
  },
};
