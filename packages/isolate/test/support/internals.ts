/**
 * The only access of isolate's tests to what the package does not export. After a move inside `src`, only
 * this file changes.
 */

export { read } from '../../src/system.ts';
export { childrenOf, measure } from '../../src/watch.ts';
