/**
 * The only access of otel's tests to what the package does not export. After a move inside `src`, only this
 * file changes.
 */

export { attributes, fleetChannels, metricNames } from '../../src/names.ts';
