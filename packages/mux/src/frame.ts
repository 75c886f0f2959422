/**
 * The bytes of a yamux frame, for tests and tools. A frame begins with twelve bytes of header, big endian. In
 * a data frame, `length` bytes of payload follow. No other frame has a payload.
 *
 *     0        1        2               4                               8                              12
 *     version  type     flags           stream id                       length
 *     u8 = 0   u8       u16             u32, 0 is the session           u32, see FrameType
 *
 * Exported as `@pipework/mux/frame` for tests and tools, without a promise of stability.
 *
 * @module
 */

/** Bytes of a frame's header. */
export const HEADER_BYTES = 12;

/** The only version of yamux that exists. */
export const VERSION = 0;

/** The types of frames, and the meaning of the length field in each. */
export const FrameType = {
  /** A stream's payload. The length is the number of payload bytes. */
  Data: 0,
  /** Credit for a stream. The length is the number of bytes by which the window grows. */
  WindowUpdate: 1,
  /** A request (SYN) or an answer (ACK). The length is a value that the answer repeats. */
  Ping: 2,
  /** "Open no more streams towards me". The length is a {@link GoAwayCode}. */
  GoAway: 3,
} as const;
Object.freeze(FrameType);
/** A type of frame, as a number. */
export type FrameType = (typeof FrameType)[keyof typeof FrameType];

/**
 * The bits of the flags field. A data frame or window update can have each of these bits, alone or with
 * others.
 */
export const Flag = {
  /** Opens the stream, or marks a ping as a question. */
  SYN: 1,
  /** Accepts the stream, or marks a ping as an answer. */
  ACK: 2,
  /** The sender writes no more on the stream. */
  FIN: 4,
  /** Ends the stream immediately, in both directions. */
  RST: 8,
} as const;
Object.freeze(Flag);

/** The reasons of a go-away frame. */
export const GoAwayCode = { Normal: 0, ProtocolError: 1, InternalError: 2 } as const;
Object.freeze(GoAwayCode);
/** A reason of a go-away frame, as a number. */
export type GoAwayCode = (typeof GoAwayCode)[keyof typeof GoAwayCode];

/** The window that every stream starts with in each direction, whatever either side has configured. */
export const INITIAL_WINDOW: number = 256 * 1024;

/** The greatest value of the length field and of the stream id field. */
export const MAX_UINT32 = 0xffff_ffff;

/** A header's fields. `type` is a plain number, because a peer may send a type that does not exist. */
export interface FrameHeader {
  /** The version of yamux: 0, unless the peer is wrong. */
  version: number;
  /** The type of the frame: a {@link FrameType}, unless the peer is wrong. */
  type: number;
  /** The sum of the bits of {@link Flag} that are set. */
  flags: number;
  /** The stream that the frame belongs to. 0 stands for the session. */
  streamId: number;
  /** The meaning of this number depends on the type: see {@link FrameType}. */
  length: number;
}

/** A whole frame, for tests and tools. The runtime never gathers a whole frame. */
export interface Frame extends FrameHeader {
  /** The bytes after the header. Only a data frame has any. */
  payload?: Uint8Array;
}

/**
 * Writes the 12 bytes of a header of version 0 into `target` at `offset`. The caller has checked that the
 * header fits. In a data frame, `length` is the number of payload bytes. In the other frames it is a credit,
 * a ping's value or a go-away reason.
 */
export function writeHeader(
  target: Uint8Array,
  offset: number,
  type: number,
  flags: number,
  streamId: number,
  length: number,
): void {
  target[offset] = VERSION;
  target[offset + 1] = type;
  target[offset + 2] = flags >>> 8;
  target[offset + 3] = flags;
  writeUint32(target, offset + 4, streamId);
  writeUint32(target, offset + 8, length);
}

/**
 * Writes only the length field of the header that begins at `offset`. The batch uses this for a frame that
 * grows in place.
 */
export function writeLength(target: Uint8Array, offset: number, length: number): void {
  writeUint32(target, offset + 8, length);
}

/**
 * Reads the header at `offset` into `into`, and returns `into`. The caller has checked that 12 bytes are
 * there.
 */
export function readHeader(source: Uint8Array, offset: number, into: FrameHeader): FrameHeader {
  into.version = source[offset]!;
  into.type = source[offset + 1]!;
  into.flags = (source[offset + 2]! << 8) | source[offset + 3]!;
  into.streamId = readUint32(source, offset + 4);
  into.length = readUint32(source, offset + 8);
  return into;
}

