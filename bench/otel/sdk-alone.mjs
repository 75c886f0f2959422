// Measures the processor time that the official SDK needs for one call, and prints it as JSON. No call is
// made. This program only makes two spans (one for each process), their context, and the header that a call
// would carry. Any instrumentation that records a call in both processes costs at least this much. The unit
// is microseconds of processor time.
import { context, propagation, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import { configurations } from './configurations.mjs';

configurations.all();
const tracer = trace.getTracer('bench');
const attributes = { 'rpc.system': 'pipework', 'rpc.service': 'bench', 'rpc.method': 'add' };

function once() {
  const client = tracer.startSpan('bench/add', { kind: SpanKind.CLIENT, attributes });
  const header = {};
  propagation.inject(trace.setSpan(context.active(), client), header);
  const remote = propagation.extract(ROOT_CONTEXT, header);
  const server = tracer.startSpan('bench/add', { kind: SpanKind.SERVER, attributes }, remote);
  context.with(trace.setSpan(remote, server), () => server.end());
  client.end();
}

async function pass(count) {
  const before = process.cpuUsage();
  for (let n = 0; n < count; n += 1) {
    once();
    // The span processor exports spans in later turns of the event loop. So this loop waits for the next turn
    // once in 64 passes.
    if (n % 64 === 0) await new Promise(setImmediate);
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / count;
}

await pass(40_000);
const passes = [];
for (let n = 0; n < 5; n += 1) passes.push(await pass(20_000));
console.log(JSON.stringify({ empty: Math.min(...passes) }));
process.exit();
