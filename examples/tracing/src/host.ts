import { fileURLToPath } from 'node:url';
import { trace } from '@opentelemetry/api';
import { Client } from '@pipework/core';
import type { Greeter, Services, Told } from './contract.ts';
import { startTelemetry } from './telemetry.ts';
import { draw } from './tree.ts';

const takeSpans = startTelemetry('host');
const collected: Told[] = [];
const client = new Client<{ greeter: Greeter }, Services>({
  cmd: [process.execPath, fileURLToPath(new URL('greeter.js', import.meta.url))],
  name: 'greeter',
  gracePeriod: 10_000, // Leaves time for the last spans.
  provide: {
    settings: () => ({ language: (name) => (name === 'Claire' ? 'fr' : 'en') }),
    spans: () => ({ take: (spans) => void collected.push(...spans) }),
  },
});
const greeter = await (await client.client()).dispense('greeter');

const traceId = await trace.getTracer('example').startActiveSpan('morning', async (span) => {
  for await (const greeting of greeter.greet(['Claire', 'Bob'])) console.log(greeting);
  span.end();
  return span.spanContext().traceId;
});

await client.kill();
console.log(draw([...collected, ...takeSpans()].filter((span) => span.traceId === traceId)));
