/** OpenTelemetry for pipework: `@pipework/otel`. The public names, nothing else. */

export { instrument, type Instrumentation, type InstrumentOptions } from './instrument.ts';
export type { PoolFigures } from './fleet.ts';
