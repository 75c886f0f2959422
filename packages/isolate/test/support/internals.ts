/**
 * Gives isolate's tests the parts of the package that it does not export. No other file of the tests imports
 * these parts, so a move inside `src` changes only this file.
 */

export { read } from '../../src/system.ts';
export { childrenOf, measure } from '../../src/watch.ts';
