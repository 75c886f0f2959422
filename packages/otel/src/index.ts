/**
 * OpenTelemetry for pipework: spans for calls, streams and processes, and metrics. `@pipework/otel`.
 *
 * @module
 */

export { instrument, type Instrumentation, type InstrumentOptions } from './instrument.ts';
export type { PoolFigures } from './fleet.ts';
