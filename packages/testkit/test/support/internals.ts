/** The one door through which the testkit's tests reach what the package does not export: a move inside `src` is followed here, and nowhere else. */

export { Bench } from '../../src/conformance/bench.ts';
export { main } from '../../src/conformance/cli.ts';
export type { RawConnection } from '../../src/conformance/raw-session.ts';
export { decode, Extension } from '../../src/wire/decode.ts';
export { limitStretch } from '../../src/conformance/patience.ts';
