/**
 * The parts of the mux that `@pipework/core` needs in addition to the main entry: sessions and streams
 * without Node's stream machinery, and the map of ids. Exported as `@pipework/mux/lean`, without a promise of
 * stability.
 *
 * @module
 */

export { IdMap } from './id-map.ts';
export { LeanSession, toDuplex, type LeanSessionOptions } from './lean-session.ts';
export type { ExplainClose } from './mux-stream.ts';
export type { RawStream, RawStreamHandler } from './raw-stream.ts';
/** The types that the signatures above name. */
export type * from './index.ts';
