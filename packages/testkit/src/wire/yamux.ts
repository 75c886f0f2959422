/**
 * Encodes and decodes yamux frames for the transcript, the simulation and the conformance checks. This coder
 * is separate from the mux's own coder on purpose. A check cannot find mistakes in code that it uses itself.
 *
 *   version u8 = 0 | type u8 | flags u16 | stream id u32 | length u32, then `length` bytes if the type is data
 */

export const headerBytes = 12;
/** How many bytes each side of a stream may send before it gets more credit. */
export const initialWindow: number = 256 * 1024;

export const frameTypes = ['data', 'window-update', 'ping', 'go-away'] as const;
export type FrameType = (typeof frameTypes)[number];

export const SYN = 1;
export const ACK = 2;
export const FIN = 4;
export const RST = 8;
const flagNames: [bit: number, name: string][] = [
  [SYN, 'SYN'],
  [ACK, 'ACK'],
  [FIN, 'FIN'],
  [RST, 'RST'],
];

export interface Frame {
  version: number;
  /** A number if the type is not one of the four types of yamux. */
  type: FrameType | number;
  flags: number;
  id: number;
  /**
   * The length of the payload in bytes, the credit of a window update, the value of a ping, or the code of a
   * go-away.
   */
  length: number;
  /** Empty unless the type is data. */
  payload: Uint8Array;
}

const nothing = new Uint8Array(0);

/** A frame to write. An absent `length` is the length of the payload. Other absent fields are 0. */
export interface FrameParts {
  type: FrameType | number;
  flags?: number;
  id?: number;
  length?: number;
  payload?: Uint8Array;
  version?: number;
}

export function encodeFrame(frame: FrameParts): Uint8Array {
  const payload = frame.payload ?? nothing;
  const bytes = new Uint8Array(headerBytes + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, frame.version ?? 0);
  view.setUint8(1, typeof frame.type === 'number' ? frame.type : frameTypes.indexOf(frame.type));
  view.setUint16(2, frame.flags ?? 0);
  view.setUint32(4, frame.id ?? 0);
  view.setUint32(8, frame.length ?? payload.length);
  bytes.set(payload, headerBytes);
  return bytes;
}

/** Decodes the header at `at`. `bytes` must have the whole header. */
export function decodeHeader(bytes: Uint8Array, at = 0): Frame {
  const type = bytes[at + 1] ?? 0;
  return {
    version: bytes[at] ?? 0,
    type: frameTypes[type] ?? type,
    flags: uint(bytes, at + 2, 2),
    id: uint(bytes, at + 4, 4),
    length: uint(bytes, at + 8, 4),
    payload: nothing,
  };
}

function uint(bytes: Uint8Array, at: number, size: number): number {
  let value = 0;
  for (let i = at; i < at + size; i++) value = value * 256 + (bytes[i] ?? 0);
  return value;
}

export function describeFlags(flags: number): string {
  const names = flagNames.filter(([bit]) => flags & bit).map(([, name]) => name);
  const rest = flags & ~(SYN | ACK | FIN | RST);
  if (rest !== 0) names.push(`0x${rest.toString(16)}`);
  return names.join('+');
}

/** Returns a frame in words: `Data SYN 24 B`. */
export function describeFrame(frame: Frame): string {
  const flags = describeFlags(frame.flags);
  const words = flags === '' ? '' : ` ${flags}`;
  const version = frame.version === 0 ? '' : ` (version ${String(frame.version)}!)`;
  switch (frame.type) {
    case 'data':
      return `Data${words} ${String(frame.length)} B${version}`;
    case 'window-update':
      return `WindowUpdate${words} +${String(frame.length)}${version}`;
    case 'ping':
      return `Ping${words} #${String(frame.length)}${version}`;
    case 'go-away':
      return `GoAway${words} ${['normal', 'protocol error', 'internal error'][frame.length] ?? String(frame.length)}${version}`;
    default:
      return `unknown type ${String(frame.type)}${words} length ${String(frame.length)}${version}`;
  }
}

/** Decodes frames from bytes, however the bytes are split. */
export class FrameReader {
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  /**
   * While fewer bytes than this are held, no frame is complete, and the held pieces are not joined. So the
   * pieces of a large frame are joined only once.
   */
  #need: number = headerBytes;

  /** How many bytes of an incomplete frame are held. */
  get pendingBytes(): number {
    return this.#heldBytes;
  }

  /** Returns the header of the incomplete frame. At least `headerBytes` bytes must be pending. */
  pendingHeader(): Frame {
    return decodeHeader(this.#held[0] ?? nothing);
  }

  *push(chunk: Uint8Array): Generator<Frame> {
    const total = this.#heldBytes + chunk.length;
    if (total < this.#need) {
      if (chunk.length > 0) this.#held.push(new Uint8Array(chunk));
      this.#heldBytes = total;
      return;
    }
    let bytes = this.#heldBytes === 0 ? chunk : concat([...this.#held, chunk]);
    this.#need = headerBytes;
    while (bytes.length >= headerBytes) {
      const frame = decodeHeader(bytes);
      const size = headerBytes + (frame.type === 'data' ? frame.length : 0);
      if (bytes.length < size) {
        this.#need = size;
        break;
      }
      frame.payload = bytes.subarray(headerBytes, size);
      bytes = bytes.subarray(size);
      this.#hold(bytes);
      yield frame;
    }
    this.#hold(new Uint8Array(bytes));
  }

  #hold(bytes: Uint8Array): void {
    this.#held = bytes.length === 0 ? [] : [bytes];
    this.#heldBytes = bytes.length;
  }
}

export function concat(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
