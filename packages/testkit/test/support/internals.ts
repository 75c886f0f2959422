/**
 * The testkit's tests import internal names only from this module. If a file inside `src` moves, only this
 * module changes.
 */

export { Bench, describeError, textOf } from '../../src/conformance/bench.ts';
export { main } from '../../src/conformance/cli.ts';
export type { RawConnection } from '../../src/conformance/raw-connection.ts';
export { decode, Extension } from '../../src/wire/decode.ts';
export { encode } from '../../src/wire/msgpack.ts';
export { limitStretch } from '../../src/conformance/patience.ts';
