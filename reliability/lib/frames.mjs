// Reads and writes yamux frames. This code follows the specification alone, and shares no line with the code
// that it attacks.

export const DATA = 0;
export const WINDOW = 1;
export const PING = 2;
export const GO_AWAY = 3;

export const SYN = 1;
export const ACK = 2;
export const FIN = 4;
export const RST = 8;

export const INITIAL_WINDOW = 262_144;
const HEADER = 12;

/** Makes a frame, valid or not. No field is checked. */
export function frame({ version = 0, type = DATA, flags = 0, id = 0, length, payload = Buffer.alloc(0) }) {
  const bytes = Buffer.allocUnsafe(HEADER + payload.length);
  bytes.writeUInt8(version & 0xff, 0);
  bytes.writeUInt8(type & 0xff, 1);
  bytes.writeUInt16BE(flags & 0xffff, 2);
  bytes.writeUInt32BE(id >>> 0, 4);
  bytes.writeUInt32BE((length ?? payload.length) >>> 0, 8);
  bytes.set(payload, HEADER);
  return bytes;
}

export const data = (id, payload, flags = 0) =>
  frame({ type: DATA, id, payload: Buffer.from(payload), flags });
export const windowUpdate = (id, credit, flags = 0) => frame({ type: WINDOW, id, length: credit, flags });
export const ping = (value, flags = SYN) => frame({ type: PING, length: value, flags });
export const goAway = (code) => frame({ type: GO_AWAY, length: code });

/**
 * Passes each whole frame of a byte stream to `take`. The sender is pipework itself, so the frames are not
 * checked.
 */
export class FrameReader {
  #rest = Buffer.alloc(0);
  #take;

  constructor(take) {
    this.#take = take;
  }

  push(chunk) {
    let bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    while (bytes.length >= HEADER) {
      const type = bytes.readUInt8(1);
      const length = bytes.readUInt32BE(8);
      const end = HEADER + (type === DATA ? length : 0);
      if (bytes.length < end) break;
      const payload = bytes.subarray(HEADER, end);
      this.#take({ type, flags: bytes.readUInt16BE(2), id: bytes.readUInt32BE(4), length, payload });
      bytes = bytes.subarray(end);
    }
    this.#rest = bytes;
  }
}
