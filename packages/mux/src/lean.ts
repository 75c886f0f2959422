/**
 * The parts of the mux that `@pipework/core` and `@pipework/testkit` need in addition to the main entry:
 * sessions and streams without Node's stream machinery, the map of ids, and Node's own timers. Exported as `@pipework/mux/lean`, without a promise of
 * stability.
 *
 * @module
 */

export { IdMap } from './id-map.ts';
export { LeanSession, toDuplex, type LeanSessionOptions } from './lean-session.ts';
export type { ExplainClose } from './mux-stream.ts';
export { realTimers } from './timers.ts';
export type { RawStream, RawStreamHandler } from './raw-stream.ts';
/** The types that the signatures above name. */
export type * from './index.ts';
