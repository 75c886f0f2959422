/** Yamux for Node.js: many streams over one pair of pipes. The public names, nothing else. */

export { MuxError, muxErrorCodes, type MuxErrorCode, type MuxInitiator } from './errors.ts';
export { MuxStream } from './mux-stream.ts';
export type { Role, SessionOptions } from './options.ts';
export type { RawStream, RawStreamHandler } from './raw-stream.ts';
export { Session } from './session.ts';
export type { SessionStats } from './session-stats.ts';
export type { Transport } from './transport.ts';
export type { FrameEvent } from './debug.ts';
