/**
 * Re-exports internal parts of isolate for its tests. No other file in `test` imports internal parts, so a
 * move inside `src` changes only this file.
 */

export { read } from '../../src/system.ts';
export { childrenOf, measure } from '../../src/watch.ts';
