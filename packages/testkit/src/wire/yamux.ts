/**
 * Yamux frames by hand, for the transcript, the simulation and the conformance checks. Kept apart from the mux's own
 * coder on purpose: a check that shares the code it checks can't see its mistakes.
 *
 *   version u8 = 0 | type u8 | flags u16 | stream id u32 | length u32, then `length` bytes where the type is data
 */

export const headerBytes = 12;
/** What each stream may receive at its beginning, in bytes. */
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
  /** A number where the type is none of yamux's four. */
  type: FrameType | number;
  flags: number;
  id: number;
  /** Of the payload in bytes; the credit of a window update; the value of a ping; the code of a go-away. */
  length: number;
  /** Empty unless the type is data. */
  payload: Uint8Array;
}

const nothing = new Uint8Array(0);

/** A frame to be written; what is absent is 0, the length that of the payload. */
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

export function decodeHeader(bytes: Uint8Array): Frame {
  const view = new DataView(bytes.buffer, bytes.byteOffset, headerBytes);
  const type = view.getUint8(1);
  return {
    version: view.getUint8(0),
    type: frameTypes[type] ?? type,
    flags: view.getUint16(2),
    id: view.getUint32(4),
    length: view.getUint32(8),
    payload: nothing,
  };
}

export function describeFlags(flags: number): string {
  const names = flagNames.filter(([bit]) => flags & bit).map(([, name]) => name);
  const rest = flags & ~(SYN | ACK | FIN | RST);
  if (rest !== 0) names.push(`0x${rest.toString(16)}`);
  return names.join('+');
}

/** `Data SYN stream 1, 24 bytes`, as people say it. */
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

/** Bytes in, frames out, across any split. */
export class FrameReader {
  #held: Uint8Array = nothing;

  /** How many bytes of an unfinished frame are held. */
  get pendingBytes(): number {
    return this.#held.length;
  }

  /** The header of the unfinished frame; only where at least a header's bytes are pending. */
  pendingHeader(): Frame {
    return decodeHeader(this.#held);
  }

  *push(chunk: Uint8Array): Generator<Frame> {
    // One copy a chunk is dear for large frames and of no account here: tapped and test traffic is small.
    let bytes = this.#held.length === 0 ? chunk : concat([this.#held, chunk]);
    while (bytes.length >= headerBytes) {
      const frame = decodeHeader(bytes);
      const size = headerBytes + (frame.type === 'data' ? frame.length : 0);
      if (bytes.length < size) break;
      frame.payload = bytes.slice(headerBytes, size);
      bytes = bytes.subarray(size);
      this.#held = bytes;
      yield frame;
    }
    this.#held = bytes.slice();
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
