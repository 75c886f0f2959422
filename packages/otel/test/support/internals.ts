/**
 * Re-exports internal parts of otel for its tests. No other test file imports internal parts from `src`, so
 * only this file changes if a file inside `src` moves.
 */

export { attributes, fleetChannels, metricNames } from '../../src/names.ts';
