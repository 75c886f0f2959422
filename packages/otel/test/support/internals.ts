/** The one door through which otel's tests reach what the package does not export: a move inside `src` is followed here, and nowhere else. */

export { attributes, fleetChannels, metricNames } from '../../src/names.ts';