function writeUint32(target: Uint8Array, offset: number, value: number): void {
  target[offset] = value >>> 24;
  target[offset + 1] = value >>> 16;
  target[offset + 2] = value >>> 8;
  target[offset + 3] = value;
}

function readUint32(source: Uint8Array, offset: number): number {
  // Bit operators give signed numbers. The shift by 0 makes the result unsigned again.
  return (
    ((source[offset]! << 24) |
      (source[offset + 1]! << 16) |
      (source[offset + 2]! << 8) |
      source[offset + 3]!) >>>
    0
  );
}

/**
 * Returns the header at the start of `bytes`, whatever its version and type. Throws a RangeError if there are
 * fewer than 12 bytes.
 */
export function decodeHeader(bytes: Uint8Array): FrameHeader {
  if (bytes.length < HEADER_BYTES) {
    throw new RangeError(`a yamux header must have ${HEADER_BYTES} bytes; got ${bytes.length}`);
  }
  return readHeader(bytes, 0, { version: 0, type: 0, flags: 0, streamId: 0, length: 0 });
}

/**
 * Returns the bytes of one frame. The default of `type` is data, and the default of `length` is the length of
 * the payload. All other absent fields are 0. A test can give a wrong `length`.
 */
export function encodeFrame(frame: Partial<FrameHeader> & { payload?: Uint8Array }): Uint8Array {
  const payload = frame.payload ?? new Uint8Array(0);
  const bytes = new Uint8Array(HEADER_BYTES + payload.length);
  const { type = FrameType.Data, flags = 0, streamId = 0, length = payload.length } = frame;
  writeHeader(bytes, 0, type, flags, streamId, length);
  bytes[0] = frame.version ?? VERSION;
  bytes.set(payload, HEADER_BYTES);
  return bytes;
}

/**
 * Decodes the complete frames at the start of `bytes`. Also returns the bytes after these frames, as `rest`,
 * which may be the beginning of a frame.
 *
 * @example
 * ```ts
 * import { decodeFrames, describeFrame, encodeFrame, Flag, FrameType } from '@pipework/mux/frame';
 *
 * const bytes = encodeFrame({ type: FrameType.WindowUpdate, flags: Flag.SYN, streamId: 1, length: 262_144 });
 * const { frames, rest } = decodeFrames(bytes);
 * console.log(frames.map(describeFrame), rest.length); // [ 'WindowUpdate SYN +262144' ] 0
 * ```
 */
export function decodeFrames(bytes: Uint8Array): { frames: Frame[]; rest: Uint8Array } {
  const frames: Frame[] = [];
  let rest = bytes;
  while (rest.length >= HEADER_BYTES) {
    const frame: Frame = decodeHeader(rest);
    const end = HEADER_BYTES + (frame.type === FrameType.Data ? frame.length : 0);
    if (rest.length < end) break;
    if (frame.type === FrameType.Data) frame.payload = rest.subarray(HEADER_BYTES, end);
    frames.push(frame);
    rest = rest.subarray(end);
  }
  return { frames, rest };
}

const typeNames = ['Data', 'WindowUpdate', 'Ping', 'GoAway'];
const goAwayNames = ['normal', 'protocol error', 'internal error'];

/**
 * Returns the flags by name, as `SYN|FIN`. Unknown bits are shown as a hexadecimal number. If there are no
 * flags, returns an empty string.
 */
export function describeFlags(flags: number): string {
  const names = Object.entries(Flag).flatMap(([name, bit]) => ((flags & bit) === 0 ? [] : [name]));
  const unknown = flags & ~(Flag.SYN | Flag.ACK | Flag.FIN | Flag.RST);
  if (unknown !== 0) names.push(`0x${unknown.toString(16)}`);
  return names.join('|');
}

/** Returns a go-away code in words: `normal`, `protocol error`, `internal error`, or `unknown reason 7`. */
export function describeGoAway(code: number): string {
  return goAwayNames[code] ?? `unknown reason ${code}`;
}

/** Returns one frame in words: `WindowUpdate ACK +262144`, `Data 100`, `Ping SYN 7`, `GoAway normal`. */
export function describeFrame(header: Omit<FrameHeader, 'version'>): string {
  const words = [typeNames[header.type] ?? `Type(${header.type})`];
  if (header.flags !== 0) words.push(describeFlags(header.flags));
  if (header.type === FrameType.WindowUpdate) {
    if (header.length > 0) words.push(`+${header.length}`);
  } else if (header.type === FrameType.GoAway) {
    words.push(describeGoAway(header.length));
  } else {
    words.push(String(header.length));
  }
  return words.join(' ');
}
