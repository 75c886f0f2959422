/**
 * The tests import the mux's sources only through this file. After a move inside `src`, only this file
 * changes.
 */

export { describeEvent, type FrameEvent, isDebugged } from '../../src/debug.ts';
export { FrameDecoder } from '../../src/frame-decoder.ts';
export {
  decodeFrames,
  decodeHeader,
  describeFrame,
  encodeFrame,
  Flag,
  type Frame,
  FrameType,
  HEADER_BYTES,
} from '../../src/frame.ts';
export {
  MuxError,
  type MuxErrorCode,
  muxErrorCodes,
  MuxStream,
  type Role,
  Session,
  type Transport,
} from '../../src/index.ts';
export type { LeanStream } from '../../src/lean-stream.ts';
export {
  LeanSession,
  type LeanSessionOptions,
  type RawStream,
  type RawStreamHandler,
  toDuplex,
} from '../../src/lean.ts';
export { checkOptions } from '../../src/options.ts';
