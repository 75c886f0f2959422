// Measures how much a call costs if @pipework/otel makes spans and metrics of every call in both processes.
// `node bench/otel/run.mjs` measures the cost of spans and metrics separately.
import { measure } from '../otel/measure.mjs';

export const otel = {
  name: 'otel',
  title: 'telemetry on, 64 calls in flight, one core',
  group: 'otel',
  peers: ['pipework'],
  opens: true,
  metrics: [
    { key: 'off', title: 'CPU of an empty call, no telemetry', unit: 'µs', better: 'low' },
    { key: 'on', title: 'CPU of an empty call, all telemetry', unit: 'µs', better: 'low' },
    { key: 'busyOff', title: 'CPU of a call that works, no telemetry', unit: 'µs', better: 'low' },
    { key: 'busyOn', title: 'CPU of a call that works, all telemetry', unit: 'µs', better: 'low' },
  ],
  async run() {
    const off = await measure('off');
    const on = await measure('all');
    return { off: off.empty, on: on.empty, busyOff: off.busy, busyOn: on.busy };
  },
};
