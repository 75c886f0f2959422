/** The two ways that a small message can go: written and read by hand, or by the walk, the scan and the codec. */
import type { PairOptions } from './rpc-pair.ts';

// A message by hand may be this deep: with a lower limit none is.
const limits = { maxDepth: 7 };

/** For `describe.each`: what holds on one of them has to hold on the other. */
export const paths: [name: string, options: PairOptions][] = [
  ['as small messages go', {}],
  ['on the general path alone', { hostLimits: limits, pluginLimits: limits }],
];
