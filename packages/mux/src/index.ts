/**
 * Yamux for Node.js: many streams over one pair of pipes. `@pipework/mux`.
 *
 * @module
 */

export type { FrameEvent } from './debug.ts';
export {
  MuxError,
  muxErrorCodes,
  type MuxErrorCode,
  type MuxErrorEntry,
  type MuxErrorOptions,
  type MuxInitiator,
} from './errors.ts';
export { MuxStream } from './mux-stream.ts';
export type { Role, SessionOptions } from './options.ts';
export { Session } from './session.ts';
export type { SessionStats } from './session-stats.ts';
export type { Timers } from './timers.ts';
export type { Transport } from './transport.ts';
