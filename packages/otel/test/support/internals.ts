/**
 * Gives otel's tests what the package does not export. No other test file imports from `src`. If a file
 * inside `src` moves, only this file changes.
 */

export { attributes, fleetChannels, metricNames } from '../../src/names.ts';
